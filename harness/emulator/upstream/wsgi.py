"""Calling a WSGI application with a request that is in memory already."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_to_bytes

from harness.emulator.call import HttpRequest, HttpResponse
from harness.emulator.upstream.loading import WsgiApp

# Hop-by-hop, or written by the listener.
_NOT_PASSED_BACK = {"content-length", "connection", "date", "server", "transfer-encoding"}


def call_app(app: WsgiApp, request: HttpRequest, account: str) -> HttpResponse:
    """Run `request` through `app` as `account`. The path reaches it percent-exact (as `RAW_URI`)."""
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
        started.append((status, headers))
        return lambda data: None

    answer = app(_environ(request, account), start_response)
    try:
        body = b"".join(answer)
    finally:
        close = getattr(answer, "close", None)
        if close is not None:
            close()
    status, headers = started[-1]
    kept = [(name, value) for name, value in headers if name.lower() not in _NOT_PASSED_BACK]
    if request.method == "HEAD":
        # The length of what GET would answer is a HEAD's own content.
        kept += [(name, value) for name, value in headers if name.lower() == "content-length"]
        body = b""
    return HttpResponse(int(status.split(" ", 1)[0]), kept, body)


def _environ(request: HttpRequest, account: str) -> dict[str, Any]:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(request.path).decode("latin-1"),
        "QUERY_STRING": request.query,
        "RAW_URI": request.target,
        "REMOTE_ADDR": "127.0.0.1",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    spelled: dict[str, str] = {}
    for name, value in request.headers:
        key = "HTTP_" + name.upper().replace("-", "_")
        environ[key] = f"{environ[key]},{value}" if key in environ else value
        if "_" in name and name.startswith("x-amz-meta-"):
            spelled[key] = name
    if spelled:
        # moto's own means against WSGI folding `_` and `-` together in user metadata.
        environ["moto.preserved_header_names"] = spelled
    if "HTTP_CONTENT_TYPE" in environ:
        environ["CONTENT_TYPE"] = environ.pop("HTTP_CONTENT_TYPE")
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    environ.pop("HTTP_CONTENT_LENGTH", None)
    environ["CONTENT_LENGTH"] = str(len(request.body))
    environ["HTTP_X_MOTO_ACCOUNT_ID"] = account
    return environ
