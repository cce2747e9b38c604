"""JWT authorizers of HTTP APIs (D9): every reason to be turned away, then who is let through."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import jwt
import pytest

from harness.json_object import Json
from tests.conformance.test_http_api import ECHO, Api, refused
from tests.conftest import Aws
from tests.local_issuer import LocalIssuer, private_key, public_key

UNAUTHORIZED = (401, {"message": "Unauthorized"})


@pytest.fixture
def issuer() -> Iterator[LocalIssuer]:
    made = LocalIssuer()
    yield made
    made.close()


def authorizer(api: Api, issuer: LocalIssuer, **changes: Any) -> str:
    members: Json = {
        "ApiId": api.api_id,
        "Name": "jwt",
        "AuthorizerType": "JWT",
        "IdentitySource": ["$request.header.Authorization"],
        "JwtConfiguration": {"Issuer": issuer.url, "Audience": ["api", "other"]},
    }
    return str(api.v2.create_authorizer(**(members | changes))["AuthorizerId"])


class Secured(Api):
    """An API with two routes behind a JWT authorizer: `/plain`, and `/scoped`, which asks for a scope."""

    def __init__(self, aws: Aws, issuer: LocalIssuer, *, source: str = ECHO, **attributes: Any) -> None:
        super().__init__(aws, **attributes)
        self.authorizer_id = authorizer(self, issuer)
        target = f"integrations/{self.function(source)}"
        for key, scopes in (("GET /plain", []), ("GET /scoped", ["read", "admin"])):
            self.v2.create_route(
                ApiId=self.api_id,
                RouteKey=key,
                Target=target,
                AuthorizationType="JWT",
                AuthorizerId=self.authorizer_id,
                AuthorizationScopes=scopes,
            )

    def get(self, path: str, token: str | None = None, **options: Any) -> httpx.Response:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return self.request("GET", path, headers=headers, **options)


# -- failures ----------------------------------------------------------------------------------------------------


def test_no_token(aws: Aws, issuer: LocalIssuer) -> None:
    """D9: missing identity source is 401."""
    answer = Secured(aws, issuer).get("/plain")
    assert (answer.status_code, answer.json()) == UNAUTHORIZED
    assert answer.headers["www-authenticate"] == "Bearer"


def unsigned(issuer: LocalIssuer, at: float) -> str:
    return jwt.encode(issuer.claims(at), "", algorithm="none", headers={"kid": "first"})


def symmetric(issuer: LocalIssuer, at: float) -> str:
    """Signed with what everybody can read: the public key as a shared secret."""
    return jwt.encode(issuer.claims(at), public_key("first")["n"], algorithm="HS256", headers={"kid": "first"})


def tampered(issuer: LocalIssuer, at: float) -> str:
    header, _, signature = issuer.token(at).split(".")
    claims = base64.urlsafe_b64encode(json.dumps(issuer.claims(at, sub="admin")).encode()).decode().rstrip("=")
    return f"{header}.{claims}.{signature}"


def no_claims(issuer: LocalIssuer, at: float) -> str:
    return jwt.PyJWS().encode(b"[1]", private_key("first"), algorithm="RS256", headers={"kid": "first"})


BAD_TOKENS: dict[str, tuple[Callable[[LocalIssuer, float], str], str]] = {
    "nonsense": (lambda i, t: "nonsense", "the token is malformed"),
    "three parts of nonsense": (lambda i, t: "a.b.c", "the token is malformed"),
    "no claims": (no_claims, "the token is malformed"),
    "no algorithm": (unsigned, "signing method none is invalid"),
    "a shared secret": (symmetric, "signing method HS256 is invalid"),
    "an algorithm that is not RSA's PKCS 1": (
        lambda i, t: i.token(t, algorithm="PS256"),
        "signing method PS256 is invalid",
    ),
    "another algorithm than the key's": (
        lambda i, t: i.token(t, algorithm="RS512"),
        "the token does not have a valid key id",
    ),
    "no key id": (lambda i, t: i.token(t, key_id=None), "the token does not have a key id"),
    "an unknown key id": (lambda i, t: i.token(t, key_id="gone"), "the token does not have a valid key id"),
    "another key": (lambda i, t: i.token(t, key="second"), "the token does not have a valid signature"),
    "other claims than signed": (tampered, "the token does not have a valid signature"),
    "another issuer": (lambda i, t: i.token(t, iss="http://127.0.0.1:1"), "the token does not have a valid issuer"),
    "no issuer": (lambda i, t: i.token(t, iss=None), "the token does not have a valid issuer"),
    "another audience": (lambda i, t: i.token(t, aud="else"), "the token does not have a valid audience"),
    "no audience": (lambda i, t: i.token(t, aud=None), "the token does not have a valid audience"),
    "another client": (lambda i, t: i.token(t, aud=None, client_id="x"), "the token does not have a valid audience"),
    "a good client, a bad audience": (
        lambda i, t: i.token(t, aud="else", client_id="api"),
        "the token does not have a valid audience",
    ),
    "expired": (lambda i, t: i.token(t, exp=int(t) - 1), "the token has expired"),
    "no expiry": (lambda i, t: i.token(t, exp=None), "the token has expired"),
    "an expiry that is no number": (lambda i, t: i.token(t, exp=True), "the token does not have a valid exp"),
    "not valid yet": (lambda i, t: i.token(t, nbf=int(t) + 60), "the token is not valid yet"),
    "issued in the future": (lambda i, t: i.token(t, iat=int(t) + 60), "the token was issued in the future"),
}


def test_bad_tokens(aws: Aws, issuer: LocalIssuer) -> None:
    """D9: signature, key id, algorithm, iss, aud or client_id, exp, nbf and iat are checked: 401 with a challenge."""
    api = Secured(aws, issuer)
    at = aws.now()
    answers = {name: api.get("/plain", make(issuer, at)) for name, (make, _) in BAD_TOKENS.items()}
    assert {name: (a.status_code, a.json()) for name, a in answers.items()} == dict.fromkeys(BAD_TOKENS, UNAUTHORIZED)
    assert {name: answer.headers["www-authenticate"] for name, answer in answers.items()} == {
        name: f'Bearer scope="" error="invalid_token" error_description="{description}"'
        for name, (_, description) in BAD_TOKENS.items()
    }


def test_no_scope_is_403(aws: Aws, issuer: LocalIssuer) -> None:
    """D9: JWT scope mismatch."""
    api = Secured(aws, issuer)
    for scope in (None, "write", "reads"):
        answer = api.get("/scoped", issuer.token(aws.now(), scope=scope))
        assert (answer.status_code, answer.json()) == (403, {"message": "Forbidden"}), scope
        assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]


def test_an_issuer_that_does_not_answer(aws: Aws, issuer: LocalIssuer) -> None:
    """D9: without keys nobody is let in; the failure is not remembered."""
    api = Secured(aws, issuer)
    token = issuer.token(aws.now())
    for path in ("/keys", "/.well-known/openid-configuration"):
        for answer in ((500, b"{}"), (200, b"no JSON"), (200, b"[]"), (302, b"")):
            issuer.answers[path] = answer
            assert api.get("/plain", token).status_code == 401, (path, answer)
        del issuer.answers[path]
    assert api.get("/plain", token).status_code == 200


def test_keys_elsewhere_are_not_fetched(aws: Aws, issuer: LocalIssuer) -> None:
    """Law 8: neither an issuer nor the keys that it points to may be outside of this machine."""
    api = Secured(aws, issuer)
    elsewhere = json.dumps({"jwks_uri": "https://example.com/keys"}).encode()
    issuer.answers["/.well-known/openid-configuration"] = (200, elsewhere)
    answer = api.get("/plain", issuer.token(aws.now()))
    assert answer.status_code == 401
    assert "JWKS communication error" in answer.headers["www-authenticate"]


@pytest.mark.parametrize(
    "url",
    [
        "https://user@issuer.example.com",
        "https://issuer.example.com?a",
        "http://127.0.0.1:1",
        "ftp://localhost/x",
        "http://[",
        "x",
    ],
)
def test_an_authorizer_needs_a_discovery_document(aws: Aws, issuer: LocalIssuer, url: str) -> None:
    """D9: what is no issuer's URL, or where nothing listens, is refused as AWS refuses it."""
    configuration = {"Issuer": url, "Audience": ["a"]}
    api = Api(aws)
    with pytest.raises(Exception, match="Caught exception when connecting to") as caught:
        authorizer(api, issuer, JwtConfiguration=configuration)
    message = caught.value.response["Error"]["Message"]  # type: ignore[attr-defined]
    assert message == (
        f"Caught exception when connecting to {url}/.well-known/openid-configuration for issuer {url}. "
        f"Please try again later. Error: Invalid issuer: {url}. Issuer must have a valid discovery endpoint ended with "
        "'/.well-known/openid-configuration'"
    )
    assert api.v2.get_authorizers(ApiId=api.api_id)["Items"] == []


@pytest.mark.parametrize(
    "changes",
    [
        {"IdentitySource": []},
        {"IdentitySource": ["$request.header.A", "$request.header.B"]},
        {"IdentitySource": ["$context.routeKey"]},
        {"JwtConfiguration": {"Audience": ["a"]}},
        {"JwtConfiguration": {"Issuer": "http://127.0.0.1:1", "Audience": []}},
        {"AuthorizerUri": "arn"},
        {"AuthorizerResultTtlInSeconds": 5},
        {"EnableSimpleResponses": True},
        {"IdentityValidationExpression": "a"},
    ],
)
def test_authorizers_that_are_no_jwt_authorizers(aws: Aws, issuer: LocalIssuer, changes: Json) -> None:
    api = Api(aws)
    with pytest.raises(Exception, match="BadRequestException"):
        authorizer(api, issuer, **changes)


def test_routes_need_an_authorizer_of_their_type(aws: Aws, issuer: LocalIssuer) -> None:
    """D9: and an authorizer that routes use can't be deleted."""
    api = Secured(aws, issuer)
    create = api.v2.create_route
    members = {"ApiId": api.api_id, "RouteKey": "GET /x"}
    assert refused(create, **members, AuthorizationType="JWT")["Message"] == (
        "Invalid authorizer ID specified. Setting the authorization type to JWT requires a valid JWT authorizer."
    )
    error = refused(create, **members, AuthorizationType="CUSTOM", AuthorizerId=api.authorizer_id)
    assert error["Code"] == "BadRequestException"
    error = refused(create, **members, AuthorizationScopes=["a"])
    assert error["Code"] == "BadRequestException"
    error = refused(api.v2.delete_authorizer, ApiId=api.api_id, AuthorizerId=api.authorizer_id)
    assert error["Code"] == "ConflictException"
    error = refused(api.v2.get_authorizer, ApiId=api.api_id, AuthorizerId="gone")
    assert (error["Code"], error["status"]) == ("NotFoundException", 404)


# -- who is let through ------------------------------------------------------------------------------------------


def test_good_tokens(aws: Aws, issuer: LocalIssuer) -> None:
    """D9: audiences in lists, `client_id` without `aud`, `scp` for `scope`, tokens without `Bearer` before them."""
    api = Secured(aws, issuer)
    at = aws.now()
    plain: list[Json] = [
        {},
        {"aud": ["x", "other"]},
        {"aud": None, "client_id": "api"},
        {"nbf": int(at)},
        {"iat": None},
    ]
    for changes in plain:
        assert api.get("/plain", issuer.token(at, **changes)).status_code == 200, changes
    scoped: list[Json] = [{"scope": "read write"}, {"scp": ["admin"]}, {"scp": "x admin"}]
    for changes in scoped:
        assert api.get("/scoped", issuer.token(at, **changes)).status_code == 200, changes
    for prefix in ("", "bearer ", "BEARER   "):
        header = {"Authorization": prefix + issuer.token(at)}
        assert api.request("GET", "/plain", headers=header).status_code == 200, prefix


def test_the_event_tells_who(aws: Aws, issuer: LocalIssuer) -> None:
    """D9: `requestContext.authorizer.jwt`: claims as text, lists as `[a b]`; scopes where the route has some."""
    api = Secured(aws, issuer)
    at = aws.now()
    token = issuer.token(at, groups=["a", "b"], scope="read", admin=True, level=3)
    claims = {
        "iss": issuer.url,
        "sub": "someone",
        "aud": "api",
        "iat": str(int(at) - 10),
        "exp": str(int(at) + 600),
        "groups": "[a b]",
        "scope": "read",
        "admin": "true",
        "level": "3",
    }
    found = api.get("/plain", token).json()["requestContext"]["authorizer"]
    assert found == {"jwt": {"claims": claims, "scopes": None}}
    found = api.get("/scoped", token).json()["requestContext"]["authorizer"]
    assert found == {"jwt": {"claims": claims, "scopes": ["read"]}}


def test_tokens_expire_on_the_clock(aws: Aws, issuer: LocalIssuer) -> None:
    """D9, law 2."""
    api = Secured(aws, issuer)
    token = issuer.token(aws.now())
    assert api.get("/plain", token).status_code == 200
    aws.advance(601)
    assert api.get("/plain", token).status_code == 401


def test_keys_are_kept_for_two_hours(aws: Aws, issuer: LocalIssuer) -> None:
    """D9: fetched once and kept up to 2 h on the clock: that long a key that was withdrawn still counts."""
    api = Secured(aws, issuer)
    issuer.requests.clear()
    for _ in range(3):
        assert api.get("/plain", issuer.token(aws.now())).status_code == 200
    assert issuer.requests == ["/.well-known/openid-configuration", "/keys"]
    issuer.keys = [public_key("second")]
    new = {"key": "second", "key_id": "second"}
    assert api.get("/plain", issuer.token(aws.now())).status_code == 200
    assert api.get("/plain", issuer.token(aws.now(), **new)).status_code == 401
    aws.advance(7200)
    assert api.get("/plain", issuer.token(aws.now())).status_code == 401
    assert api.get("/plain", issuer.token(aws.now(), **new)).status_code == 200
    assert len(issuer.requests) == 4


def test_a_token_in_the_query(aws: Aws, issuer: LocalIssuer) -> None:
    api = Secured(aws, issuer)
    api.v2.update_authorizer(
        ApiId=api.api_id, AuthorizerId=api.authorizer_id, IdentitySource=["$request.querystring.token"]
    )
    assert api.get("/plain", issuer.token(aws.now())).status_code == 401
    assert api.get(f"/plain?token={issuer.token(aws.now())}").status_code == 200


def test_a_preflight_has_to_pass_an_authorizer_that_it_fits(aws: Aws, issuer: LocalIssuer) -> None:
    """D9: with an authorized `$default` route an unauthorised `OPTIONS /{proxy+}` route is needed."""
    cors = {"AllowOrigins": ["https://a.example"], "AllowMethods": ["GET"]}
    api = Secured(aws, issuer, CorsConfiguration=cors)
    headers = {"Origin": "https://a.example", "Access-Control-Request-Method": "GET"}
    assert api.request("OPTIONS", "/plain", headers=headers).status_code == 204
    members = {"AuthorizationType": "JWT", "AuthorizerId": api.authorizer_id}
    api.v2.create_route(ApiId=api.api_id, RouteKey="$default", **members)
    denied = api.request("OPTIONS", "/plain", headers=headers)
    assert denied.status_code == 401
    assert denied.headers["access-control-allow-origin"] == "https://a.example"
    bearer = {**headers, "Authorization": f"Bearer {issuer.token(aws.now())}"}
    allowed = api.request("OPTIONS", "/plain", headers=bearer)
    assert (allowed.status_code, allowed.headers["access-control-allow-methods"]) == (204, "GET")
    api.v2.create_route(ApiId=api.api_id, RouteKey="OPTIONS /{proxy+}")
    assert api.request("OPTIONS", "/plain", headers=headers).status_code == 204


def test_access_logs_tell_who_and_why(aws: Aws, issuer: LocalIssuer) -> None:
    """D8, D9: `$context.authorizer.claims.…`, `$context.authorizer.error`, `$context.error.message`."""
    api = Secured(aws, issuer)
    group = f"/api/{api.api_id}"
    aws.client("logs").create_log_group(logGroupName=group)
    api.v2.update_stage(
        ApiId=api.api_id,
        StageName="$default",
        AccessLogSettings={
            "DestinationArn": f"arn:aws:logs:us-east-1:000000000000:log-group:{group}",
            "Format": "$context.requestId $context.status|$context.authorizer.claims.sub|$context.authorizer.error|"
            "$context.error.message",
        },
    )
    api.get("/plain", issuer.token(aws.now()))
    api.get("/plain", issuer.token(aws.now(), exp=1))
    aws.settle()
    events = aws.client("logs").filter_log_events(logGroupName=group)["events"]
    assert [event["message"].partition(" ")[2] for event in events] == [
        "200|someone|-|-",
        "401|-|the token has expired|Unauthorized",
    ]
