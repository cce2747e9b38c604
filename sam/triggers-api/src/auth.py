"""Who may call: AUTH_MODE=local knows one fixed key, AUTH_MODE=aws those of the DynamoDB table of keys."""

from __future__ import annotations

import hmac
import re
from typing import Annotated

from fastapi import Header

from src.database import is_active_key
from src.logs import logger
from src.problems import unauthorized
from src.settings import settings

LOCAL_API_KEY = "test-api-key-12345"
# scripts/seed_api_keys.py creates no others; what does not match needs no look-up.
_FORMAT = re.compile(r"[A-Za-z0-9_-]{16,128}")


def require_api_key(x_api_key: Annotated[str | None, Header()] = None) -> None:
    """A dependency of every route but the health check. The key itself is never logged or repeated."""
    if not x_api_key:
        logger.warning("Refused: no API key")
        raise unauthorized("The header X-API-Key is missing")
    if not _FORMAT.fullmatch(x_api_key) or not _is_known(x_api_key):
        logger.warning("Refused: the API key is unknown or not active")
        raise unauthorized("The API key is not valid")
    logger.debug("The API key is valid")


def _is_known(api_key: str) -> bool:
    if settings.auth_mode == "local":
        return hmac.compare_digest(api_key, LOCAL_API_KEY)
    return is_active_key(api_key)
