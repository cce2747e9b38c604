"""What the end of a test means."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from harness.parity.outcome import FAIL, NO_ANSWER, NOT_SHOWN, SKIPPED
from harness.parity.place import Place
from harness.parity.session import PATIENCE, CannotBeShown, ParitySession
from harness.parity.verdict import PASSED, Verdict, verdict_of, worse
from harness.targets.admin import AdminError

PLAIN = Place("http://127.0.0.1:9", "moto_server", frozenset({"reset"}), "/moto-api/reset")
OURS = Place("http://127.0.0.1:9", "pipeline-harness", frozenset({"admin", "clock"}), "/_harness/reset")


def client_error(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "PutRecord")


def pytest_failure(text: str) -> BaseException:
    with pytest.raises(pytest.fail.Exception) as failure:
        pytest.fail(text)
    return failure.value


@pytest.mark.parametrize(
    ("error", "place", "expected"),
    [
        (client_error("Throttled", "Slow\n down"), PLAIN, Verdict(FAIL, "Throttled: Slow")),
        (client_error("500", "<html>"), PLAIN, Verdict(FAIL, "HTTP 500, not an error of AWS's: <html>")),
        (AssertionError("\n  assert 1 == 2\n  +where"), PLAIN, Verdict(FAIL, "assert 1 == 2")),
        (AssertionError(), PLAIN, Verdict(FAIL, "AssertionError")),
        (KeyError("Tags"), PLAIN, Verdict(FAIL, "KeyError: 'Tags'")),
        (pytest_failure("DID NOT RAISE ClientError"), PLAIN, Verdict(FAIL, "DID NOT RAISE ClientError")),
        (pytest_failure("Timeout (>60.0s) from pytest-timeout."), PLAIN, Verdict(NO_ANSWER, "no end within 60 s")),
        (httpx.ReadTimeout("timed out"), PLAIN, Verdict(NO_ANSWER, "ReadTimeout: timed out")),
        (CannotBeShown("needs clock", "clock"), PLAIN, Verdict(NOT_SHOWN, "needs clock", "clock")),
        (AdminError(404, "no"), PLAIN, Verdict(NOT_SHOWN, f"needs admin, which {PLAIN.url} does not have", "admin")),
        (AdminError(409, "no snapshot"), OURS, Verdict(NOT_SHOWN, "no snapshot", "admin")),
        (AdminError(404, "no trace"), OURS, Verdict(FAIL, "AdminError: no trace")),
        (AdminError(409, "no snapshot"), None, Verdict(FAIL, "AdminError: no snapshot")),
    ],
)  # fmt: skip
def test_the_kinds_of_ends(error: BaseException, place: Place | None, expected: Verdict) -> None:
    assert verdict_of(error, place) == expected


@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url="http://127.0.0.1:9"),
        ReadTimeoutError(endpoint_url="http://127.0.0.1:9"),
        httpx.RemoteProtocolError("Server disconnected"),
    ],
)
def test_a_silent_target_is_told_from_one_that_answers(error: Any) -> None:
    assert verdict_of(error, PLAIN).outcome == NO_ANSWER


def test_a_skip_of_the_suites_own_is_kept_apart() -> None:
    with pytest.raises(pytest.skip.Exception) as skipped:
        pytest.skip("no Node here")
    assert verdict_of(skipped.value, PLAIN) == Verdict(SKIPPED, "no Node here")


def test_a_long_reason_is_cut() -> None:
    assert len(verdict_of(AssertionError("x" * 1000), PLAIN).reason) == 200


def test_the_graver_phase_counts_and_the_first_of_equals() -> None:
    setup, body, teardown = Verdict(NOT_SHOWN, "a"), Verdict(FAIL, "b"), Verdict(FAIL, "c")
    assert worse(worse(worse(PASSED, setup), body), teardown) == body
    assert worse(body, PASSED) == body


def test_what_a_place_lacks_is_told_by_its_word() -> None:
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
    monkeypatch.setattr(Place, "answers", lambda self: alive)
    session = ParitySession(PLAIN)
    assert [session.hopeless(True) for _ in range(PATIENCE - 1)] == [""] * (PATIENCE - 1)
    assert session.hopeless(False) == ""
    told = [session.hopeless(True) for _ in range(PATIENCE)]
    assert told[:-1] == [""] * (PATIENCE - 1) and told[-1].endswith("gave no answer to 10 tests in a row")
    alive = False
    assert ParitySession(PLAIN).hopeless(True) == "http://127.0.0.1:9 stopped answering"
