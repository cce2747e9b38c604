"""Tokens of issuers on the internet, for which built-in ones stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.json_object import Json
from harness.targets.admin import Admin


@dataclass(frozen=True)
class Tokens:
    """`tokens("https://tenant.example.com/", audience="api", scope="read")` is a signed JWT."""

    admin: Admin

    def __call__(
        self,
        issuer: str,
        *,
        audience: str | Sequence[str] | None = None,
        subject: str | None = None,
        scope: str | Sequence[str] = (),
        claims: Json | None = None,
        lifetime: float | None = None,
    ) -> str:
        """A token that is issued now. `scope` is one text with blanks or a list; `claims` come last, and None leaves a
        claim out; `lifetime` is in seconds of the emulator's clock, 3600 unless given.

        Without an audience it is for the first one of the authorizer that names the issuer. Raises AdminError that says
        what is wrong.
        """
        scopes = scope.split() if isinstance(scope, str) else list(scope)
        audiences = audience if audience is None or isinstance(audience, str) else list(audience)
        return self.admin.token(
            issuer, audience=audiences, subject=subject, scopes=scopes, claims=claims, lifetime=lifetime
        )
