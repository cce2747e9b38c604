"""HTTP endpoints as sinks: what the emulator's built-in sinks took, or any endpoint of the user's."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

from harness.json_object import Json
from harness.sinks.base import Found, Reading
from harness.sinks.fates import Fate

_TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True)
class HttpSink:
    """An endpoint whose requests can be read with GET from `url`, in the form of the emulator's sinks:
    `{"requests": [{"body", "body_encoding": "text"|"base64", "status"}], "dropped": 0}`.

    Only requests that were answered with 2xx count: those the endpoint took. One without `status` counts.
    """

    url: str
    fate: Fate = "delivered"

    @property
    def name(self) -> str:
        return self.url

    def read(self) -> Reading:
        import httpx  # here, because it takes long to import

        answer = httpx.get(self.url, timeout=_TIMEOUT_SECONDS, trust_env=False)
        answer.raise_for_status()
        content = answer.json()
        reading = Reading()
        if content.get("dropped"):
            reading.troubles.append(f"{self.name}: {content['dropped']} older requests were forgotten")
        for number, request in enumerate(content["requests"]):
            status = request.get("status", 200)
            if isinstance(status, int) and 200 <= status < 300:
                reading.found += _records(_body(request), f"{self.name} request {number}")
        return reading


def emulator_sink(endpoint_url: str, host: str, fate: Fate = "delivered") -> HttpSink:
    """The emulator's sink for deliveries to `https://<host>/…`."""
    return HttpSink(f"{endpoint_url.rstrip('/')}/_harness/sinks/{quote(host, safe='')}", fate)


@dataclass(frozen=True)
class Collected:
    """Whatever a function of the test returns: one record each. For sinks that nothing here can read."""

    name: str
    contents: Callable[[], Iterable[bytes]]
    fate: Fate = "delivered"

    def read(self) -> Reading:
        return Reading([Found(content, self.name) for content in self.contents()])


def _body(request: Json) -> bytes:
    body: str = request["body"]
    return base64.b64decode(body) if request.get("body_encoding") == "base64" else body.encode()


def _records(body: bytes, place: str) -> Iterator[Found]:
    """The records of a Firehose delivery (A14); any other request is one record."""
    try:
        records = [base64.b64decode(record["data"], validate=True) for record in json.loads(body)["records"]]
    except (binascii.Error, ValueError, KeyError, TypeError, RecursionError):
        records = [body]
    for record in records:
        yield Found(record, place)
