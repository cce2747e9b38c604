"""A hostile host: settings of the user's own AWS life, proxies and secrets in the environment. They change nothing, and
no function sees them."""

from __future__ import annotations

import io
import json
import os
import zipfile
from typing import Any

from tests.hostile.attack.message import Connection, Cut, NotAnswered
from tests.hostile.attack.models import BEHIND, NATIVE, operation_model, protocols, serialise, service_model
from tests.hostile.attack.pool import ROLE
from tests.hostile.attack.process import Emulator, tracebacks
from tests.hostile.attack.run import Run

SECRET = "seen-by-nobody"
ENVIRONMENT = {
    "AWS_PROFILE": "missing",
    "AWS_DEFAULT_PROFILE": "missing",
    "AWS_CA_BUNDLE": "/nonexistent/bundle.pem",
    "AWS_CONFIG_FILE": "/nonexistent/config",
    "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent/credentials",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "AWS_ACCESS_KEY_ID": SECRET,
    "AWS_SECRET_ACCESS_KEY": SECRET,
    "AWS_SESSION_TOKEN": SECRET,
    "AWS_REGION": "mars-north-1",
    "AWS_DEFAULT_REGION": "mars-north-1",
    "AWS_DATA_PATH": "/nonexistent",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "ALL_PROXY": "http://127.0.0.1:9",
    "http_proxy": "http://127.0.0.1:9",
    "https_proxy": "http://127.0.0.1:9",
    "REQUESTS_CA_BUNDLE": "/nonexistent/bundle.pem",
    "SSL_CERT_FILE": "/nonexistent/bundle.pem",
    "GITHUB_TOKEN": SECRET,
    "MOTO_ACCOUNT_ID": "111111111111",
    "MOTO_ALLOW_NONEXISTENT_REGION": "false",
    "TZ": "Asia/Kathmandu",
    "LC_ALL": "tr_TR.UTF-8",
    "LANG": "tr_TR.UTF-8",
    "PYTHONWARNINGS": "error",
}
HANDLER = """
import glob, os

def handler(event, context):
    seen = [dict(os.environ)]
    for path in glob.glob("/proc/[0-9]*/environ"):
        try:
            seen.append(open(path, "rb").read().decode("latin-1"))
        except OSError:
            pass
    return {"own": "%(secret)s" in str(seen[0]), "parent": "%(secret)s" in open(f"/proc/{os.getppid()}/environ").read()}
"""


def play(run: Run) -> None:
    expected = _answers(run, {})
    found = _answers(run, ENVIRONMENT)
    run.report.counts["calls in a hostile environment"] += len(found)
    for name, answer in found.items():
        if answer != expected.get(name):
            run.found("host", name, f"{expected.get(name)!r:.200} without, {answer!r:.200} with the host's environment")


def _answers(run: Run, environment: dict[str, str]) -> dict[str, Any]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    emulator = Emulator(run.folder, 1, environment={**clean, **environment})
    if not emulator.ready:
        return {"start": emulator.said()[-400:]}
    try:
        link, found = Connection(emulator.port), {}
        for service in (*NATIVE, *BEHIND):
            for operation in service_model(service).operation_names:
                shape = operation_model(service, operation).input_shape
                needs = bool(shape is not None and shape.required_members)
                if operation.startswith(("List", "Describe", "Get")) and not needs:
                    found[f"{service} {operation}"] = _status(link, service, operation, {})
        found |= {f"function: {name}": value for name, value in _function(link).items()}
        for place, end in tracebacks(emulator.said()):
            if environment:
                run.found("traceback", place, f"host's environment: {end}")
        return found
    finally:
        emulator.end()


def _status(link: Connection, service: str, operation: str, params: dict[str, Any]) -> Any:
    try:
        answer = link.send(serialise(service, operation, protocols(service)[0], params))
    except (Cut, NotAnswered) as problem:
        return str(problem)
    return answer.status if answer is not None else None


def _function(link: Connection) -> dict[str, Any]:
    """What a function sees of the host."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("main.py", HANDLER % {"secret": SECRET})
    made = {"Runtime": "python3.11", "Role": ROLE, "Handler": "main.handler", "Code": {"ZipFile": out.getvalue()}}
    status = _status(link, "lambda", "CreateFunction", {"FunctionName": "f", "Timeout": 30, **made})
    answer = link.send(serialise("lambda", "Invoke", "rest-json", {"FunctionName": "f"}))
    try:
        return {"created": status, **json.loads(answer.body)} if answer is not None else {}
    except (ValueError, TypeError):
        return {"created": status, "answer": answer.body[:300] if answer is not None else None}
