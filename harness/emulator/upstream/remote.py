"""An AWS-compatible endpoint over HTTP: LocalStack, moto_server, another emulator.

Its failures become errors in AWS's shape, with status 502 to 504, which SDKs and delivery streams try again: nothing is
taken for done that was not acknowledged.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse

import orjson

from harness.emulator.call import Call, HttpRequest, HttpResponse
from harness.emulator.errors import AwsError

if TYPE_CHECKING:
    import httpx

# Where an endpoint is emptied, and the member of the answer that tells it from one that takes the path for a bucket's.
_RESETS = (("/_localstack/state/reset", None), ("/_harness/reset", "clock"), ("/moto-api/reset", "status"))
_LOCALSTACK_HEALTH = "/_localstack/health"

log = logging.getLogger(__name__)

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 60.0
INVOKE_SECONDS = 930.0
"""A function may run for 15 minutes (C1)."""

# Between two hops only, or written anew by the listener and the client.
_HOP_BY_HOP = frozenset(
    ("connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "proxy-connection", "content-length")
)


class Remote:
    """The endpoint at `url`. The user named it, so what goes there may leave this process (law 8)."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._client: httpx.AsyncClient | None = None

    async def send(self, request: HttpRequest, *, answer_seconds: float = ANSWER_SECONDS) -> HttpResponse:
        """Pass the request on as it came; the answer's body comes back as it is. Raises AwsError."""
        import httpx

        if self._client is None:
            limits = httpx.Limits(max_connections=None, max_keepalive_connections=32)
            self._client = httpx.AsyncClient(trust_env=False, follow_redirects=False, limits=limits)
        headers = [(name, value) for name, value in request.headers if name not in _HOP_BY_HOP]
        # A bare Request: the client would add headers of its own.
        passed = httpx.Request(
            request.method,
            httpx.URL(self.url, raw_path=request.target.encode("utf-8", "surrogateescape")),
            headers=headers,
            content=request.body,
            extensions={"timeout": httpx.Timeout(answer_seconds, connect=CONNECT_SECONDS).as_dict()},
        )
        try:
            answer = await self._client.send(passed, stream=True)
            try:
                body = b"".join([chunk async for chunk in answer.aiter_raw()])
            finally:
                await answer.aclose()
        except httpx.ConnectTimeout as error:
            raise self._failed("ServiceUnavailable", "can't be reached", 503) from error
        except httpx.TimeoutException as error:
            sentence = f"did not answer within {answer_seconds:g} s; what it did is not known"
            raise self._failed("ServiceUnavailable", sentence, 504) from error
        except httpx.ConnectError as error:
            raise self._failed("ServiceUnavailable", f"can't be reached ({error})", 503) from error
        except httpx.RemoteProtocolError as error:
            raise self._failed("InternalFailure", f"did not answer in HTTP ({error})", 502) from error
        except httpx.TransportError as error:
            raise self._failed("ServiceUnavailable", f"broke the connection off ({error})", 503) from error
        return HttpResponse(answer.status_code, _headers(answer, request.method), body)

    async def execute(self, request: HttpRequest) -> HttpResponse:
        """A request to an API that is deployed there. Raises AwsError."""
        return await self.send(request, answer_seconds=INVOKE_SECONDS)

    async def empty(self) -> bool:
        """Forget everything there, by the means of LocalStack, of this emulator or of moto_server; False when none of
        them is known there.

        LocalStack 4 has none: it answers moto's path, but only some of its services are moto's.
        """
        for path, member in _RESETS:
            try:
                if path.startswith("/moto") and await self._is_localstack():
                    return False
                answer = await self.send(self._ask("POST", path))
            except AwsError:
                return False
            if answer.status == 200 and (member is None or _has_member(answer.body, member)):
                return True
        return False

    async def _is_localstack(self) -> bool:
        """Raises AwsError."""
        answer = await self.send(self._ask("GET", _LOCALSTACK_HEALTH))
        return answer.status == 200 and _has_member(answer.body, "services")

    def _ask(self, method: str, path: str) -> HttpRequest:
        return HttpRequest(method, path, [("host", urlparse(self.url).netloc)])

    def not_an_answer(self, service: str, status: int) -> AwsError:
        """The error for an answer that is not in the service's protocol."""
        return self._failed("InternalFailure", f"answered with HTTP {status}, but not as {service} does", 502)

    def _failed(self, code: str, what: str, status: int) -> AwsError:
        log.warning("upstream %s %s", self.url, what)
        return AwsError(code, f"The upstream {self.url} {what}.", status)

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()


_CONTENT = frozenset(("GetObject", "GetObjectTorrent", "SelectObjectContent"))


def looks_right(call: Call, request: HttpRequest, response: HttpResponse) -> bool:
    """Whether an answer's body is in the protocol that the request was in. Content that is the user's is not read."""
    body = response.body
    if not body or request.method == "HEAD" or any(name.lower() == "content-encoding" for name, _ in response.headers):
        return True
    content_type = request.header("content-type")
    if "cbor" in content_type:
        return True
    if call.service == "s3":
        is_content = call.operation in _CONTENT and response.status < 400
        return is_content or _is_xml(body) or (call.operation == "GetBucketPolicy" and _is_json(body))
    if request.header("x-amz-target"):
        return _is_json(body)
    if "x-www-form-urlencoded" in content_type or "Action=" in request.query:
        return _is_xml(body)
    return response.status < 400 or _is_json(body) or _is_xml(body)


def _has_member(body: bytes, name: str) -> bool:
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return isinstance(content, dict) and name in content


def _is_json(body: bytes) -> bool:
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return True


def _is_xml(body: bytes) -> bool:
    """By its ends: enough to tell it from a proxy's page or a broken-off answer."""
    text = body.strip()
    return text.startswith(b"<") and text.endswith(b">") and not text[:15].lower().startswith((b"<!doctype", b"<html"))


def _headers(answer: Any, method: str) -> list[tuple[str, str]]:
    kept = [(name, value) for name, value in answer.headers.multi_items() if name.lower() not in _HOP_BY_HOP]
    if method == "HEAD" and "content-length" in answer.headers:
        # The length of what GET would answer is a HEAD's own content.
        kept.append(("content-length", answer.headers["content-length"]))
    return kept
