"""What a drill has in its hands while it runs: clients, the clock, the ledger, fault rules and sinks."""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.config import Config

from harness.clients import local_session
from harness.drills.drill import Answers, Drill, Heal, Pipeline, Send, SendMeanwhile
from harness.json_object import Json
from harness.ledger import Ledger, Sent, steady
from harness.ledger.entry_points import EntryPoint
from harness.ledger.identity import Payload
from harness.problem import Problem
from harness.targets import Target
from harness.targets.admin import Admin, AdminError
from harness.waiting import NotInTime, wait_for

if TYPE_CHECKING:
    from harness.containers import ContainerFaults

T = TypeVar("T")

REGION = "us-east-1"
ACCOUNT = "000000000000"

_SLICES = 20  # into which a wait is cut, so that the report can tell when a fault fired
_SHORTEST_SLICE = 5.0  # seconds
_KILLER = "kill-emulator"
_ANSWER_SECONDS = 30.0  # of real time, for a fault to fire on a call that is under way


class DrillError(Exception):
    """The drill could not be played as it is written. The text is one sentence."""


@dataclass
class Clients:
    """boto3 clients of one emulator, made once: they outlive a reset."""

    url: str
    _made: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def http(self) -> Any:
        """An HTTP client for built-in sinks. Loading certificates for it would take longer than a drill."""
        import httpx

        return httpx.Client(trust_env=False, verify=False)

    def get(self, service: str) -> Any:
        if service not in self._made:
            config = Config(retries={"total_max_attempts": 1, "mode": "standard"}, s3={"addressing_style": "path"})
            self._made[service] = local_session(REGION).client(service, endpoint_url=self.url, config=config)
        return self._made[service]


@dataclass(slots=True)
class FaultRun:
    """One declared fault in one run. `times` are the virtual times (from the drill's start) between which it was seen
    to fire, or for which it was declared."""

    id: str
    kind: str
    summary: str
    fired: int = 0
    begins: float | None = None
    ends: float | None = None
    over: bool = False


class DrillRun:
    """One drill on one emulator. Time stands still unless the plan moves it."""

    def __init__(self, target: Target, clients: Clients, drill: Drill, seed: int) -> None:
        self.target = target
        self.clients = clients
        self.drill = drill
        self.seed = seed
        self.ledger = Ledger(seed)
        self.faults: dict[str, FaultRun] = {}
        self.sent_at: dict[int, float] = {}
        self.pipeline: Pipeline
        self.settled = False
        self.stuck: list[str] = []
        self._scripts: dict[str, Answers] = {}
        self._last_look = 0.0
        # On a whole second: S3 tells no finer times, and the same seed must give the same ones.
        now = self._now()
        self.began = math.ceil(now)
        self.admin.advance(self.began - now)

    # -- the emulator -----------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        return self.clients.url

    @property
    def admin(self) -> Admin:
        return Admin(self.url)

    def client(self, service: str) -> Any:
        """A boto3 client that never tries again."""
        return self.clients.get(service)

    @property
    def one_clock(self) -> bool:
        """Whether all services live in the time that the drill moves; LocalStack has its own."""
        return self.target.containers is None

    @property
    def containers(self) -> ContainerFaults:
        """Faults on the target's containers. Raises DrillError where it has none."""
        if self.target.containers is None:
            raise DrillError("the target has no containers")
        return self.target.containers

    def _ask(self, work: Callable[[Admin], T]) -> T:
        """An admin call; an emulator that a durable drill has killed is started again for it."""
        try:
            return work(self.admin)
        except AdminError as error:
            if error.status or not self.drill.durable:
                raise
        self._start_again()
        return work(self.admin)

    def _start_again(self) -> None:
        """The emulator died: bring it up from its state folder, and take the rule that killed it away."""
        lives = "The emulator does not answer, but it did not end"
        try:
            wait_for(lambda: not self.target.alive(), seconds=_ANSWER_SECONDS, what=lives, every=0.005)
        except NotInTime as late:
            raise DrillError(str(late)) from None
        problem = Problem("")

        def started() -> bool:
            nonlocal problem
            try:
                self.target.start()
            except Problem as failed:  # meanwhile somebody's outgoing connection may have been given its port
                problem = failed
                return False
            return True

        try:
            wait_for(started, seconds=_ANSWER_SECONDS, what="The emulator did not start again")
        except NotInTime:
            raise problem from None
        rules = {each["id"] for each in self.admin.faults()}
        for run in self.faults.values():
            if run.kind == _KILLER and not run.fired:
                run.fired, run.begins, run.ends, run.over = 1, self._last_look, self.elapsed(), True
                if run.id in rules:
                    self.admin.clear_faults(run.id)
                return
        raise DrillError("the emulator died, and no fault was to kill it")

    def _now(self) -> float:
        return float(self._ask(lambda admin: admin.clock())["now"])

    def elapsed(self) -> float:
        """Virtual seconds since the drill began."""
        return self._now() - self.began

    # -- load -------------------------------------------------------------------------------------------------

    def send(self, step: Send) -> None:
        """Send as the step says, second by second."""
        import random

        make = step.make or self.pipeline.make
        dice = random.Random(self.seed + len(self.ledger.sent))
        payloads = [make(dice, number) for number in range(step.records)]
        if step.per_second is None:
            self.deliver(self.pipeline.entry, payloads, step)
            return
        sent = 0
        for part in steady(step.records, step.per_second):
            self.deliver(self.pipeline.entry, payloads[sent : sent + part.count], step)
            sent += part.count
            self.wait(part.pause)

    def deliver(self, entry: EntryPoint, payloads: Iterable[Payload], step: Send | None = None) -> list[Sent]:
        """Send now, and remember when that was."""
        moment = self.elapsed()
        records = self.ledger.send(entry, payloads, step.key if step is not None else None)
        self.sent_at.update((record.number, moment) for record in records)
        self.look()
        return records

    def send_meanwhile(self, step: SendMeanwhile) -> None:
        """Send one record after the other; each waits inside until time has passed."""
        import random

        dice = random.Random(self.seed + len(self.ledger.sent))
        for number in range(step.records):
            payload = self.pipeline.make(dice, number)
            fired = self._fired(step.fault)
            sender = threading.Thread(target=self.deliver, args=(self.pipeline.entry, [payload]), daemon=True)
            sender.start()
            idle = f"the fault {step.fault} did not fire on the call that was to wait"
            try:
                wait_for(
                    lambda sender=sender, fired=fired: not sender.is_alive() or self._fired(step.fault) != fired,  # type: ignore[misc]
                    seconds=_ANSWER_SECONDS,
                    what=idle,
                    every=0.005,
                )
            except NotInTime as late:
                raise DrillError(str(late)) from None
            if sender.is_alive():
                self.admin.advance(step.seconds)
            sender.join(_ANSWER_SECONDS)
            if sender.is_alive():
                raise DrillError(f"a call is still not answered {step.seconds:.0f} s of the clock later")

    # -- faults -----------------------------------------------------------------------------------------------

    def declare(self, rules: Sequence[Json], scripts: Sequence[Answers]) -> None:
        """Put up the drill's rules and sink scripts."""
        for script in scripts:
            self.script(script)
        if rules:
            self.admin.add_faults(list(rules))
        for rule in rules:
            run = FaultRun(rule["id"], rule["fault"], _summary(rule))
            self.faults[run.id] = run
            when = rule.get("when", {})
            if "after" in when or "seconds" in when:
                run.begins = self.elapsed() + when.get("after", 0.0)
                run.ends = run.begins + when["seconds"] if "seconds" in when else None
                run.over = run.ends is not None

    def script(self, script: Answers) -> None:
        name = f"sink {script.sink}"
        self._sink(script.sink, {"answers": list(script.answers)})
        self._scripts[name] = script
        self.faults[name] = FaultRun(name, "sink-script", _script_summary(script))

    def act(self, name: str) -> None:
        """A fault that the drill brought about itself begins."""
        self.faults[name] = FaultRun(name, "act", name, fired=1, begins=self.elapsed())

    def heal(self, step: Heal) -> None:
        self.look()
        run = self.faults.get(step.fault)
        if run is None:
            raise DrillError(f"the plan heals {step.fault}, which is not there")
        if step.do is not None:
            step.do(self)
        elif run.kind == "sink-script":
            self._sink(self._scripts.pop(run.id).sink, {"answers": []})
        else:
            self.admin.clear_faults(run.id)
        run.ends, run.over = self.elapsed(), True

    def _fired(self, rule_id: str) -> int:
        return next((int(each["fired"]) for each in self.admin.faults() if each["id"] == rule_id), 0)

    def look(self, now: float | None = None) -> None:
        """Note which faults fired since the last look; `now` is the elapsed time, where it is known."""
        if all(run.kind == "act" for run in self.faults.values()):
            return
        now = self.elapsed() if now is None else now
        counts = {}
        if len(self.faults) > len(self._scripts):
            counts = {each["id"]: int(each["fired"]) for each in self._ask(lambda admin: admin.faults())}
        for name, script in self._scripts.items():
            given = sum(each.get("times", 1) for each in script.answers) - self._sink(script.sink)["answers_left"]
            counts[name] = given
        for name, count in counts.items():
            run = self.faults.get(name)
            if run is None or count <= run.fired:
                continue
            run.fired = count
            if run.over:
                continue
            run.begins = self._last_look if run.begins is None else run.begins
            run.ends = now
        self._last_look = now

    def unfinished_scripts(self) -> list[str]:
        """Scripts that were to be given whole and were not, as sentences."""
        found = []
        for script in self._scripts.values():
            left = self._sink(script.sink)["answers_left"]
            if script.all_given and left:
                found.append(f"{left} scripted answers of the sink {script.sink} were never given")
        return found

    def _sink(self, name: str, content: Json | None = None) -> Json:
        method = "GET" if content is None else "PUT"
        answer = self.clients.http.request(method, f"{self.url}/_harness/sinks/{name}", json=content)
        answer.raise_for_status()
        found: Json = answer.json()
        return found

    # -- time -------------------------------------------------------------------------------------------------

    def wait(self, seconds: float) -> None:
        """Let time pass, in slices."""
        slices = max(1, min(_SLICES, int(seconds / _SHORTEST_SLICE)))
        for _ in range(slices):
            self._advance(seconds / slices)

    def _advance(self, seconds: float) -> None:
        clock = self._ask(lambda admin: admin.advance(seconds))
        self.look(float(clock["now"]) - self.began)

    def finish(self) -> None:
        """Let time pass until nothing is in flight, or the drill's bound is reached."""
        began = self.elapsed()
        while True:
            passed = self.elapsed() - began
            slice_ = max(_SHORTEST_SLICE, passed / 10)
            most = min(slice_, max(0.0, self.drill.most_seconds - passed))
            answer = self._ask(lambda admin, most=most: admin.settle(most))  # type: ignore[misc]
            self.look(float(answer["now"]) - self.began)
            self.settled, self.stuck = bool(answer["settled"]), [str(name) for name in answer["stuck"]]
            if self.settled or passed >= self.drill.most_seconds:
                return
            self._advance(max(0.0, slice_ - answer["elapsed"]))

    # -- evidence ---------------------------------------------------------------------------------------------

    def error_codes(self, bucket: str, prefix: str = "") -> Counter[str]:
        """How often each error code stands in the error objects below the prefix."""
        from harness.backup import BackupReader

        return Counter(str(saved.record.code) for saved in BackupReader(self.client("s3"), bucket, prefix))

    def require(self, what: str, actual: object, expected: object) -> list[str]:
        """A sentence when the two differ."""
        return [] if actual == expected else [f"{what}: expected {expected}, found {actual}"]


def _summary(rule: Json) -> str:
    parts = [f"{name} {_short(value)}" for name, value in rule.get("match", {}).items()]
    parts += [f"{name} {_short(value)}" for name, value in rule.get("when", {}).items()]
    parts += [f"{name}={_short(value)}" for name, value in rule.get("with", {}).items()]
    return ", ".join(parts)


def _short(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _script_summary(script: Answers) -> str:
    return ", then ".join(
        f"{each.get('behaviour') or each.get('status', 200)}"
        + (f" after {each['seconds']} s" if each.get("seconds") else "")
        + (f" × {each['times']}" if each.get("times", 1) > 1 else "")
        for each in script.answers
    )
