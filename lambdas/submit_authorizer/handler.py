"""Lambda authorizer of the submit API: lets those pass who send `Authorization: Bearer <token>` with a known token.

TOKEN_DIGESTS holds the SHA-256 of every token, in hex, separated by commas: the tokens themselves are nowhere.
"""

import hashlib
import hmac
import logging
import os
from typing import Any

logger = logging.getLogger()
logger.setLevel("INFO")


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer an HTTP API's authorizer event (payload 2.0) with a simple response. The token is never logged."""
    authorized = is_known(event["identitySource"][0], os.environ.get("TOKEN_DIGESTS", ""))
    logger.info("%s: %s", event.get("routeKey"), "allowed" if authorized else "denied")
    return {"isAuthorized": authorized}


def is_known(authorization: str, digests: str) -> bool:
    """Whether the value of the header Authorization bears a token with one of the digests."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        return False
    digest = hashlib.sha256(token.encode()).hexdigest()
    return any(hmac.compare_digest(digest, known) for known in digests.split(","))
