"""An endpoint that nobody told about: whether it is one of AWS's kind, what it can do, how it is emptied."""

from __future__ import annotations

import json
import uuid
from typing import Any
from urllib.parse import urlsplit

from harness.clients import Aws
from harness.problem import Problem
from harness.targets.admin import Admin, AdminError
from harness.targets.capabilities import EDGE, Capability
from harness.targets.endpoint import LOOK_SECONDS, RESET_SECONDS, EndpointTarget, request

ACCOUNT = "000000000000"
"""The account that the suite's ARNs name."""

_REGION = "us-east-1"
_AWS_NAMES = ("amazonaws.com", "amazonaws.com.cn", "api.aws")
_PROBES = (
    ("sts", "get_caller_identity", "Account"),
    ("s3", "list_buckets", "Buckets"),
    ("kinesis", "list_streams", "StreamNames"),
)
"""Service, operation, and the member that every true answer has. One of them is enough: not every peer has all."""
_CONFLICT = 409
_FIRST_ANSWER_SECONDS = 60.0
"""LocalStack loads a service at its first call."""


def checked_url(url: str) -> str:
    """The URL without a slash at its end. Raises Problem for what no suite may run against."""
    parts = urlsplit(url)
    try:
        sound = parts.scheme == "http" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound or parts.path not in ("", "/") or parts.query or parts.username:
        raise Problem(f"{url} is not the URL of a local endpoint, such as http://127.0.0.1:4566.")
    host = (parts.hostname or "").rstrip(".")
    if any(host == name or host.endswith(f".{name}") for name in _AWS_NAMES):
        raise Problem(f"{url} is AWS itself: the suite deletes what it finds, so it runs against emulators only.")
    return f"http://{parts.netloc}"


def probe(url: str) -> EndpointTarget:
    """Look at the endpoint, and empty it once. Raises Problem unless it answers as AWS does."""
    url = checked_url(url)
    account = _account(url)
    found = _harness(url, account) or _localstack(url, account) or _moto(url, account)
    found = found or EndpointTarget(url, "an AWS-compatible endpoint", account=account, kept=frozenset())
    found.region = _REGION
    found.empty()
    return found


def _account(url: str) -> str:
    """The account that answers, empty where the endpoint has no STS. Raises Problem where nothing of AWS's answers."""
    from botocore.config import Config
    from botocore.exceptions import ClientError

    request(url, "GET", "/", _FIRST_ANSWER_SECONDS)  # says in one sentence that nothing is there
    aws = Aws(url, _REGION)
    config = Config(connect_timeout=LOOK_SECONDS, read_timeout=_FIRST_ANSWER_SECONDS)
    told = ""
    for service, operation, member in _PROBES:
        try:
            answer = getattr(aws.client(service, config=config), operation)()
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code and not code.isdigit():
                return ""  # an error of AWS's shape
            told = told or f"{operation}: HTTP {error.response['ResponseMetadata'].get('HTTPStatusCode', code)}"
        except Exception as error:  # whatever garbage makes of botocore's parsers
            told = told or f"{operation}: {' '.join(str(error).split())[:160]}"
        else:
            if member in answer:
                return str(answer.get("Account", ""))
            told = told or f"{operation}: an answer without {member}"
    raise Problem(f"{url} answers, but not as AWS does ({told}).")


def _harness(url: str, account: str) -> EndpointTarget | None:
    health = _json(url, "/_harness/health")
    if not isinstance(health, dict) or not isinstance(health.get("clock"), dict):
        return None
    kind, capabilities = "pipeline-harness", set(EDGE)
    if health["clock"].get("mode") == "manual":
        capabilities.add(Capability.CLOCK)
    admin = Admin(url)
    try:
        admin.reset()
    except AdminError as error:
        if error.status != _CONFLICT:
            raise
        # An edge in front of what has no reset.
        here = frozenset(service for service, how in health["services"].items() if how == "native")
        return EndpointTarget(
            url, f"{kind} as an edge", frozenset(capabilities), "/_harness/reset?part=here", account, here
        )
    name = f"parity-{uuid.uuid4()}"
    try:
        admin.save_snapshot(name)
        admin.delete_snapshot(name)
        capabilities.add(Capability.SNAPSHOTS)
    except AdminError:
        pass  # one that is split, or has no folder for them
    return EndpointTarget(url, kind, frozenset(capabilities | {Capability.RESET}), "/_harness/reset", account)


def _localstack(url: str, account: str) -> EndpointTarget | None:
    health = _json(url, "/_localstack/health")
    if not isinstance(health, dict) or "services" not in health:
        return None
    kind = f"LocalStack {health.get('version', '')}".strip()
    # The open edition has no reset.
    if request(url, "POST", "/_localstack/state/reset", RESET_SECONDS)[0] == 200:
        return EndpointTarget(url, kind, frozenset({Capability.RESET}), "/_localstack/state/reset", account)
    return EndpointTarget(url, kind, account=account, kept=frozenset())


def _moto(url: str, account: str) -> EndpointTarget | None:
    if not isinstance(_json(url, "/moto-api/data.json"), dict):
        return None
    return EndpointTarget(url, "moto_server", frozenset({Capability.RESET}), "/moto-api/reset", account)


def _json(url: str, path: str) -> Any:
    status, body = request(url, "GET", path, LOOK_SECONDS)
    if status != 200:
        return None
    try:
        return json.loads(body)
    except ValueError:
        return None
