"""The gateway's own answers (D9)."""

from __future__ import annotations

import orjson

from harness.emulator.call import HttpResponse


def message(status: int, text: str) -> HttpResponse:
    """An answer of the gateway itself: `{"message": …}`."""
    return HttpResponse(status, [("content-type", "application/json")], orjson.dumps({"message": text}))
