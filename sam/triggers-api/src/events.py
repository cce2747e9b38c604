"""What callers send: a new event in the body of a POST."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from src.auth import require_api_key
from src.problems import invalid_request

MAX_PAYLOAD_BYTES = 256 * 1024

Name = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9._-]+$")]


class NewEvent(BaseModel):
    """`source` and `event_type` are names such as `orders` and `order.created`; `payload` is any JSON object."""

    model_config = ConfigDict(extra="forbid", strict=True)

    source: Name
    event_type: Name
    payload: dict[str, Any]

    @field_validator("payload")
    @classmethod
    def can_be_stored(cls, payload: dict[str, Any]) -> dict[str, Any]:
        # allow_nan: NaN and Infinity are not JSON, though parsers take them.
        if len(json.dumps(payload, allow_nan=False)) > MAX_PAYLOAD_BYTES:
            raise ValueError(f"is larger than {MAX_PAYLOAD_BYTES} bytes")
        return payload


async def new_event(request: Request, _: Annotated[None, Depends(require_api_key)]) -> NewEvent:
    """The body. Read here and not by FastAPI, which reads it before it asks who the caller is."""
    try:
        return NewEvent.model_validate_json(await request.body())
    except ValidationError as error:
        raise invalid_request(error.errors()) from None
