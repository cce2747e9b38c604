"""Requests to function URLs: which one a request means, and the hand-over to the Lambda service (C12)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol, cast

from harness.emulator.call import HttpRequest, HttpResponse

if TYPE_CHECKING:
    from harness.emulator.world import World

_HOST = re.compile(r"([A-Za-z0-9]+)\.lambda-url\.")
_PREFIX = "/_aws/lambda-url/"


class HasUrls(Protocol):
    """What the Lambda service offers besides its operations."""

    async def execute(self, url_id: str, request: HttpRequest, path: str) -> HttpResponse:
        """Answer a request to a function's URL; `path` is raw, without the query."""


def find_url(path: str, host: str) -> tuple[str, str] | None:
    """(URL id, path behind it): `<id>.lambda-url.<region>.<anything>`, or `/_aws/lambda-url/<id>/<path>`."""
    if ".lambda-url." in host and (named := _HOST.match(host)):
        return named[1].lower(), path
    if path.startswith(_PREFIX):
        url_id, slash, rest = path[len(_PREFIX) :].partition("/")
        return url_id, slash + rest or "/"
    return None


async def execute_url(world: World, url_id: str, request: HttpRequest, path: str) -> HttpResponse:
    """Hand the request to Lambda: here, or at the endpoint that serves it."""
    service = world.services.get("lambda")
    if service is None and world.remote is not None:
        return await world.remote.execute(request)
    return await cast(HasUrls, service).execute(url_id, request, path)
