"""The pytest plugin: a local AWS with your Terraform stack for every test, and handles on its time and its faults.

Nothing is started before a test asks for one of the fixtures. docs/pytest.md tells how to use it.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

import pytest

from harness.problem import Problem
from harness.targets import AWS, Capability, Target, lacks
from harness.testing.needs import NEEDS
from harness.testing.options import CONFIRMATION, OPTIONS, Options

if TYPE_CHECKING:
    from harness.containers import ContainerFaults
    from harness.targets.admin import Admin
    from harness.testing import Aws, Backup, Clock, Faults, SinkFactory, Stack, TestedLedger, Tokens
    from harness.testing.kept import KeptReport
    from harness.testing.public_faults import PublicFaults
    from harness.testing.report import Using
    from harness.testing.suite import Suite

# Importing the parts takes a while that a suite without these fixtures should not pay: it is done in the fixtures.

_USING: pytest.StashKey[Using] = pytest.StashKey()
_RUN: pytest.StashKey[str] = pytest.StashKey()
_KEPT: pytest.StashKey[KeptReport] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("harness", "pipeline-harness: a local AWS")
    for option in OPTIONS:
        group.addoption(option.flag, metavar=option.metavar, help=option.help)
        parser.addini(option.ini, option.help, default=None)
    group.addoption(CONFIRMATION, action="store_true", help="go ahead on aws after the estimate (docs/aws.md)")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "harness_aws(seconds=N): how long the test takes in real time, on aws")
    try:
        options = harness_options(config)
    except Problem as problem:
        raise pytest.UsageError(problem.sentence) from None
    from harness.testing.kept import KeptReport

    config.stash[_KEPT] = KeptReport(config)
    config.pluginmanager.register(config.stash[_KEPT])
    if options.target == AWS:
        from harness.account.runs import new_run_id
        from harness.testing.account_run import AccountRun

        config.stash[_RUN] = new_run_id()
        config.pluginmanager.register(AccountRun(harness_options(config)))


def harness_options(config: pytest.Config) -> Options:
    """The options of this run. Raises Problem."""
    # pytest-xdist's, in a worker and in the process that starts the workers.
    workers = int(getattr(config, "workerinput", {}).get("workercount", 0)) or len(config.getoption("tx", None) or [1])
    flags = {option.name: config.getoption(option.flag) for option in OPTIONS}
    ini = {option.name: config.getini(option.ini) for option in OPTIONS}
    run = config.stash.get(_RUN, None) or os.environ.get("PYTEST_XDIST_TESTRUNUID")
    return Options.read(config.rootpath, flags, ini, run, workers, bool(config.getoption(CONFIRMATION)))


@pytest.fixture(scope="session")
def harness_emulator(request: pytest.FixtureRequest) -> Iterator[Suite]:
    """The target of this process, with the stack applied; the other fixtures hand it out clean."""
    from harness.testing.opening import suite_on

    try:
        with suite_on(harness_options(request.config)) as suite:
            request.config.stash[_KEPT].look(suite.admin)
            yield suite
    except Problem as problem:
        pytest.fail(f"{problem.sentence}\n\n{problem.detail}".rstrip(), pytrace=False)
    if not request.session.testsfailed:
        suite.target.forget()


@pytest.fixture
def harness_clean(request: pytest.FixtureRequest, harness_emulator: Suite) -> Iterator[Suite]:
    """The target as it was after the apply: other data, faults, time and code are gone. AWS clients that the code
    under test makes reach it too."""
    from harness.clients import environment_leading_to
    from harness.testing.report import Using

    harness_emulator.clean()
    using = Using(harness_emulator, harness_emulator.now(), harness_emulator.target.log_position())
    request.node.stash[_USING] = using
    with environment_leading_to(harness_emulator.aws):
        yield harness_emulator


@pytest.fixture
def aws(harness_clean: Suite) -> Aws:
    """A clean local AWS: `aws.client("kinesis")`, `aws.url`."""
    return harness_clean.aws


@pytest.fixture
def stack(harness_clean: Suite) -> Stack:
    """The Terraform stack as it was after the apply: `stack.bucket_name` is an output."""
    from harness.testing.stack import Stack

    if harness_clean.outputs is None:
        pytest.fail(
            "The fixture stack needs a Terraform stack: --harness-stack PATH, or harness_stack = PATH in pytest.ini.",
            pytrace=False,
        )
    return Stack(harness_clean.aws, harness_clean.outputs, lambda: _need(harness_clean.target, Capability.RESET))


@pytest.fixture
def clock(harness_clean: Suite) -> Clock:
    """The emulator's time: `clock.advance(300)`, `clock.settle()`, `clock.now()`."""
    from harness.testing.clock import Clock

    return Clock(_admin(harness_clean.target, NEEDS["clock"]))


@pytest.fixture
def faults(harness_clean: Suite) -> Faults:
    """What goes wrong in this test: `faults.add({"fault": "error", …})`."""
    from harness.testing.faults import Faults

    return Faults(_admin(harness_clean.target, NEEDS["faults"]))


@pytest.fixture
def sink(harness_clean: Suite) -> SinkFactory:
    """HTTP endpoints: `sink("log-api.newrelic.com").requests`."""
    from harness.testing.sink import SinkFactory

    return SinkFactory(_admin(harness_clean.target, NEEDS["sink"]))


@pytest.fixture
def tokens(harness_clean: Suite) -> Tokens:
    """JWTs of issuers on the internet: `tokens("https://tenant.example.com/", audience="api", scope="read")`."""
    from harness.testing.tokens import Tokens

    return Tokens(_admin(harness_clean.target, NEEDS["tokens"]))


@pytest.fixture
def ledger(request: pytest.FixtureRequest, harness_clean: Suite) -> TestedLedger:
    """A ledger: `ledger.send(entry, payloads)`, `ledger.check(sinks).assert_valid()`."""
    from harness.testing.declared import declared_seconds
    from harness.testing.ledger import TestedLedger

    made = TestedLedger(harness_clean.seed, harness_clean.settle(declared_seconds(request.node)))
    request.node.stash[_USING].ledgers.append(made)
    return made


@pytest.fixture
def containers(harness_clean: Suite) -> Iterator[ContainerFaults]:
    """What happens to the target's containers: `with containers.paused("localstack"):`."""
    _need(harness_clean.target, NEEDS["containers"])
    containers = harness_clean.target.containers
    assert containers is not None
    yield containers
    containers.heal()


@pytest.fixture
def public_faults(harness_clean: Suite) -> PublicFaults:
    """What any AWS account can make go wrong: `with public_faults.no_concurrency(function):`. A test that denies is
    skipped where policies decide nothing."""
    from harness.testing.public_faults import PublicFaults

    admin = harness_clean.admin
    return PublicFaults(harness_clean.aws.client, lambda: admin is None or admin.iam_mode() == "enforce")


@pytest.fixture
def backup(harness_clean: Suite) -> Backup:
    """What Firehose and Lambda saved: `for saved in backup("bucket", "processing-failed/")`."""
    from harness.testing.backup import Backup

    return Backup(harness_clean.aws)


def _need(target: Target, capability: Capability) -> None:
    """Skip the test on a target that does not have the capability."""
    if capability not in target.capabilities:
        pytest.skip(lacks(target.name, capability))


def _admin(target: Target, capability: Capability) -> Admin:
    """The admin API of a target that has the capability; the test is skipped on one that does not."""
    _need(target, capability)
    return target.admin


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    using = item.stash.get(_USING, None)
    if using is not None and report.failed and not using.told:
        from harness.testing.report import sections

        using.told = True
        report.sections.extend(sections(using, item.nodeid, report.longreprtext))
    return report
