"""Running drills: one after the other, on one emulator that is reset in between; those that kill it on another one.

What a target cannot do is not tried: the drill is skipped, with the reason.
"""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from harness.drills.arrival_times import arrival_times
from harness.drills.drill import Act, Drill, Heal, Send, SendMeanwhile, Wait
from harness.drills.drill_run import Clients, DrillRun
from harness.drills.needs import lacking
from harness.drills.result import Moment, Result, Results
from harness.drills.verdict import Evidence, Verdict, judge
from harness.ledger import ByClock, Report
from harness.problem import Problem
from harness.provision.workspace import Workspace
from harness.targets import CAPABILITIES, DEFAULT_TARGET, Capability, Target
from harness.targets.admin import AdminError
from harness.targets.settings import EmulatorSettings
from harness.targets.table import own_target

Told = Callable[[Result], None]


def run_drills(
    drills: Sequence[Drill],
    seed: int,
    workspace: Workspace,
    told: Told = lambda result: None,
    target: str = DEFAULT_TARGET,
) -> Results:
    """Run drills in order; `told` hears each result at once. Raises Problem when the target does not come up."""
    began = time.monotonic()
    results: list[Result] = []
    with contextlib.ExitStack() as stack:
        opened: dict[bool, tuple[Target, Clients]] = {}
        for drill in drills:
            if missing := lacking(drill, target, CAPABILITIES[target]):
                results.append(Result(drill, seed, Verdict("skipped", missing), 0.0, 0.0))
            else:
                # Containers keep their state always: one pair serves all drills.
                durable = drill.durable and Capability.CONTAINERS not in CAPABILITIES[target]
                if durable not in opened:
                    found = stack.enter_context(_opened(target, workspace, seed, durable))
                    opened[durable] = found, Clients(found.endpoint_url)
                results.append(run_drill(drill, seed, *opened[durable]))
            told(results[-1])
    return Results(seed, results, time.monotonic() - began)


@contextlib.contextmanager
def _opened(name: str, workspace: Workspace, seed: int, durable: bool) -> Iterator[Target]:
    """A target with manual time until the end of the block; with a state folder where drills kill it. Raises Problem
    when it does not start. Its log is kept when the block fails."""
    with contextlib.ExitStack() as held:
        state = held.enter_context(tempfile.TemporaryDirectory(prefix="harness-drill-")) if durable else None
        target = held.enter_context(own_target(name, workspace, EmulatorSettings("manual", seed, state)))
        yield target
    target.forget()


def run_drill(drill: Drill, seed: int, target: Target, clients: Clients) -> Result:
    """Empty the target and play the drill; containers that it broke are mended."""
    began = time.monotonic()
    try:
        target.empty()
        run = DrillRun(target, clients, drill, seed)
    except Problem as problem:
        verdict = Verdict("unknown", [f"the drill could not begin: {problem.sentence}"])
        return Result(drill, seed, verdict, 0.0, _since(began))
    try:
        return _judged(run, drill, began)
    finally:
        if target.containers is not None:
            target.containers.heal()


def _judged(run: DrillRun, drill: Drill, began: float) -> Result:
    seed = run.seed
    try:
        report = play(run, drill)
        complaints = run.unfinished_scripts() + (drill.also(run) if drill.also is not None else [])
        virtual = run.elapsed()
        timeline = _timeline(run, report, virtual)
    except Exception as error:
        sentence = error.sentence if isinstance(error, Problem) else f"{type(error).__name__}: {error}"
        verdict = Verdict("unknown", [f"the drill could not be played: {sentence}"])
        return Result(drill, seed, verdict, _elapsed(run), _since(began), list(run.faults.values()))
    faults = list(run.faults.values())
    verdict = judge(drill, Evidence(report, faults, run.settled, run.stuck, complaints))
    return Result(
        drill,
        seed,
        verdict,
        virtual,
        _since(began),
        faults,
        report,
        timeline,
        str(report).splitlines(),
    )


def play(run: DrillRun, drill: Drill) -> Report:
    """Set up, play the plan, wait for the end, strike the balance."""
    run.pipeline = drill.topology(run)
    run.declare(drill.faults, drill.scripts)
    for step in drill.plan:
        if isinstance(step, Send):
            run.send(step)
        elif isinstance(step, SendMeanwhile):
            run.send_meanwhile(step)
        elif isinstance(step, Wait):
            run.wait(step.seconds)
        elif isinstance(step, Heal):
            run.heal(step)
        else:
            _act(run, step)
    run.finish()
    only = next(iter(drill.fates)) if len(drill.fates) == 1 else None
    for fate in drill.fates:
        if fate in drill.which:
            run.ledger.declare(fate, drill.which[fate])
        elif fate == only:
            run.ledger.declare(fate, lambda sent: True)
    return run.ledger.check(
        run.pipeline.sinks,
        ByClock(run.url, 0.0),
        allow_duplicates=drill.duplicates > 0,
        require_order=drill.order,
    )


def _act(run: DrillRun, step: Act) -> None:
    step.do(run)
    if step.fault:
        run.act(step.fault)


def _timeline(run: DrillRun, report: Report, virtual: float) -> list[Moment]:
    """Every change of a record's state, in order of time."""
    changes: Counter[tuple[float, str]] = Counter()
    placed: set[str] = set()
    for seen in arrival_times(run.pipeline.sinks, report, one_clock=run.one_clock):
        placed.add(seen.token)
        moment = virtual if seen.time is None else max(0.0, seen.time - run.began)
        changes[round(moment, 3), seen.fate] += 1
    vanished = [fate for fate in run.ledger.declared if fate in ("dropped", "expired")]
    for record in run.ledger.sent:
        sent_at = round(run.sent_at.get(record.number, 0.0), 3)
        changes[sent_at, "sent"] += 1
        if record.token in placed:
            continue
        if record.outcome.status != "acknowledged":
            changes[sent_at, record.outcome.status] += 1
            continue
        for fate in vanished:
            if run.ledger.declared[fate](record):
                changes[round(virtual, 3), fate] += 1
                break
    order = {"sent": 0}
    items = sorted(changes.items(), key=lambda item: (item[0][0], order.get(item[0][1], 1), item[0][1]))
    return [Moment(moment, state, count) for (moment, state), count in items]


def _elapsed(run: DrillRun) -> float:
    try:
        return run.elapsed()
    except AdminError:
        return 0.0


def _since(began: float) -> float:
    return (time.monotonic() - began) * 1000
