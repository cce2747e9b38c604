"""JWT authorizers whose issuer is on the internet (D9): the built-in issuer of its name stands for it."""

from __future__ import annotations

from typing import Any

import httpx
import jwt
import pytest

from harness.emulator.outbound import Outbound
from harness.emulator.world import World
from harness.json_object import Json
from harness.targets.admin import Admin
from harness.testing.tokens import Tokens
from tests.conformance.test_http_api import ECHO, Api
from tests.conftest import Aws

POOL = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_abc"
TENANT = "https://tenant.example.com/"


class Secured(Api):
    """`GET /plain`, and `GET /scoped`, which asks for `read` or `admin`, behind an authorizer for the issuer."""

    def __init__(self, aws: Aws, issuer: str) -> None:
        super().__init__(aws)
        configuration = {"Issuer": issuer, "Audience": ["api", "other"]}
        made = self.v2.create_authorizer(
            ApiId=self.api_id,
            Name="jwt",
            AuthorizerType="JWT",
            IdentitySource=["$request.header.Authorization"],
            JwtConfiguration=configuration,
        )
        target = f"integrations/{self.function(ECHO)}"
        for key, scopes in (("GET /plain", []), ("GET /scoped", ["read", "admin"])):
            self.v2.create_route(
                ApiId=self.api_id,
                RouteKey=key,
                Target=target,
                AuthorizationType="JWT",
                AuthorizerId=made["AuthorizerId"],
                AuthorizationScopes=scopes,
            )

    def get(self, path: str, token: str) -> httpx.Response:
        return self.request("GET", path, headers={"Authorization": f"Bearer {token}"})


@pytest.fixture(autouse=True)
def none_yet(aws: Aws) -> None:
    """By the admin API of the fixture: a target without one skips these tests."""
    assert aws.admin("GET", "issuers") == {"issuers": []}


@pytest.fixture
def tokens(aws: Aws) -> Tokens:
    return Tokens(Admin(aws.url))


@pytest.mark.parametrize("issuer", [POOL, TENANT])
def test_no_request_leaves(aws: Aws, tokens: Tokens, issuer: str) -> None:
    """D9, law 8: made, listed and believed without a request; a token without an audience is for the authorizer's first
    one."""
    api = Secured(aws, issuer)
    listed = {"name": issuer[8:].rstrip("/"), "issuer": issuer, "audiences": ["api", "other"], "key_id": None}
    assert aws.admin("GET", "issuers") == {"issuers": [listed]}
    answer = api.get("/plain", tokens(issuer, subject="ann", claims={"groups": ["a", "b"]}))
    assert answer.status_code == 200
    claims = answer.json()["requestContext"]["authorizer"]["jwt"]["claims"]
    now = int(aws.now())
    assert claims == {
        "iss": issuer, "sub": "ann", "aud": "api", "iat": str(now), "exp": str(now + 3600), "groups": "[a b]"
    }  # fmt: skip
    assert api.get("/plain", tokens(issuer, claims={"client_id": "api"})).status_code == 200
    assert api.get("/scoped", tokens(issuer, scope="read write")).status_code == 200


def test_who_is_turned_away(aws: Aws, tokens: Tokens) -> None:
    """D9: audience, issuer, key, scope, each alone; before anybody has a token there is no key at all."""
    api = Secured(aws, TENANT)
    foreign = tokens("https://other.example.com/", subject="eve", claims={"iss": TENANT, "aud": "api"})

    def challenge(token: str, path: str = "/plain") -> tuple[int, str]:
        answer = api.get(path, token)
        return answer.status_code, answer.headers["www-authenticate"].partition("error_description=")[2].strip('"')

    assert challenge(foreign) == (401, "the token does not have a valid key id")
    assert challenge(tokens(TENANT, audience="else")) == (401, "the token does not have a valid audience")
    assert challenge(tokens(TENANT.rstrip("/"))) == (401, "the token does not have a valid issuer")
    assert challenge(tokens(TENANT, claims={"exp": None})) == (401, "the token has expired")
    assert challenge(tokens(TENANT, scope="write"), "/scoped") == (403, "the token does not have a valid scope")
    assert challenge(foreign) == (401, "the token does not have a valid key id")
    header, _, signature = tokens(TENANT).split(".")
    assert challenge(f"{header}.{foreign.split('.')[1]}.{signature}") == (
        401, "the token does not have a valid signature"
    )  # fmt: skip


def test_a_token_ends_on_the_clock(aws: Aws, tokens: Tokens) -> None:
    """D9, law 2."""
    api = Secured(aws, POOL)
    token = tokens(POOL, lifetime=60)
    assert api.get("/plain", token).status_code == 200
    aws.advance(61)
    assert api.get("/plain", token).status_code == 401
    assert api.get("/plain", tokens(POOL, lifetime=60)).status_code == 200


def test_a_snapshot_keeps_the_key(aws: Aws, tokens: Tokens) -> None:
    api = Secured(aws, POOL)
    token = tokens(POOL)
    before = aws.admin("GET", "issuers")
    aws.admin("PUT", "snapshots/issuer-1")
    aws.admin("POST", "reset")
    assert aws.admin("GET", "issuers") == {"issuers": []}
    tokens(POOL)  # another key
    aws.admin("POST", "snapshots/issuer-1")
    aws.admin("DELETE", "snapshots/issuer-1")
    assert aws.admin("GET", "issuers") == before
    assert api.get("/plain", token).status_code == 200


@pytest.mark.parametrize("issuer", [POOL, TENANT])
def test_documents_are_readable(aws: Aws, tokens: Tokens, issuer: str) -> None:
    """What a function reads that verifies tokens itself."""
    Secured(aws, issuer)
    found = aws.admin("GET", f"issuers/{issuer[8:].rstrip('/')}/.well-known/openid-configuration")
    assert found["issuer"] == issuer
    (key,) = httpx.get(found["jwks_uri"]).json()["keys"]
    claims = jwt.decode(
        tokens(issuer), jwt.PyJWK(key).key, algorithms=["RS256"], audience="api", options={"verify_exp": False,
        "verify_iat": False}
    )  # fmt: skip
    assert (claims["iss"], key["kid"]) == (issuer, aws.admin("GET", "issuers")["issuers"][0]["key_id"])
    assert set(key) == {"kty", "n", "e", "kid", "use", "alg"}  # nothing private


def test_an_allowed_host_is_asked_itself() -> None:
    """--allow-host: no built-in issuer stands for what requests may go to."""
    issuers = World(outbound=Outbound(["idp.example.com"])).issuers
    assert not issuers.stand_for("https://idp.example.com/x")
    assert issuers.stand_for("https://idp.example.org/x")


BAD: list[tuple[str, Json, str]] = [
    ("tenant.example.com", {"lifetime": 0}, "lifetime must be more than 0 seconds"),
    ("tenant.example.com", {"lifetime": -1}, "lifetime must be from 0 to"),
    ("tenant.example.com", {"lifetime": "1h"}, "lifetime must be a number of seconds"),
    ("tenant.example.com", {"claims": []}, "claims must be an object"),
    ("tenant.example.com", {"scopes": "read"}, "scopes must be a list of texts"),
    ("tenant.example.com", {"audience": [1]}, "audience must be a text or a list of texts"),
    ("tenant.example.com", {"subject": 1}, "subject must be a text"),
    ("tenant.example.com", {"issuer": "https://other.example.com"}, "issuer must be a URL of tenant.example.com"),
    ("tenant.example.com", {"issuer": 1}, "issuer must be a URL of tenant.example.com"),
    ("tenant.example.com", {"scope": []}, "unknown member 'scope'"),
    ("127.0.0.1", {}, "127.0.0.1 is reached as it is, so no built-in issuer stands for it"),
    ("user@tenant.example.com", {}, "'https://user@tenant.example.com' is no URL of an issuer"),
]


@pytest.mark.parametrize(("name", "body", "sentence"), BAD)
def test_bad_input_is_told(aws: Aws, name: str, body: Any, sentence: str) -> None:
    answer = aws.http.post(f"/_harness/issuers/{name}/tokens", json=body)
    assert answer.status_code == 400
    assert sentence in answer.json()["message"]
    assert aws.admin("GET", "issuers") == {"issuers": []}


def test_paths_and_methods(aws: Aws) -> None:
    assert aws.http.get("/_harness/issuers/a.example.com/tokens").status_code == 405
    assert aws.http.post("/_harness/issuers/a.example.com/jwks.json").status_code == 405
    assert aws.http.get("/_harness/issuers/a.example.com/else").status_code == 404
