"""`harness parity` from the outside: a small part of the suite on two targets, and targets that do not play along."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from harness.emulator.testing import EmulatorThread
from tests.integration.provisioning import ROOT
from tests.local_moto import moto_server

SECONDS = 240


def parity(*arguments: str, cwd: Path = ROOT) -> tuple[int, str]:
    """Exit code and output of the command."""
    finished = subprocess.run(
        [sys.executable, "-P", "-m", "harness.cli", "parity", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
    )
    return finished.returncode, finished.stdout


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with moto_server(tmp_path_factory.mktemp("moto") / "log") as url:
        yield url


@contextmanager
def served(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Quiet(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""

    def say(self, status: int, body: bytes) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Page(Quiet):
    """A web server that has never heard of AWS."""

    def do_GET(self) -> None:
        self.say(200, b"<html>It works!</html>")

    do_POST = do_GET  # noqa: N815


class Dying(Quiet):
    """Passes for moto_server, and ends with the first bucket."""

    def do_GET(self) -> None:
        self.say(200, b"{}")

    def do_POST(self) -> None:
        account = b"<Account>000000000000</Account>"
        answer = b"<R><GetCallerIdentityResult>%s</GetCallerIdentityResult></R>" % account
        self.say(200, answer if self.path == "/" else b"{}")

    def do_PUT(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.close_connection = True


# One of each kind: the same on both, a difference, what needs a clock, what needs our process.
SAME = "test_s3_buckets.py::test_list_order_pages_and_delimiter"
OTHERWISE = "test_s3_buckets.py::test_new_buckets_have_todays_defaults"
CLOCK = "test_upstream_sqs.py::test_visibility_timeout_is_virtual"
PROCESS = "cloudformation/test_stacks.py::test_status_takes_the_transition_time"
APART = "upstream_http/test_split_options.py"


def only(*parts: str) -> list[str]:
    return [argument for part in parts for argument in ("--only", part)]


def test_moto_server_beside_the_embedded_target(moto: str, tmp_path: Path) -> None:
    file = tmp_path / "parity.json"
    code, said = parity(
        "--b", moto, *only(SAME, OTHERWISE, CLOCK, PROCESS, APART), "--json", str(file), "--workers", "1"
    )
    assert code == 0, said
    assert f"{moto} is moto_server; it is emptied before every test" in said
    assert f"b = {moto}: 4 tests" in said and "1 pass, 1 fail, 2 cannot be shown" in said
    assert "cannot be shown on b, by what is missing: 1 clock, 1 process" in said
    (row,) = [line for line in said.splitlines() if line.startswith("s3.GetBucketEncryption")]
    assert "ServerSideEncryptionConfigurationNotFoundError" in row
    assert not any(line.startswith(("s3.PutObject ", "s3.CreateBucket ")) for line in said.splitlines())

    content = json.loads(file.read_text())
    assert content["a"]["counts"] == {"pass": 4}
    assert content["b"]["counts"] == {"pass": 1, "fail": 1, "cannot be shown": 2}
    assert len(content["a"]["not_about_a_target"]) == len(content["b"]["not_about_a_target"]) == 7
    rows = {f"{one['service']}.{one['operation']}": one for one in content["operations"]}
    assert (rows["s3.CreateBucket"]["pass_both"], rows["s3.CreateBucket"]["elsewhere_b"]) == (1, 1)
    assert (rows["sqs.SendMessage"]["cannot_be_shown_b"], rows["sqs.SendMessage"]["needs"]) == (1, {"clock": 1})


def test_an_emulator_of_ours_by_its_url_differs_in_nothing() -> None:
    with EmulatorThread(clock="manual", seed=7) as running:
        code, said = parity("--b", running.url, *only(CLOCK, OTHERWISE), "--all", "--workers", "1")
    assert code == 0, said
    assert "2 tests" in said and "of which 0 differ" in said
    (row,) = [line for line in said.splitlines() if line.startswith("sqs.ReceiveMessage")]
    assert row.split()[1:4] == ["1", "1", "1"]


def test_where_nothing_answers_there_is_no_comparison() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    code, said = parity("--b", url, *only(SAME))
    assert (code, len(said.splitlines())) == (1, 1), said
    assert f"{url} does not answer" in said


def test_where_garbage_answers_there_is_no_comparison() -> None:
    with served(Page) as url:
        code, said = parity("--b", url, *only(SAME))
    assert (code, len(said.splitlines())) == (1, 1), said
    assert f"{url} answers, but not as AWS does" in said


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--b", "aws"), "The target aws cannot be compared"),
        (("--b", "nowhere"), "There is no target nowhere"),
        (("--b", "embedded", "--json", "none/out.json"), "there is no folder none"),
        (("--b", "http://s3.amazonaws.com"), "is AWS itself"),
    ],
)
def test_bad_input_is_one_sentence(arguments: tuple[str, ...], told: str) -> None:
    code, said = parity(*arguments)
    assert (code, len(said.splitlines())) == (1, 1), said
    assert told in said


def test_outside_a_checkout_it_says_where_the_suite_is(tmp_path: Path) -> None:
    (tmp_path / ".harness").mkdir()
    code, said = parity("--b", "embedded", cwd=tmp_path)
    assert (code, len(said.splitlines())) == (1, 1), said
    assert "the suite is not in the package" in said


# -- a suite of three lines, to see how runs end ----------------------------------------------------------------------

CONFTEST = """
import pytest
from harness.parity.session import parity_session

@pytest.fixture(scope="session")
def _session_aws(request):
    return parity_session(request.config)
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Callable[[str], Path]:
    """A project whose conformance suite is the given text."""

    def make(tests: str) -> Path:
        suite = tmp_path / "tests" / "conformance"
        suite.mkdir(parents=True)
        (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\naddopts = '-q'\n")
        (tmp_path / "tests" / "conftest.py").write_text(CONFTEST)
        (suite / "test_all.py").write_text("import os, threading\nimport pytest\n" + tests)
        return tmp_path

    return make


def test_a_measure_that_fails_itself_is_told_after_the_table(checkout: Any) -> None:
    folder = checkout("def test_one(_session_aws):\n    assert 1 == 2\ndef test_two(_session_aws):\n    pass\n")
    code, said = parity("--b", "embedded", "--workers", "2", cwd=folder)
    assert code == 1
    assert "embedded does not pass 1 of its own tests" in said and "test_one: assert 1 == 2" in said
    assert "a = embedded: 2 tests" in said and "1 pass, 1 fail" in said
    assert list((folder / ".harness" / "parity").iterdir()) == []


@pytest.mark.parametrize(
    ("tests", "told"),
    [
        ("def test_one(_session_aws):\n    os._exit(9)\n", "ended with pytest's exit code 9 after 0 of 1 tests"),
        ("def test_one(:\n", "was interrupted after 0 of ? tests"),
        ("def test_one():\n    pass\n", "No conformance test is about a target"),
    ],
)
def test_a_run_that_comes_to_no_end_is_no_comparison(checkout: Any, tests: str, told: str) -> None:
    code, said = parity("--b", "embedded", "--workers", "1", cwd=checkout(tests))
    assert code == 1
    assert told in said and "Traceback" not in said


def test_a_pattern_that_pytest_does_not_understand_is_told(checkout: Any) -> None:
    folder = checkout("def test_one(_session_aws):\n    pass\n")
    code, said = parity("--b", "embedded", "--only", "a and or", "--workers", "1", cwd=folder)
    assert code == 1
    assert "pytest refuses to start: " in said and "a and or" in said
    code, said = parity("--b", "embedded", "--only", "nothing_like_it", "--workers", "1", cwd=folder)
    assert (code, "No conformance test that is about a target matches --only nothing_like_it." in said) == (1, True)


def test_a_test_that_hangs_is_bounded_and_counted_as_no_answer(checkout: Any, moto: str) -> None:
    hanging = "@pytest.mark.timeout(0.5)\ndef test_one(_session_aws):\n    if _session_aws.target:\n"
    folder = checkout(hanging + "        threading.Event().wait()\n")
    code, said = parity("--b", moto, "--workers", "1", cwd=folder)
    assert code == 0, said
    assert "1 tests" in said and "1 no answer" in said and "no end within 0.5 s" in said


def test_a_target_that_dies_on_the_way_is_told_with_how_far_it_came(checkout: Any) -> None:
    put = "    import httpx; httpx.put(_session_aws.target.url + '/bucket')\n"
    folder = checkout(f"def test_one(_session_aws):\n{put}def test_two(_session_aws):\n{put}")
    with served(Dying) as url:
        code, said = parity("--a", url, "--b", "embedded", cwd=folder)
    assert code == 1
    assert f"No comparison: {url} stopped answering after 1 of 2 tests (log: " in said


@pytest.mark.parametrize("workers", ["1", "2"])
def test_what_it_started_ends_with_it(checkout: Any, workers: str, tmp_path: Path) -> None:
    """SIGTERM in the middle of a run: the suite's processes are gone when the command is."""
    fifo = tmp_path / "reached"
    os.mkfifo(fifo)
    write = f"open({str(fifo)!r}, 'w').write(str(os.getpid()))"
    folder = checkout(f"def test_one(_session_aws):\n    {write}\n    threading.Event().wait()\n")
    command = subprocess.Popen(
        [sys.executable, "-P", "-m", "harness.cli", "parity", "--b", "embedded", "--workers", workers],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        pid = int(fifo.read_text())  # until the test has written
        command.send_signal(signal.SIGTERM)
        output, _ = command.communicate(timeout=SECONDS)
    finally:
        command.kill()
        command.wait()
    assert command.returncode == 143, output
    assert not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2][:3]
