"""`HTTP` and `HTTP_PROXY` integrations. Only to this machine and to allowed hosts (law 8)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from harness.emulator.api_gateway.http_backends import NOT_PASSED_ON, HttpBackends
from harness.emulator.errors import NotEmulated
from harness.emulator.outbound import Outbound
from harness.emulator.services.apigateway.execution.aws_integration import fill_path
from harness.emulator.services.apigateway.execution.failure import Failure, internal_error
from harness.emulator.services.apigateway.execution.invocation import Invocation, Multi
from harness.emulator.services.apigateway.execution.mapping import Backend

if TYPE_CHECKING:
    from harness.emulator.services.apigateway.execution.compiled import CompiledIntegration


async def invoke(
    backends: HttpBackends,
    outbound: Outbound,
    invocation: Invocation,
    integration: CompiledIntegration,
    mapped: dict[str, Multi],
    body: bytes,
) -> Backend:
    """One request. Raises NotEmulated for a host that may not be reached, Failure for what goes wrong."""
    import httpx  # here: 40 ms that no start should pay

    url = fill_path(integration.uri.render(invocation), mapped["path"])
    host = urlsplit(url).hostname or ""
    if not outbound.reaches(host):
        what = f"an HTTP integration to {host}, which is neither this machine nor allowed by --allow-host,"
        raise NotEmulated("apigateway", what)
    proxy = integration.type == "HTTP_PROXY"
    headers: dict[str, str] = {}
    query: Multi = {}
    if proxy:
        headers = {n: ",".join(v) for n, v in invocation.headers.items() if n not in NOT_PASSED_ON}
        query = {name: list(values) for name, values in invocation.query.items()}
    elif content_type := invocation.header("content-type"):
        headers["content-type"] = content_type
    headers |= {name.lower(): ",".join(values) for name, values in mapped["header"].items()}
    headers.setdefault("user-agent", f"AmazonAPIGateway_{invocation.stage.api_id}")
    query |= mapped["querystring"]
    if query:
        url += ("&" if "?" in url else "?") + urlencode(query, doseq=True)
    method = integration.http_method
    if method == "ANY" or not method:
        method = invocation.request.method
    try:
        answer = await backends.client().request(
            method, url, headers=headers, content=body, timeout=integration.timeout
        )
    except httpx.TimeoutException as error:
        raise Failure("INTEGRATION_TIMEOUT", cause=f"{url}: {error!r}") from error
    except httpx.InvalidURL as error:
        raise internal_error(f"{url}: {error}") from error
    except httpx.HTTPError as error:
        raise Failure("INTEGRATION_FAILURE", cause=f"{url}: {error!r}") from error
    answered: Multi = {}
    for name, value in answer.headers.multi_items():
        # httpx has decoded the body already.
        if name.lower() not in ("content-encoding", "transfer-encoding"):
            answered.setdefault(name.lower(), []).append(value)
    return Backend(answer.status_code, answered, answer.content)
