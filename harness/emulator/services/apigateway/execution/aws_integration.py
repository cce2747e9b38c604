"""`AWS` integrations: an action or a path of an AWS service, answered over the wire inside this emulator (D3)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, urlencode

from harness.emulator.call import HttpRequest
from harness.emulator.services.apigateway.execution.compiled import CompiledIntegration
from harness.emulator.services.apigateway.execution.credentials import integration_caller, session_token
from harness.emulator.services.apigateway.execution.failure import internal_error
from harness.emulator.services.apigateway.execution.invocation import Invocation, Multi
from harness.emulator.services.apigateway.execution.mapping import Backend
from harness.emulator.spec.model import load_model

if TYPE_CHECKING:
    from harness.emulator.world import World


_URI = re.compile(r"arn:aws[a-z-]*:apigateway:([a-z0-9-]+):(?:([\w.-]+)\.)?([a-z0-9-]+):(action|path)/(.*)", re.DOTALL)
_PLACEHOLDER = re.compile(r"\{([^{}+]+)\+?\}")

# The name in an integration URI → botocore's, where the two differ.
_SERVICES = {"states": "stepfunctions", "monitoring": "cloudwatch", "email": "ses", "execute-api": "apigateway"}


class Target(NamedTuple):
    """A parsed integration URI. `headers` and `query` say which action of the service is meant."""

    region: str
    service: str
    subdomain: str
    action: str
    path: str
    headers: tuple[tuple[str, str], ...]
    query: str


def parse(uri: str) -> Target:
    """Raises Failure 500 for an ARN that names no service action or path."""
    match = _URI.fullmatch(uri)
    if match is None:
        raise internal_error(f"the integration URI {uri!r} is no ARN of an AWS service action or path")
    region, subdomain, name, kind, rest = match.groups()
    service = _SERVICES.get(name, name)
    if kind == "path":
        path = rest if rest.startswith("/") else "/" + rest
        return Target(region, service, subdomain or "", "", path, (), "")
    try:
        metadata = load_model(service).metadata
    except KeyError as error:
        raise internal_error(f"the integration URI names the unknown service {name}") from error
    action = rest.partition("&")[0]
    if "query" in metadata.get("protocols", [metadata["protocol"]]):
        form = (("content-type", "application/x-www-form-urlencoded"),)
        query = urlencode({"Action": action, "Version": metadata["apiVersion"]})
        return Target(region, service, subdomain or "", action, "/", form, query)
    if "targetPrefix" not in metadata:
        raise internal_error(f"{name} has no actions, only paths")
    headers = (
        ("content-type", f"application/x-amz-json-{metadata.get('jsonVersion', '1.1')}"),
        ("x-amz-target", f"{metadata['targetPrefix']}.{action}"),
    )
    return Target(region, service, subdomain or "", action, "/", headers, "")


def target(invocation: Invocation, integration: CompiledIntegration) -> Target:
    """The target of this request; parsed once if the URI has no variables in it."""
    if integration.fixed_uri is None:
        return parse(integration.uri.render(invocation))
    if integration.target is None:
        integration.target = parse(integration.fixed_uri)
    found: Target = integration.target
    return found


async def invoke(
    world: World,
    invocation: Invocation,
    integration: CompiledIntegration,
    where: Target,
    mapped: dict[str, Multi],
    body: bytes,
) -> Backend:
    """One request to the service. Raises AwsError only for what cannot be asked at all (NotEmulated)."""
    headers = dict(where.headers)
    for name, values in mapped["header"].items():
        lower = name.lower()
        if lower == "authorization":
            raise internal_error("the header Authorization cannot be mapped to an AWS integration (D3)")
        headers[lower] = ",".join(values)
    if not where.headers and "content-type" not in headers:
        headers["content-type"] = invocation.header("content-type") or "application/json"
    headers["host"] = f"{where.service}.{where.region}.amazonaws.com"
    path = fill_path(where.path, mapped["path"])
    if where.subdomain:
        # Path style is the same to every service here: the bucket's subdomain becomes the first part.
        path = f"/{where.subdomain}{path}"
    if token := session_token(invocation, integration):
        headers["x-amz-security-token"] = token
    query = "&".join(filter(None, (where.query, urlencode(mapped["querystring"], doseq=True))))
    request = HttpRequest(
        integration.http_method or "POST",
        f"{path}?{query}" if query else path,
        list(headers.items()),
        body,
    )
    stage = invocation.stage
    caller = integration_caller(invocation, integration, where.region, stage.arn)
    answer = await world.bus.wire(where.service, request, caller)
    answered: Multi = {}
    for name, value in answer.headers:
        answered.setdefault(name.lower(), []).append(value)
    for called in answered.get("x-amzn-requestid", []):
        world.trace.called(invocation.request_id, called, where.service, where.action)
    return Backend(answer.status, answered, answer.body)


def fill_path(path: str, parameters: Multi) -> str:
    """The path with `{name}` replaced by mapped path parameters. Raises Failure 500 for one that is not mapped."""
    if "{" not in path:
        return path

    def value(match: re.Match[str]) -> str:
        values = parameters.get(match[1])
        if not values:
            raise internal_error(f"the integration path has no value for {{{match[1]}}}")
        return quote(values[-1], safe="/")

    return _PLACEHOLDER.sub(value, path)
