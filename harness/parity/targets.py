"""The targets that can be compared, by the names that the command takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from harness.clients import without_aws_variables
from harness.problem import Problem
from harness.provision.workspace import Workspace
from harness.targets import AWS, EMBEDDED, LOCALSTACK
from harness.targets.endpoint import EndpointTarget
from harness.targets.probe import ACCOUNT, probe
from harness.targets.settings import EmulatorSettings
from harness.targets.table import own_target

_SEED = 7  # the suite's


def notes(target: EndpointTarget) -> list[str]:
    """What to know of the target before its figures are read."""
    told = [f"{target.url} is {target.kind}; it is emptied before every test"]
    if target.kept is not None:
        told.append(
            f"{target.url} has no reset of all: what tests made is removed by public APIs, and what stays all the "
            "same may fail later tests"
        )
    if target.account not in ("", ACCOUNT):
        told.append(
            f"{target.url} answers in the account {target.account}; the suite's ARNs name {ACCOUNT}, so tests may "
            f"fail by that alone (moto_server: MOTO_ACCOUNT_ID={ACCOUNT})"
        )
    return told


@contextmanager
def ready(name: str, workspace: Workspace) -> Iterator[EndpointTarget | None]:
    """The target, answering; None for the embedded one, for the suite starts emulators of its own. What was started for
    it ends with the context. Raises Problem."""
    check_name(name)
    if name == EMBEDDED:
        yield None
    elif name == LOCALSTACK:
        with without_aws_variables(), own_target(name, workspace, EmulatorSettings("manual", _SEED)) as pair:
            yield replace(probe(pair.endpoint_url), name=name)
        pair.forget()
    else:
        yield probe(name)


def check_name(name: str) -> None:
    """Raise Problem for what is no target."""
    if name == AWS:
        raise Problem(
            "The target aws cannot be compared: most conformance tests move a clock that a real account does not have, "
            "and all of them need an account that is emptied before every test."
        )
    if name not in (EMBEDDED, LOCALSTACK) and "://" not in name:
        raise Problem(
            f"There is no target {name}; use embedded, localstack, or an endpoint such as http://127.0.0.1:4566."
        )
