"""Which operation a request means that no AWS client made: `kinesis.PutRecord`, `execute-api.Invoke`."""

from __future__ import annotations

import functools
from urllib.parse import urlsplit

from harness.emulator.call import HttpRequest
from harness.emulator.edge.execute_api import find_api
from harness.emulator.edge.recognise import recognise
from harness.emulator.spec.model import load_model
from harness.emulator.spec.rest import RestRouter

INVOKE = "execute-api.Invoke"
_OWN_APIS = ("/_harness/", "/_localstack/", "/_aws/", "/moto-api/")


def request_operation(method: str, url: str, headers: list[tuple[str, str]], body: bytes) -> str | None:
    """None for what is no operation of AWS. Header names are lower case."""
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    request = HttpRequest(method, target or "/", headers, body)
    if find_api(request.path, request.header("host")) is not None:
        return INVOKE
    if request.path.startswith(_OWN_APIS):
        return None
    meant = recognise(request)
    operation = meant.operation
    if meant.form == "rest":
        found = _router(meant.service).match(method, request.path, request.query)
        operation = found[0] if found is not None else ""
    return f"{meant.service}.{operation}" if operation else None


@functools.cache
def _router(service: str) -> RestRouter:
    return RestRouter(load_model(service))
