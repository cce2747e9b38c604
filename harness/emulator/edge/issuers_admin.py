"""`/_harness/issuers/<host>/…`: what a built-in token issuer publishes, and tokens of it (docs/authorizers.md).

`<host>` is the issuer's URL without scheme and last slash, with its path if it has one.

GET  /_harness/issuers/<host>/.well-known/openid-configuration
GET  /_harness/issuers/<host>/jwks.json
POST /_harness/issuers/<host>/tokens   {"issuer", "audience", "subject", "scopes", "claims", "lifetime"}, all optional
"""

from __future__ import annotations

from harness.emulator.call import HttpRequest
from harness.emulator.edge.admin_input import body_of, seconds_of
from harness.emulator.edge.admin_problem import AdminProblem
from harness.emulator.issuers import Issuers, name_of
from harness.json_object import Json

_DISCOVERY = "/.well-known/openid-configuration"
_KEYS = "/jwks.json"
_TOKENS = "/tokens"
_MEMBERS = {"issuer", "audience", "subject", "scopes", "claims", "lifetime"}
_SUBJECT = "test-user"
_LIFETIME = 3600.0


async def issuer_document(issuers: Issuers, request: HttpRequest, method: str, path: str) -> Json:
    """The JSON answer; `path` is what follows `issuers/`. Raises AdminProblem."""
    what = next((end for end in (_DISCOVERY, _KEYS, _TOKENS) if path.endswith(end)), None)
    if what is None:
        raise AdminProblem(404, f"there is no {request.path}")
    wanted = "POST" if what == _TOKENS else "GET"
    if method != wanted:
        raise AdminProblem(405, f"issuers/<host>{what} takes {wanted}, not {method}")
    name = _name(issuers, f"https://{path.removesuffix(what)}")
    if what == _DISCOVERY:
        return issuers.discovery(name)
    return await (issuers.jwks(name) if what == _KEYS else _token(issuers, name, request))


def _name(issuers: Issuers, url: str) -> str:
    try:
        name = name_of(url)
    except ValueError as error:
        raise AdminProblem(400, str(error)) from error
    if not issuers.stand_for(url):
        raise AdminProblem(400, f"{name} is reached as it is, so no built-in issuer stands for it")
    return name


async def _token(issuers: Issuers, name: str, request: HttpRequest) -> Json:
    content = body_of(request, _MEMBERS)
    url = content.get("issuer")
    if url is not None and (not isinstance(url, str) or _name(issuers, url) != name):
        raise AdminProblem(400, f"issuer must be a URL of {name}")
    subject = content.get("subject", _SUBJECT)
    if not isinstance(subject, str):
        raise AdminProblem(400, "subject must be a text")
    audience = content.get("audience")
    if audience is not None and not isinstance(audience, str) and not _texts(audience):
        raise AdminProblem(400, "audience must be a text or a list of texts")
    scopes = content.get("scopes", [])
    if not _texts(scopes):
        raise AdminProblem(400, "scopes must be a list of texts")
    claims = content.get("claims", {})
    if not isinstance(claims, dict):
        raise AdminProblem(400, "claims must be an object")
    lifetime = seconds_of(content, "lifetime", _LIFETIME)
    if lifetime == 0:
        raise AdminProblem(400, "lifetime must be more than 0 seconds")
    return await issuers.token(
        name, url=url, subject=subject, audience=audience, scopes=scopes, claims=claims, lifetime=lifetime
    )


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)
