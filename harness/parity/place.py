"""An endpoint that the suite did not start: whether it is one of AWS's kind, what it can do, how it is emptied."""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from harness.parity.emptying import SERVICES, empty_publicly
from harness.problem import Problem
from harness.targets.admin import Admin, AdminError
from harness.testing.aws import Aws

ACCOUNT = "000000000000"
"""The account that the suite's ARNs name."""

_ADMIN = frozenset({"admin", "faults", "sinks", "trace"})
_AWS_NAMES = ("amazonaws.com", "amazonaws.com.cn", "api.aws")
_PROBES = (
    ("sts", "get_caller_identity", "Account"),
    ("s3", "list_buckets", "Buckets"),
    ("kinesis", "list_streams", "StreamNames"),
)
"""Service, operation, and the member that every true answer has. One of them is enough: not every peer has all."""
_CONFLICT = 409
_LOOK_SECONDS = 10.0
_FIRST_ANSWER_SECONDS = 60.0
"""LocalStack loads a service at its first call."""
_RESET_SECONDS = 120.0


@dataclass(frozen=True)
class Place:
    """`capabilities` are words such as `clock`; `reset` is the path that empties it, None where there is none.

    `kept` is None where that empties all. Else it holds the services that the reset empties (those of an edge), and the
    others are emptied by public APIs. `account` is the one that it answers in, empty where it does not say.
    """

    url: str
    kind: str
    capabilities: frozenset[str]
    reset: str | None
    account: str = ""
    kept: frozenset[str] | None = None

    @cached_property
    def _aws(self) -> Aws:
        return Aws(self.url, "us-east-1")

    def empty(self, called: Collection[str] = SERVICES) -> None:
        """Forget everything there; by public APIs, what is in the services that were called. Raises Problem."""
        if self.reset is not None and _request(self.url, "POST", self.reset, _RESET_SECONDS)[0] != 200:
            raise Problem(f"{self.url} could not be emptied by POST {self.reset}.")
        if self.kept is not None:
            empty_publicly(self._aws.client, called, self.kept)

    def answers(self) -> bool:
        """Whether anything at all comes back from it."""
        try:
            _request(self.url, "GET", "/", _LOOK_SECONDS)
        except Problem:
            return False
        return True


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


def probe(url: str) -> Place:
    """Look at the endpoint, and empty it once. Raises Problem unless it answers as AWS does."""
    url = checked_url(url)
    account = _account(url)
    place = _harness(url, account) or _localstack(url, account) or _moto(url, account)
    place = place or Place(url, "an AWS-compatible endpoint", frozenset(), None, account, frozenset())
    place.empty()
    return place


def _account(url: str) -> str:
    """The account that answers, empty where the endpoint has no STS. Raises Problem where nothing of AWS's answers."""
    from botocore.config import Config
    from botocore.exceptions import ClientError

    _request(url, "GET", "/", _FIRST_ANSWER_SECONDS)  # says in one sentence that nothing is there
    aws = Aws(url, "us-east-1")
    config = Config(connect_timeout=_LOOK_SECONDS, read_timeout=_FIRST_ANSWER_SECONDS)
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


def _harness(url: str, account: str) -> Place | None:
    health = _json(url, "/_harness/health")
    if not isinstance(health, dict) or not isinstance(health.get("clock"), dict):
        return None
    kind, capabilities = "pipeline-harness", set(_ADMIN)
    if health["clock"].get("mode") == "manual":
        capabilities.add("clock")
    admin = Admin(url)
    try:
        admin.reset()
    except AdminError as error:
        if error.status != _CONFLICT:
            raise
        # An edge in front of what has no reset.
        here = frozenset(service for service, how in health["services"].items() if how == "native")
        return Place(url, f"{kind} as an edge", frozenset(capabilities), "/_harness/reset?part=here", account, here)
    name = f"parity-{uuid.uuid4()}"
    try:
        admin.save_snapshot(name)
        admin.delete_snapshot(name)
        capabilities.add("snapshots")
    except AdminError:
        pass  # one that is split, or has no folder for them
    return Place(url, kind, frozenset(capabilities | {"reset"}), "/_harness/reset", account)


def _localstack(url: str, account: str) -> Place | None:
    health = _json(url, "/_localstack/health")
    if not isinstance(health, dict) or "services" not in health:
        return None
    kind = f"LocalStack {health.get('version', '')}".strip()
    # The open edition has no reset.
    if _request(url, "POST", "/_localstack/state/reset", _RESET_SECONDS)[0] == 200:
        return Place(url, kind, frozenset({"reset"}), "/_localstack/state/reset", account)
    return Place(url, kind, frozenset(), None, account, frozenset())


def _moto(url: str, account: str) -> Place | None:
    if not isinstance(_json(url, "/moto-api/data.json"), dict):
        return None
    return Place(url, "moto_server", frozenset({"reset"}), "/moto-api/reset", account)


def _json(url: str, path: str) -> Any:
    status, body = _request(url, "GET", path, _LOOK_SECONDS)
    if status != 200:
        return None
    try:
        return json.loads(body)
    except ValueError:
        return None


def _request(url: str, method: str, path: str, seconds: float) -> tuple[int, bytes]:
    """(status, body). Raises Problem when there is no answer in HTTP."""
    import httpx

    try:
        # No proxy, no netrc: what is meant is the endpoint that the user named.
        with httpx.Client(trust_env=False, timeout=seconds) as client:
            answer = client.request(method, url + path)
    except httpx.InvalidURL:
        raise Problem(f"{url} is not a URL.") from None
    except httpx.TimeoutException:
        raise Problem(f"{url} did not answer within {seconds:g} s.") from None
    except httpx.HTTPError as error:
        raise Problem(f"{url} does not answer ({error}).") from None
    return answer.status_code, answer.content
