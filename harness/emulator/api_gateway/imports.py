"""What ImportRestApi, PutRestApi, ImportApi and ReimportApi refuse alike."""

from __future__ import annotations

from harness.emulator.api_gateway.answers import bad_request
from harness.emulator.api_gateway.openapi import Document, InvalidDocument
from harness.emulator.aside import Aside
from harness.emulator.errors import AwsError

_BASE_PATH_MODES = ("ignore", "prepend", "split")


async def parsed(aside: Aside, body: bytes) -> Document:
    """Raises BadRequestException for what is no OpenAPI document."""
    try:
        return await aside.read(Document.parse, body)
    except InvalidDocument as error:
        raise invalid_input() from error


def invalid_input() -> AwsError:
    return bad_request("Invalid OpenAPI input.")


def check_base_path_mode(mode: str) -> None:
    """Raises BadRequestException for what is none."""
    if mode not in _BASE_PATH_MODES:
        raise bad_request("Invalid basepath mode specified. Must be one of: [ignore, prepend, split]")
