"""The targets that can be compared, by the names that the command takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from harness.parity.place import ACCOUNT, Place, probe
from harness.problem import Problem
from harness.testing.aws import without_aws_variables

EMBEDDED = "embedded"
LOCALSTACK = "localstack"

_SEED = 7  # the suite's


@dataclass(frozen=True)
class Chosen:
    """A target that is ready. `place` is None for the embedded one: the suite starts its own emulators."""

    name: str
    place: Place | None

    @property
    def url(self) -> str | None:
        return self.place.url if self.place is not None else None

    @property
    def notes(self) -> list[str]:
        """What to know of the target before its figures are read."""
        place = self.place
        if place is None:
            return []
        notes = [f"{place.url} is {place.kind}; it is emptied before every test"]
        if place.kept is not None:
            notes.append(
                f"{place.url} has no reset of all: what tests made is removed by public APIs, and what stays all the "
                "same may fail later tests"
            )
        if place.account not in ("", ACCOUNT):
            notes.append(
                f"{place.url} answers in the account {place.account}; the suite's ARNs name {ACCOUNT}, so tests may "
                f"fail by that alone (moto_server: MOTO_ACCOUNT_ID={ACCOUNT})"
            )
        return notes


@contextmanager
def ready(name: str) -> Iterator[Chosen]:
    """The target, answering. What was started for it ends with the context. Raises Problem."""
    check_name(name)
    if name == EMBEDDED:
        yield Chosen(name, None)
    elif name == LOCALSTACK:
        from harness.containers import LocalStackWithEdge

        # As in the pytest plugin: Logs are here, for LocalStack refuses events from a time that a test has moved on.
        with without_aws_variables(), LocalStackWithEdge(clock="manual", seed=_SEED, more_native=("logs",)) as pair:
            yield Chosen(name, probe(pair.url))
    else:
        place = probe(name)
        yield Chosen(place.url, place)


def check_name(name: str) -> None:
    """Raise Problem for what is no target."""
    if name == "aws":
        raise Problem(
            "The target aws cannot be compared: most conformance tests move a clock that a real account does not have, "
            "and all of them need an account that is emptied before every test."
        )
    if name not in (EMBEDDED, LOCALSTACK) and "://" not in name:
        raise Problem(
            f"There is no target {name}; use embedded, localstack, or an endpoint such as http://127.0.0.1:4566."
        )
