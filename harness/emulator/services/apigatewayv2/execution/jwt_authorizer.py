"""JWT authorizers: the token's signature, issuer, audience, times and scopes (D9).

Of AWS's descriptions in `www-authenticate`, the one of the audience is documented; the others are worded after it.
"""

from __future__ import annotations

from typing import Any

import orjson

from harness.emulator.services.apigatewayv2.execution.authorization import Authorized, Denied, identity
from harness.emulator.services.apigatewayv2.execution.event import Exchange
from harness.emulator.services.apigatewayv2.execution.issuer import IssuerKeys, Unreachable
from harness.json_object import Json

_ALGORITHMS = ("RS256", "RS384", "RS512")


class _Invalid(Exception):
    """The token is not to be trusted: 401."""


class JwtAuthorizer:
    def __init__(self, keys: IssuerKeys) -> None:
        self._keys = keys

    async def authorize(self, authorizer: Json, route: Json, x: Exchange) -> Authorized:
        """Raises Denied: 401 for a token that is missing or not to be trusted, 403 for one without the scopes."""
        try:
            value = identity(authorizer["IdentitySource"], x)[0]
        except Denied as missing:
            missing.challenge = "Bearer"
            raise
        configuration = authorizer["JwtConfiguration"]
        try:
            claims = await self._verified(_token(value), configuration["Issuer"])
            _check_claims(claims, configuration, x.now)
        except (_Invalid, Unreachable) as problem:
            raise Denied(401, str(problem), _challenge("invalid_token", str(problem))) from problem
        wanted = route.get("AuthorizationScopes")
        scopes = _scopes(claims)
        if wanted and not set(wanted) & set(scopes):
            reason = "the token does not have a valid scope"
            raise Denied(403, reason, _challenge("insufficient_scope", reason, " ".join(wanted)))
        texts = {name: _text(value) for name, value in claims.items()}
        found = {"claims": texts, "scopes": scopes if wanted else None}
        return Authorized({"jwt": found}, found, {f"claims.{name}": value for name, value in texts.items()})

    async def _verified(self, token: str, issuer: str) -> Json:
        """The claims of a token that one of the issuer's keys has signed. Raises _Invalid, Unreachable."""
        import jwt  # here: cryptography takes 60 ms, and most worlds have no JWT authorizer

        try:
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError:
            raise _Invalid("the token is malformed") from None
        algorithm, key_id = header.get("alg"), header.get("kid")
        if algorithm not in _ALGORITHMS:
            raise _Invalid(f"signing method {algorithm} is invalid")
        if not isinstance(key_id, str):
            raise _Invalid("the token does not have a key id")
        key = (await self._keys.of(issuer)).get(key_id)
        if key is None or key.get("kty") != "RSA" or key.get("alg", algorithm) != algorithm:
            raise _Invalid("the token does not have a valid key id")
        try:
            # The library's own checks of times would go by the machine's clock, not by the world's.
            signed = jwt.PyJWS(algorithms=_ALGORITHMS).decode_complete(
                token, jwt.PyJWK(key, algorithm).key, algorithms=[algorithm]
            )
            claims = orjson.loads(signed["payload"])
        except jwt.PyJWTError:
            raise _Invalid("the token does not have a valid signature") from None
        except orjson.JSONDecodeError:
            claims = None
        if not isinstance(claims, dict):
            raise _Invalid("the token is malformed")
        return claims


def _check_claims(claims: Json, configuration: Json, now: float) -> None:
    if claims.get("iss") != configuration["Issuer"]:
        raise _Invalid("the token does not have a valid issuer")
    audience = claims["aud"] if "aud" in claims else claims.get("client_id")
    given = audience if isinstance(audience, list) else [audience]
    if not any(item in configuration["Audience"] for item in given):
        raise _Invalid("the token does not have a valid audience")
    expires, begins, issued = (_time(claims, name) for name in ("exp", "nbf", "iat"))
    if expires is None or expires <= now:
        raise _Invalid("the token has expired")
    if begins is not None and begins > now:
        raise _Invalid("the token is not valid yet")
    if issued is not None and issued > now:
        raise _Invalid("the token was issued in the future")


def _time(claims: Json, name: str) -> float | None:
    """Epoch seconds; None for none. Raises _Invalid for what is no number."""
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Invalid(f"the token does not have a valid {name}")
    return float(value)


def _token(value: str) -> str:
    """The token itself: `Bearer` may stand before it."""
    scheme, _, rest = value.strip().partition(" ")
    return rest.strip() if scheme.lower() == "bearer" else value.strip()


def _scopes(claims: Json) -> list[str]:
    """Of `scope` or `scp`: a text with blanks, or a list."""
    found = claims.get("scope", claims.get("scp"))
    if isinstance(found, str):
        return found.split()
    return [item for item in found if isinstance(item, str)] if isinstance(found, list) else []


def _text(value: Any) -> str:
    """A claim as events and logs have it: text, lists as `[a b]`."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return f"[{' '.join(_text(item) for item in value)}]"
    return orjson.dumps(value).decode()


def _challenge(error: str, description: str, scope: str = "") -> str:
    return f'Bearer scope="{scope}" error="{error}" error_description="{description}"'
