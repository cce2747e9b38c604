"""The HTTP endpoint that deliveries go to: what it received, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.json_object import Json
from harness.sinks.requests import HttpSink, emulator_sink
from harness.targets.admin import Admin


@dataclass(frozen=True)
class EndpointSink(HttpSink):
    """The emulator's sink for `https://<host>/…`. The ledger takes it as well: `ledger.check([sink("host")])`."""

    host: str = field(kw_only=True)
    admin: Admin = field(kw_only=True, repr=False)

    @property
    def requests(self) -> list[Json]:
        """Every request so far, oldest first: `time`, `path`, `headers`, `body`, `body_encoding`, `status` (of the
        answer)."""
        requests: list[Json] = self.admin.sink(self.host)["requests"]
        return requests

    @property
    def records(self) -> list[bytes]:
        """The records that it took: those of Firehose deliveries that were answered with 2xx."""
        return [found.content for found in self.read().found]

    def answer_with(self, *answers: Json) -> None:
        """Script the answers: `answer_with({"status": 500, "times": 3}, {"behaviour": "hang"})`; afterwards it
        acknowledges."""
        self.admin.script_sink(self.host, list(answers))


@dataclass(frozen=True)
class SinkFactory:
    """`sink("log-api.newrelic.com")` is the sink for that host."""

    admin: Admin

    def __call__(self, host: str) -> EndpointSink:
        plain = emulator_sink(self.admin.endpoint_url, host)
        return EndpointSink(plain.url, plain.fate, host=host, admin=self.admin)
