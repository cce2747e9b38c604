"""A stand-in for the emulator process: health, snapshots and reset of the admin API.

Run as a script by the supervisor's tests; the variables HARNESS_FAKE_* choose how it misbehaves.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


def argument(name: str) -> str:
    return sys.argv[sys.argv.index(name) + 1]


class Handler(BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass

    def answer(self, status: int, content: dict[str, object]) -> None:
        payload = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def do_GET(self) -> None:
        if self.path == "/_harness/health":
            self.answer(200, {"status": "running", "pid": int(os.environ.get("HARNESS_FAKE_PID") or os.getpid())})
        else:
            self.answer(404, {"message": f"no {self.path}"})

    def do_PUT(self) -> None:
        self.snapshot().write_text("state")
        self.answer(200, {})

    def do_POST(self) -> None:
        if self.path == "/_harness/reset" or (self.snapshot().is_file() and self.snapshot().read_text() == "state"):
            self.answer(200, {})
        else:
            self.answer(404, {"message": "no such snapshot"})

    def do_DELETE(self) -> None:
        self.snapshot().unlink(missing_ok=True)
        self.answer(200, {})

    def snapshot(self) -> Path:
        return Path(argument("--snapshot-dir")) / self.path.rpartition("/")[2]


def end() -> None:
    """Save the state as the emulator does at a graceful stop."""
    if "--state-dir" in sys.argv:
        (Path(argument("--state-dir")) / "world").write_text("state")
    os._exit(0)


def main() -> None:
    if os.environ.get("HARNESS_FAKE_FAIL"):
        print("cannot start: no reason given", file=sys.stderr)
        sys.exit(1)
    if os.environ.get("HARNESS_FAKE_STUBBORN"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    else:
        signal.signal(signal.SIGTERM, lambda *_: end())
    server = ThreadingHTTPServer(("127.0.0.1", int(argument("--port"))), Handler)
    print(f"ready http://127.0.0.1:{server.server_port} in 0.01 s", flush=True)
    server.serve_forever()


main()
