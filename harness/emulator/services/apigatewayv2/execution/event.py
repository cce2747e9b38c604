"""What a Lambda integration receives: payload formats 2.0 and 1.0 (D9, D5)."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote

from harness.emulator.api_gateway import payload_format
from harness.emulator.call import HttpRequest
from harness.json_object import Json


@dataclass(slots=True)
class Exchange:
    """One request on its way: everything that events, access logs and integrations need to know of it."""

    api_id: str
    account: str
    region: str
    stage: str
    route_key: str
    path: str
    request: HttpRequest
    path_parameters: dict[str, str]
    stage_variables: dict[str, str]
    request_id: str
    now: float
    authorizer_2: Json | None = None
    """`requestContext.authorizer` of payload format 2.0."""
    authorizer_1: Json | None = None
    """The same of payload format 1.0."""
    identity: dict[str, str] = field(default_factory=dict)
    """Who signed the request: members of `requestContext.identity` of payload format 1.0."""
    notes: dict[str, str] = field(default_factory=dict)
    """What only the way of this request gives for `$context`: `authorizer.…` and `error.…`."""

    @property
    def domain(self) -> str:
        return f"{self.api_id}.execute-api.{self.region}.amazonaws.com"

    @property
    def route_arn(self) -> str:
        """The ARN of the request itself, with its real path."""
        path = unquote(self.path)
        return (
            f"arn:aws:execute-api:{self.region}:{self.account}:{self.api_id}/{self.stage}/{self.request.method}{path}"
        )

    @property
    def raw_path(self) -> str:
        """With the stage's name in front, except for `$default`."""
        return self.path if self.stage == "$default" else f"/{self.stage}{self.path}"

    @property
    def time(self) -> str:
        return payload_format.clf_time(self.now)


def payload_2(x: Exchange) -> Json:
    """Format 2.0."""
    asked = payload_format.Asked(
        request=x.request,
        path=x.raw_path,
        account=x.account,
        api_id=x.api_id,
        domain=x.domain,
        route_key=x.route_key,
        stage=x.stage,
        request_id=x.request_id,
        now=x.now,
        authorizer=x.authorizer_2,
        path_parameters=x.path_parameters,
        stage_variables=x.stage_variables,
    )
    return payload_format.event_2(asked)


def payload_1(x: Exchange) -> Json:
    """Format 1.0: like a REST API's event, with a version."""
    query = parse_qsl(x.request.query, keep_blank_values=True) if x.request.query else []
    body, encoded = payload_format.body(x.request)
    resource = x.route_key.partition(" ")[2] or x.route_key
    return {
        "version": "1.0",
        "resource": resource,
        "path": x.raw_path,
        "httpMethod": x.request.method,
        "headers": dict(x.request.headers),
        "multiValueHeaders": _multi(x.request.headers),
        "queryStringParameters": dict(query) or None,
        "multiValueQueryStringParameters": _multi(query) or None,
        "requestContext": {
            "accountId": x.account,
            "apiId": x.api_id,
            **({} if x.authorizer_1 is None else {"authorizer": x.authorizer_1}),
            "domainName": x.domain,
            "domainPrefix": x.api_id,
            "extendedRequestId": x.request_id,
            "httpMethod": x.request.method,
            "identity": {"sourceIp": "127.0.0.1", "userAgent": x.request.header("user-agent"), **x.identity},
            "path": x.raw_path,
            "protocol": "HTTP/1.1",
            "requestId": x.request_id,
            "requestTime": x.time,
            "requestTimeEpoch": int(x.now * 1000),
            "resourceId": x.route_key,
            "resourcePath": resource,
            "stage": x.stage,
        },
        "pathParameters": x.path_parameters or None,
        "stageVariables": x.stage_variables or None,
        "body": body,
        "isBase64Encoded": encoded,
    }


def _multi(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return values
