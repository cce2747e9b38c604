"""What the end of a test means."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from harness.parity.outcome import FAIL, NO_ANSWER, NOT_SHOWN, SKIPPED
from harness.parity.phase import PASSED, PhaseOutcome, outcome_of, worse
from harness.parity.session import PATIENCE, CannotBeShown, ParitySession
from harness.targets import Capability
from harness.targets.admin import AdminError
from harness.targets.endpoint import EndpointTarget

PLAIN = EndpointTarget("http://127.0.0.1:9", "moto_server", frozenset({Capability.RESET}), "/moto-api/reset")
OURS = EndpointTarget(
    "http://127.0.0.1:9", "pipeline-harness", frozenset({Capability.ADMIN, Capability.CLOCK}), "/_harness/reset"
)
NO_ADMIN = f"needs admin, which {PLAIN.url} does not have"


def client_error(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "PutRecord")


def pytest_failure(text: str) -> BaseException:
    with pytest.raises(pytest.fail.Exception) as failure:
        pytest.fail(text)
    return failure.value


@pytest.mark.parametrize(
    ("error", "target", "expected"),
    [
        (client_error("Throttled", "Slow\n down"), PLAIN, PhaseOutcome(FAIL, "Throttled: Slow")),
        (client_error("500", "<html>"), PLAIN, PhaseOutcome(FAIL, "HTTP 500, not an error of AWS's: <html>")),
        (AssertionError("\n  assert 1 == 2\n  +where"), PLAIN, PhaseOutcome(FAIL, "assert 1 == 2")),
        (AssertionError(), PLAIN, PhaseOutcome(FAIL, "AssertionError")),
        (KeyError("Tags"), PLAIN, PhaseOutcome(FAIL, "KeyError: 'Tags'")),
        (pytest_failure("DID NOT RAISE ClientError"), PLAIN, PhaseOutcome(FAIL, "DID NOT RAISE ClientError")),
        (pytest_failure("Timeout (>60.0s) from pytest-timeout."), PLAIN, PhaseOutcome(NO_ANSWER, "no end within 60 s")),
        (httpx.ReadTimeout("timed out"), PLAIN, PhaseOutcome(NO_ANSWER, "ReadTimeout: timed out")),
        (CannotBeShown("needs clock", "clock"), PLAIN, PhaseOutcome(NOT_SHOWN, "needs clock", "clock")),
        (AdminError(404, "no"), PLAIN, PhaseOutcome(NOT_SHOWN, NO_ADMIN, "admin")),
        (AdminError(409, "no snapshot"), OURS, PhaseOutcome(NOT_SHOWN, "no snapshot", "admin")),
        (AdminError(404, "no trace"), OURS, PhaseOutcome(FAIL, "AdminError: no trace")),
        (AdminError(409, "no snapshot"), None, PhaseOutcome(FAIL, "AdminError: no snapshot")),
    ],
)  # fmt: skip
def test_the_kinds_of_ends(error: BaseException, target: EndpointTarget | None, expected: PhaseOutcome) -> None:
    assert outcome_of(error, target) == expected


@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url="http://127.0.0.1:9"),
        ReadTimeoutError(endpoint_url="http://127.0.0.1:9"),
        httpx.RemoteProtocolError("Server disconnected"),
    ],
)
def test_a_silent_target_is_told_from_one_that_answers(error: Any) -> None:
    assert outcome_of(error, PLAIN).outcome == NO_ANSWER


def test_a_skip_of_the_suites_own_is_kept_apart() -> None:
    with pytest.raises(pytest.skip.Exception) as skipped:
        pytest.skip("no Node here")
    assert outcome_of(skipped.value, PLAIN) == PhaseOutcome(SKIPPED, "no Node here")


def test_a_long_reason_is_cut() -> None:
    assert len(outcome_of(AssertionError("x" * 1000), PLAIN).reason) == 200


def test_the_graver_phase_counts_and_the_first_of_equals() -> None:
    setup, body, teardown = PhaseOutcome(NOT_SHOWN, "a"), PhaseOutcome(FAIL, "b"), PhaseOutcome(FAIL, "c")
    assert worse(worse(worse(PASSED, setup), body), teardown) == body
    assert worse(body, PASSED) == body


def test_what_a_target_lacks_is_told_by_its_word() -> None:
    session = ParitySession(PLAIN)
    session.require_admin("reset")
    for path, needs in [("clock/advance", "clock"), ("faults?kinds", "faults"), ("trace/x", "trace"), ("iam", "admin")]:
        with pytest.raises(CannotBeShown) as lacks:
            session.require_admin(path)
        assert (lacks.value.needs, str(lacks.value)) == (needs, f"needs {needs}, which {PLAIN.url} does not have")
    ParitySession(None).require_admin("clock/advance")
    ParitySession(OURS).require_admin("clock/advance")


def test_a_run_is_given_up_when_nothing_answers_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    alive = True
    monkeypatch.setattr(EndpointTarget, "alive", lambda self: alive)
    session = ParitySession(PLAIN)
    assert [session.hopeless(True) for _ in range(PATIENCE - 1)] == [""] * (PATIENCE - 1)
    assert session.hopeless(False) == ""
    told = [session.hopeless(True) for _ in range(PATIENCE)]
    assert told[:-1] == [""] * (PATIENCE - 1) and told[-1].endswith("gave no answer to 10 tests in a row")
    alive = False
    assert ParitySession(PLAIN).hopeless(True) == "http://127.0.0.1:9 stopped answering"
