"""What the end of a phase of a test means: a difference, no answer, or something that the target cannot show."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from harness.parity.outcome import FAIL, NO_ANSWER, NOT_SHOWN, PASS, SKIPPED
from harness.parity.session import CannotBeShown
from harness.targets import Capability, lacks
from harness.targets.admin import AdminError
from harness.targets.endpoint import EndpointTarget

_LONGEST_REASON = 200
_TIMEOUT = re.compile(r"Timeout \(>([\d.]+)s\)")  # pytest-timeout's words
_CONFLICT = 409


@dataclass(frozen=True)
class PhaseOutcome:
    outcome: str
    reason: str = ""
    needs: str = ""


PASSED = PhaseOutcome(PASS)
# A test that failed in its body and in its clean-up is told by its body.
_GRAVITY = (PASS, SKIPPED, NOT_SHOWN, FAIL, NO_ANSWER)


def worse(first: PhaseOutcome, second: PhaseOutcome) -> PhaseOutcome:
    """The graver of two phases' outcomes, the first of equals."""
    return second if _GRAVITY.index(second.outcome) > _GRAVITY.index(first.outcome) else first


def outcome_of(error: BaseException, target: EndpointTarget | None) -> PhaseOutcome:
    """Of a phase of a test that ended with that exception."""
    if isinstance(error, CannotBeShown):
        return PhaseOutcome(NOT_SHOWN, one_line(str(error)), error.needs)
    if isinstance(error, pytest.skip.Exception):
        return PhaseOutcome(SKIPPED, one_line(str(error)))
    if isinstance(error, AdminError) and target is not None:
        if Capability.ADMIN not in target.capabilities:
            return PhaseOutcome(NOT_SHOWN, lacks(target.url, Capability.ADMIN), Capability.ADMIN)
        if error.status == _CONFLICT:
            return PhaseOutcome(NOT_SHOWN, one_line(error.sentence), Capability.ADMIN)
    timeout = _TIMEOUT.search(str(error)) if isinstance(error, pytest.fail.Exception) else None
    if timeout is not None:
        return PhaseOutcome(NO_ANSWER, f"no end within {float(timeout[1]):g} s")
    if _is_silence(error):
        return PhaseOutcome(NO_ANSWER, _told(error))
    return PhaseOutcome(FAIL, _told(error))


def one_line(text: str) -> str:
    """The first line that says something, cut where it is long."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    line = next((line for line in lines if line), "")
    return line if len(line) <= _LONGEST_REASON else line[: _LONGEST_REASON - 1] + "…"


def _told(error: BaseException) -> str:
    from botocore.exceptions import ClientError

    if isinstance(error, ClientError):
        told = error.response.get("Error", {})
        code, message = str(told.get("Code", "")), told.get("Message", "")
        if code.isdigit():  # botocore's code for an answer that is not in the service's protocol
            code = f"HTTP {code}, not an error of AWS's"
        return one_line(f"{code}: {message}")
    if isinstance(error, AssertionError):
        return one_line(str(error)) or "AssertionError"
    if isinstance(error, pytest.fail.Exception):
        return one_line(str(error))
    return one_line(f"{type(error).__name__}: {error}")


def _is_silence(error: BaseException) -> bool:
    """Whether a client gave up waiting, or found the connection broken."""
    import httpx
    from botocore.exceptions import ConnectionError as BotoConnectionError
    from botocore.exceptions import HTTPClientError

    return isinstance(error, HTTPClientError | BotoConnectionError | httpx.TransportError)
