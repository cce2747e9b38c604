"""What the environment says. The SAM template sets it in AWS; every value has a default for local work."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

AUTH_MODES = ("local", "aws")
_REQUIRED_IN_AWS = ("DYNAMODB_TABLE_EVENTS", "DYNAMODB_TABLE_KEYS")


@dataclass(frozen=True)
class Settings:
    """`dynamodb_endpoint_url` is for local work only: without it DynamoDB is that of the region."""

    stage: str
    events_table: str
    keys_table: str
    region: str
    auth_mode: str
    log_level: str
    dynamodb_endpoint_url: str | None

    @classmethod
    def read(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Raises ValueError naming the variable that is missing in AWS mode, or unknown."""
        auth_mode = environ.get("AUTH_MODE") or "local"
        if auth_mode not in AUTH_MODES:
            raise ValueError(f"AUTH_MODE is {auth_mode!r}; it must be one of {', '.join(AUTH_MODES)}")
        missing = [name for name in _REQUIRED_IN_AWS if not environ.get(name)]
        if auth_mode == "aws" and missing:
            raise ValueError(f"AUTH_MODE=aws needs {' and '.join(missing)}")
        stage = environ.get("STAGE") or "local"
        return cls(
            stage=stage,
            events_table=environ.get("DYNAMODB_TABLE_EVENTS") or f"triggers-api-events-{stage}",
            keys_table=environ.get("DYNAMODB_TABLE_KEYS") or f"triggers-api-keys-{stage}",
            region=environ.get("AWS_REGION") or "us-east-1",
            auth_mode=auth_mode,
            log_level=environ.get("LOG_LEVEL") or "INFO",
            dynamodb_endpoint_url=environ.get("DYNAMODB_ENDPOINT_URL") or None,
        )


settings = Settings.read()
