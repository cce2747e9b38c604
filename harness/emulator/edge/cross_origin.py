"""Pages of other origins that come in: those of `--allow-origin`, and those that a bucket's CORS rules name (E1).

S3 answers a bucket's preflights with 200 and the headers of the first rule that matches, else with 403; an actual
request gets the headers of the rule for its origin and method. Where no rule matches S3 serves without headers; here
the page gets nothing (law 9). A rule opens the bucket's objects, not its settings: on AWS a signature guards those,
here nothing would.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from harness.emulator.call import Caller, HttpRequest, HttpResponse
from harness.emulator.edge.guard import Page
from harness.emulator.edge.recognise import recognise
from harness.emulator.errors import AwsError
from harness.emulator.s3_address import place_of_request
from harness.json_object import Json

if TYPE_CHECKING:
    from harness.emulator.world import World

_METHODS = ("GET", "HEAD", "PUT", "POST", "DELETE", "PATCH")
_MAX_AGE = 3000
_VARY = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"
_WITHOUT_KEY = frozenset(
    ("DeleteObjects", "HeadBucket", "ListMultipartUploads", "ListObjects", "ListObjectsV2", "PostObject")
)
_NO_RULES = ("NoSuchCORSConfiguration", "NoSuchBucket")

_NOT_ALLOWED = (
    "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / "
    "Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec."
)
_NOT_ENABLED = "CORSResponse: CORS is not enabled for this bucket."


@dataclass(slots=True, frozen=True)
class Cors:
    """What is told to the browser. `exposed` None stands for every header of the answer."""

    origin: str
    methods: tuple[str, ...]
    headers: tuple[str, ...]
    exposed: tuple[str, ...] | None = None
    max_age: int | None = None

    def preflight(self) -> HttpResponse:
        """The answer to a preflight."""
        headers = self._common()
        if self.headers:
            headers.append(("Access-Control-Allow-Headers", ", ".join(self.headers)))
        if self.exposed:
            headers.append(("Access-Control-Expose-Headers", ", ".join(self.exposed)))
        return HttpResponse(200, headers)

    def mark(self, response: HttpResponse) -> None:
        """Let the page read the answer, by these rules alone."""
        kept = [item for item in response.headers if not item[0].lower().startswith("access-control-")]
        exposed = tuple(dict.fromkeys(name for name, _ in kept)) if self.exposed is None else self.exposed
        if exposed:
            kept.append(("Access-Control-Expose-Headers", ", ".join(exposed)))
        response.headers = kept + self._common()

    def _common(self) -> list[tuple[str, str]]:
        headers = [
            ("Access-Control-Allow-Origin", self.origin),
            ("Access-Control-Allow-Methods", ", ".join(self.methods)),
        ]
        if self.max_age is not None:
            headers.append(("Access-Control-Max-Age", str(self.max_age)))
        if self.origin != "*":
            headers.append(("Access-Control-Allow-Credentials", "true"))
        return [*headers, ("Vary", _VARY)]


class CrossOrigin:
    """Who of other origins may come in."""

    def __init__(self, world: World, origins: Iterable[str]) -> None:
        self._world = world
        self._origins = frozenset(origins)

    async def admit(self, request: HttpRequest, page: Page) -> Cors:
        """What the page's browser is told of a request that may come in. Raises AwsError for any other."""
        if page.origin in self._origins:
            return Cors(page.origin, _METHODS, _asked_headers(request), max_age=_MAX_AGE)
        if request.path.startswith(("/_harness/", "/_localstack/")):
            raise _foreign(page)
        meant = recognise(request)
        bucket, key = place_of_request(request) if meant.service == "s3" else ("", "")
        if not bucket or not page.origin:
            raise _foreign(page)
        rules = await self._rules(bucket, meant.caller)
        found = _matching(rules, page.origin, _asked_method(request) or request.method, _asked_headers(request))
        if found is not None and (is_preflight(request) or _reaches_objects(request, meant.operation, bucket, key)):
            return found
        if is_preflight(request):
            raise AwsError("AccessForbidden", _NOT_ALLOWED if rules else _NOT_ENABLED, 403)
        raise _foreign(page, f" No CORS rule of the bucket {bucket} allows this either.")

    async def _rules(self, bucket: str, caller: Caller) -> list[Json]:
        try:
            answer = await self._world.bus.ask("s3", "GetBucketCors", {"Bucket": bucket}, caller)
        except AwsError as error:
            if error.code in _NO_RULES:
                return []
            raise
        rules: list[Json] = answer.get("CORSRules", [])
        return rules


def is_preflight(request: HttpRequest) -> bool:
    """Whether a browser asks before it sends the request that a page wants."""
    return request.method == "OPTIONS" and bool(_asked_method(request))


def _matching(rules: list[Json], origin: str, method: str, headers: tuple[str, ...]) -> Cors | None:
    for rule in rules:
        pattern = next((pattern for pattern in rule.get("AllowedOrigins", []) if _fits(pattern, origin)), None)
        if pattern is None or method not in rule.get("AllowedMethods", []):
            continue
        allowed = [pattern.lower() for pattern in rule.get("AllowedHeaders") or []]
        if all(any(_fits(pattern, header) for pattern in allowed) for header in headers):
            methods, exposed = tuple(rule["AllowedMethods"]), tuple(rule.get("ExposeHeaders") or ())
            return Cors("*" if pattern == "*" else origin, methods, headers, exposed, rule.get("MaxAgeSeconds"))
    return None


def _fits(pattern: str, text: str) -> bool:
    """Whether a text is what a pattern with at most one `*` says."""
    beginning, star, end = pattern.partition("*")
    if not star:
        return pattern == text
    return len(text) >= len(beginning) + len(end) and text.startswith(beginning) and text.endswith(end)


def _reaches_objects(request: HttpRequest, operation: str, bucket: str, key: str) -> bool:
    """Whether a request reads or writes objects of this bucket and nothing else."""
    source = unquote(request.header("x-amz-copy-source")).lstrip("/")
    if source and source.partition("/")[0] != bucket:
        return False
    return bool(key) or operation in _WITHOUT_KEY


def _asked_method(request: HttpRequest) -> str:
    return request.header("access-control-request-method")


def _asked_headers(request: HttpRequest) -> tuple[str, ...]:
    asked = request.header("access-control-request-headers").lower()
    return tuple(header for header in re.split(r"[,\s]+", asked) if header)


def _foreign(page: Page, more: str = "") -> AwsError:
    what = f"the Origin {page.origin} is not the emulator's" if page.origin else "the page has no Origin that is known"
    text = f"Pages of other sites are refused: {what}. --allow-origin ORIGIN lets the pages of an origin in.{more}"
    return AwsError("AccessDeniedException", text, 403)
