"""Built-in token issuers: what stands here for an OpenID provider on the internet, named after its host and path.

Its discovery document and its keys are made here and its tokens are signed here, so no request leaves (law 8). A key is
random, made when it is first needed, and kept in the store: snapshots and the journal have it. It is a key for tests:
whoever reaches the admin API signs with it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from harness.emulator.outbound import Outbound
from harness.emulator.store import Store, Table
from harness.json_object import Json

ALGORITHM = "RS256"
_NAME = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?(:[0-9]{1,5})?(/[A-Za-z0-9._~+-]+)*")
_LONGEST = 1000


@dataclass(frozen=True)
class Issuer:
    """`url` as an authorizer, or whoever asked for a token first, wrote it: `iss` has to be the same text. `audiences`
    are those of the authorizer that named it last."""

    url: str
    audiences: tuple[str, ...] = ()
    private_key: bytes = b""
    """PEM; empty until somebody needs it."""
    public_key: Json | None = None
    """The JSON Web Key, with `kid`."""


def name_of(url: str) -> str:
    """The issuer's name: its URL without scheme and last slash. Raises ValueError for what is no issuer's URL."""
    parts = urlsplit(url)
    name = parts.netloc.lower() + parts.path.rstrip("/")
    plain = url.partition("://")[2].rstrip("/")
    sound = parts.scheme in ("http", "https") and len(plain) == len(name) <= _LONGEST and _NAME.fullmatch(name)
    if not sound or parts.port == 0:
        raise ValueError(f"{url!r} is no URL of an issuer such as https://tenant.example.com/")
    return name


class Issuers:
    """The issuers by name. Rows live in the store."""

    def __init__(self, store: Store, outbound: Outbound, now: Callable[[], float], endpoint: Callable[[], str]) -> None:
        self._rows: Table[str, Issuer] = store.table("issuers")
        self._outbound = outbound
        self._now = now
        self._endpoint = endpoint

    def stand_for(self, url: str) -> bool:
        """Whether the issuer with this URL is built in: on no host that requests may go to."""
        try:
            name_of(url)
        except ValueError:
            return False
        return not self._outbound.reaches(urlsplit(url).hostname or "")

    def named(self, url: str, audiences: Sequence[str]) -> None:
        """An authorizer names the issuer; tokens are for its audiences where nobody says for whom."""
        name = name_of(url)
        before = self._rows.get(name)
        after = replace(before or Issuer(url), url=url, audiences=tuple(audiences))
        if after != before:
            self._rows.put(name, after)

    def all(self) -> list[Json]:
        """`[{"name", "issuer", "audiences", "key_id"}]` by name; no key id before there is a key."""
        return [
            {
                "name": name,
                "issuer": issuer.url,
                "audiences": list(issuer.audiences),
                "key_id": issuer.public_key["kid"] if issuer.public_key else None,
            }
            for name, issuer in sorted(self._rows.items())
        ]

    def keys(self, url: str) -> dict[str, Json]:
        """Key id → JSON Web Key of the issuer; none before anybody needed its key: nothing can be signed with it."""
        issuer = self._rows.get(name_of(url))
        return {issuer.public_key["kid"]: issuer.public_key} if issuer and issuer.public_key else {}

    def discovery(self, name: str) -> Json:
        """The document of OpenID Connect Discovery 1.0, of which there is what an issuer without a login page has."""
        issuer = self._rows.get(name)
        return {
            "issuer": issuer.url if issuer else f"https://{name}",
            "jwks_uri": f"{self._endpoint()}/_harness/issuers/{name}/jwks.json",
            "response_types_supported": ["token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [ALGORITHM],
        }

    async def jwks(self, name: str) -> Json:
        """The JSON Web Key Set: `{"keys": [one]}`."""
        return {"keys": [(await self._with_key(name, None)).public_key]}

    async def token(
        self,
        name: str,
        *,
        url: str | None,
        subject: str,
        audience: str | list[str] | None,
        scopes: list[str],
        claims: Json,
        lifetime: float,
    ) -> Json:
        """`{"token", "claims"}`: one that is issued now and ends after `lifetime` seconds of the world's clock.

        Without a URL `iss` is what the authorizer says, without an audience `aud` is the authorizer's first, unless the
        claims have a `client_id`. `claims` come last: None leaves a claim out.
        """
        import jwt  # here: cryptography takes 60 ms

        issuer = await self._with_key(name, url)
        assert issuer.public_key is not None
        if audience is None and "client_id" not in claims and issuer.audiences:
            audience = issuer.audiences[0]
        now = int(self._now())
        made: Json = {"iss": url or issuer.url, "sub": subject, "aud": audience, "iat": now, "exp": int(now + lifetime)}
        made["scope"] = " ".join(scopes) or None
        made = {claim: value for claim, value in (made | claims).items() if value is not None}
        signer = jwt.PyJWS()
        # Not jwt.encode, which has opinions about claims: a test may want bad ones.
        payload = _json(made)
        token = signer.encode(payload, issuer.private_key, ALGORITHM, {"kid": issuer.public_key["kid"], "typ": "JWT"})
        return {"token": token, "claims": made}

    async def _with_key(self, name: str, url: str | None) -> Issuer:
        """The issuer; it exists from now on."""
        issuer = self._rows.get(name)
        if issuer is None or issuer.public_key is None:
            private, public = await asyncio.to_thread(_new_key)
            issuer = self._rows.get(name) or Issuer(url or f"https://{name}")
            if issuer.public_key is None:  # nobody was quicker
                issuer = replace(issuer, private_key=private, public_key=public)
                self._rows.put(name, issuer)
        return issuer


def _json(claims: Json) -> bytes:
    import json  # orjson refuses integers above 64 bits, which a claim may be

    return json.dumps(claims, separators=(",", ":")).encode()


def _new_key() -> tuple[bytes, Json]:
    """A private key as PEM, and its JSON Web Key, whose id is its thumbprint (RFC 7638). Takes about 0.1 s."""
    import base64
    import hashlib
    import json

    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from jwt.algorithms import RSAAlgorithm

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    numbers = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    public = {member: numbers[member] for member in ("e", "kty", "n")}
    digest = hashlib.sha256(json.dumps(public, separators=(",", ":"), sort_keys=True).encode()).digest()
    key_id = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    return pem, {**public, "kid": key_id, "use": "sig", "alg": ALGORITHM}
