"""Requests to deployed APIs, to the admin API and to LocalStack's paths."""

from __future__ import annotations

import json
import random
from urllib.parse import quote

from tests.hostile.attack.message import Request
from tests.hostile.attack.pool import Pool
from tests.hostile.attack.values import HOSTILE_STRINGS, hostile

_ADMIN = [
    ("GET", "health", None), ("GET", "clock", None), ("POST", "clock/advance", {"seconds": 1}),
    ("POST", "clock/settle", {"max_seconds": 60}), ("GET", "snapshots", None), ("PUT", "snapshots/one", None),
    ("DELETE", "snapshots/one", None), ("GET", "quotas", None), ("POST", "quotas", {"enabled": False}),
    ("GET", "iam", None), ("POST", "iam", {"mode": "off"}), ("GET", "coverage", None), ("GET", "sinks", None),
    ("PUT", "sinks/sink.example", {"answers": [{"status": 200}]}), ("GET", "sinks/sink.example", None),
    ("POST", "sinks/sink.example/deliver/x", {"a": 1}), ("GET", "faults", None), ("GET", "trace", None),
    ("GET", "trace/a", None), ("DELETE", "faults", None),
]  # fmt: skip
_LOCALSTACK = ["health", "info", "init", "config", "aws/lambda/runtimes", "chaos/faults", "state/save", "x"]


def deployed_request(rng: random.Random, pool: Pool) -> Request:
    kind = rng.random()
    if kind < 0.7:
        return _api(rng, pool)
    if kind < 0.92:
        return _admin(rng)
    path = "/_localstack/" + rng.choice(_LOCALSTACK)
    return Request("localstack", path, "http", rng.choice(["GET", "POST"]), path, headers=[("Host", "localhost")])


def _api(rng: random.Random, pool: Pool) -> Request:
    body = json.dumps({"a": rng.choice(["x", *HOSTILE_STRINGS]), "list": [1, "b"], "n": rng.choice([1, 0.5, 10**40])})
    headers = [("Content-Type", rng.choice(["application/json", "text/plain", "application/x-amz-json-1.1"]))]
    if rng.random() < 0.3:
        http = pool.known("ApiId", rng)
        path = f"/{quote(rng.choice(['a', 'a/b', 'é', '%2F', 'a b']), safe='%/')}"
        host = f"{http}.execute-api.localhost"
        operation = "http api"
    else:
        api = pool.known("restApiId", rng)
        path = f"/_aws/execute-api/{api}/dev/{rng.choice(['mock', 'stream', 'proxy', 'none'])}"
        host, operation = "localhost", "rest api"
    query = rng.choice(["", "q=1", "q=%22%0A", "q=a&q=b", "q"])
    return Request(
        "execute-api", operation, "http", rng.choice(["POST", "POST", "GET"]), path, query, [("Host", host), *headers],
        body.encode("utf-8", "surrogatepass"),
    )  # fmt: skip


def _admin(rng: random.Random) -> Request:
    """Wrong in its body alone: its other faults would be other calls."""
    method, path, content = rng.choice(_ADMIN)
    if content is not None and rng.random() < 0.6:
        name = rng.choice([*content, "x"])
        content = {**content, name: hostile(rng)} if rng.random() < 0.8 else hostile(rng)
    seconds = content.get("seconds") if isinstance(content, dict) else None
    if isinstance(seconds, int | float) and seconds > 3600:
        content = {"seconds": 3600}  # Years are simulated minute by minute, which is no fault.
    body = b"" if content is None else json.dumps(content).encode()
    if rng.random() < 0.1:
        body = body[: len(body) // 2]
    return Request("harness", path, "http", method, f"/_harness/{path}", "", [("Host", "localhost")], body)
