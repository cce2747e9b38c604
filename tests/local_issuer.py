"""An issuer of JWTs on this machine: OpenID discovery, keys made at run time, tokens signed with them."""

from __future__ import annotations

import json
import threading
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa


@cache
def private_key(name: str) -> rsa.RSAPrivateKey:
    """A key of its own for each name, once per test process."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_key(name: str, key_id: str | None = None) -> dict[str, Any]:
    """The JSON Web Key of a private key, with `name` as its id if no other is given."""
    key: dict[str, Any] = jwt.algorithms.RSAAlgorithm.to_jwk(private_key(name).public_key(), as_dict=True)
    return {**key, "kid": key_id or name, "use": "sig", "alg": "RS256"}


class LocalIssuer:
    """Serves `/.well-known/openid-configuration` and `/keys`. `keys` and `answers` may be changed at any time."""

    def __init__(self) -> None:
        issuer = self
        self.requests: list[str] = []
        self.keys: list[dict[str, Any]] = [public_key("first")]
        self.answers: dict[str, tuple[int, bytes]] = {}
        """Path → status and body, instead of the right answer."""

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.requests.append(self.path)
                status, body = issuer.answers.get(self.path) or issuer.answer(self.path)
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Nothing on stderr."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, path: str) -> tuple[int, bytes]:
        documents: dict[str, dict[str, Any]] = {
            "/.well-known/openid-configuration": {"issuer": self.url, "jwks_uri": f"{self.url}/keys"},
            "/keys": {"keys": self.keys},
        }
        if path not in documents:
            return 404, b"not found"
        return 200, json.dumps(documents[path]).encode()

    def claims(self, now: float, **changes: Any) -> dict[str, Any]:
        """The claims of a good token at `now`; a change to None leaves a claim out."""
        claims = {"iss": self.url, "sub": "someone", "aud": "api", "iat": int(now) - 10, "exp": int(now) + 600}
        return {name: value for name, value in (claims | changes).items() if value is not None}

    def token(
        self,
        now: float,
        *,
        key: str = "first",
        key_id: str | None = "first",
        algorithm: str = "RS256",
        **changes: Any,
    ) -> str:
        headers = {"kid": key_id} if key_id is not None else {}
        return jwt.encode(self.claims(now, **changes), private_key(key), algorithm=algorithm, headers=headers)
