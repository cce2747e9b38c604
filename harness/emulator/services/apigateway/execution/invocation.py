"""One request on its way through a stage: what came in, and what is known about it so far."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

import orjson

from harness.emulator.call import HttpRequest
from harness.emulator.services.apigateway.execution.failure import Failure
from harness.json_object import Json

if TYPE_CHECKING:
    from harness.emulator.api_gateway.callers import Signer
    from harness.emulator.services.apigateway.execution.compiled import CompiledMethod
    from harness.emulator.services.apigateway.execution.stage import Stage

# The listener hands over names in lower case; clients and AWS's edge write these like that.
_WRITTEN = {
    name.lower(): name
    for name in (
        "Accept",
        "Accept-Charset",
        "Accept-Encoding",
        "Accept-Language",
        "Authorization",
        "Cache-Control",
        "Connection",
        "Content-Encoding",
        "Content-Length",
        "Content-Type",
        "Cookie",
        "Date",
        "Forwarded",
        "Host",
        "If-Match",
        "If-Modified-Since",
        "If-None-Match",
        "Origin",
        "Pragma",
        "Range",
        "Referer",
        "User-Agent",
        "Via",
        "X-Amzn-Trace-Id",
        "X-Forwarded-For",
        "X-Forwarded-Port",
        "X-Forwarded-Proto",
        "X-Requested-With",
    )
}
_UNPARSED = object()

Multi = dict[str, list[str]]


class Invocation:
    """Everything about one request. `path` is behind the stage, percent-encoded; times are epoch seconds (virtual)."""

    __slots__ = (
        "_headers",
        "_json",
        "_query",
        "api_key",
        "authorizer",
        "body",
        "data_trace",
        "error",
        "extended_request_id",
        "integration_error",
        "integration_latency",
        "integration_status",
        "log",
        "method",
        "now",
        "path",
        "path_parameters",
        "request",
        "request_id",
        "request_overrides",
        "response_length",
        "response_overrides",
        "signer",
        "stage",
        "started",
        "status",
        "usage_key",
    )

    def __init__(
        self, stage: Stage, request: HttpRequest, path: str, now: float, request_id: str, extended_request_id: str
    ) -> None:
        self.stage = stage
        self.request = request
        self.path = path
        self.now = now
        self.request_id = request_id
        self.extended_request_id = extended_request_id
        self.started = time.perf_counter()
        self.body = request.body
        self.method: CompiledMethod | None = None
        self.path_parameters: dict[str, str] = {}
        self.api_key: Json | None = None
        self.usage_key: str | None = None
        self.authorizer: Json = {}
        self.signer: Signer | None = None
        self.error: Failure | None = None
        self.request_overrides: dict[str, Json] | None = None
        self.response_overrides: Json | None = None
        self.integration_status: int | None = None
        self.integration_latency: int | None = None
        self.integration_error: str | None = None
        self.status = 0
        self.response_length = 0
        self.log: list[str] | None = None
        self.data_trace = False
        """Whether contents of request and response go to the log as well."""
        self._headers: Multi | None = None
        self._query: Multi | None = None
        self._json: Any = _UNPARSED

    # -- the request ------------------------------------------------------------------------------------------

    @property
    def headers(self) -> Multi:
        """Header names in lower case, each with all its values."""
        if self._headers is None:
            headers: Multi = {}
            for name, value in self.request.headers:
                headers.setdefault(name, []).append(value)
            self._headers = headers
        return self._headers

    @property
    def query(self) -> Multi:
        """Query parameters, decoded, each with all its values."""
        if self._query is None:
            query: Multi = {}
            if self.request.query:
                for name, value in parse_qsl(self.request.query, keep_blank_values=True):
                    query.setdefault(name, []).append(value)
            self._query = query
        return self._query

    def header(self, name: str) -> str | None:
        """The last value of a header, by its name in any case."""
        values = self.headers.get(name.lower())
        return values[-1] if values else None

    def written_headers(self) -> Multi:
        """Headers as Lambda and templates see them: usual spelling, with what AWS's edge adds."""
        written = {
            _WRITTEN.get(name, name): values for name, values in self.headers.items() if name != "content-length"
        }
        written["Host"] = [self.stage.domain_name]
        written.setdefault("X-Amzn-Trace-Id", [self.trace_id])
        written.setdefault("X-Forwarded-For", [self.source_ip])
        written.setdefault("X-Forwarded-Port", ["443"])
        written.setdefault("X-Forwarded-Proto", ["https"])
        return written

    @property
    def trace_id(self) -> str:
        return f"Root=1-{int(self.now):08x}-{self.request_id.replace('-', '')[:24]}"

    @property
    def source_ip(self) -> str:
        forwarded = self.header("x-forwarded-for")
        return forwarded.split(",")[0].strip() if forwarded else "127.0.0.1"

    @property
    def user_agent(self) -> str | None:
        return self.header("user-agent")

    @property
    def decoded_path(self) -> str:
        return unquote(self.path)

    @property
    def full_path(self) -> str:
        """`$context.path`: with the stage."""
        return f"/{self.stage.name}{self.decoded_path}"

    def json(self) -> Any:
        """The body as JSON; `{}` if it is empty (D4). Raises Failure 400 for a body that is no JSON."""
        if self._json is _UNPARSED:
            if not self.body:
                self._json = {}
            else:
                try:
                    self._json = orjson.loads(self.body)
                except orjson.JSONDecodeError as error:
                    raise Failure("BAD_REQUEST_BODY", f"Could not parse request body into json: {error}") from error
        return self._json

    def note(self, line: str) -> None:
        """A line for the stage's execution log, if that is on."""
        if self.log is not None:
            self.log.append(line)
