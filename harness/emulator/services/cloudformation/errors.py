"""CloudFormation's errors. Nearly all are `ValidationError` with a sentence."""

from __future__ import annotations

from harness.emulator.errors import AwsError


def validation_error(message: str) -> AwsError:
    return AwsError("ValidationError", message)


def format_error(message: str) -> AwsError:
    """A template that is not built as a template must be."""
    return validation_error(f"Template format error: {message}")


def template_error(message: str) -> AwsError:
    """A function of the template that is used wrongly."""
    return validation_error(f"Template error: {message}")


def already_exists(message: str) -> AwsError:
    return AwsError("AlreadyExistsException", message)


def insufficient_capabilities(needed: list[str]) -> AwsError:
    return AwsError("InsufficientCapabilitiesException", f"Requires capabilities : [{', '.join(needed)}]")
