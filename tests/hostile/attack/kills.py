"""Kill loops: emulators killed with SIGKILL at any moment under mixed load; what they acknowledged is there again."""

from __future__ import annotations

from tests.conformance.test_durability_kill import BOUND, Emulator, Load, in_queue, in_stream, objects, topology
from tests.hostile.attack.process import tracebacks
from tests.hostile.attack.run import Run

KILLS = 12


def play(run: Run) -> None:
    rng = run.rng()
    acknowledged: dict[str, set[str]] = {}
    emulator = Emulator(run.folder / "state")
    try:
        topology(emulator)
        for number in range(max(2, int(KILLS * run.scale))):
            load = Load(emulator, number, acknowledged)
            load.start()
            load.join(rng.uniform(0.05, 1.5))
            emulator.kill()
            load.join(BOUND)
            run.report.counts["kills"] += 1
            for failure in load.failures:
                run.found("failure", "load before a kill", failure)
            _traced(run, emulator)
            emulator = Emulator(run.folder / "state")
            if not emulator.ready:
                run.found("lost", "restart", f"no restart after kill {number}: {''.join(emulator.said)[-400:]}")
                return
        emulator.settle()
        _compare(run, emulator, acknowledged)
    finally:
        if emulator.process.poll() is None:
            emulator.end()
        _traced(run, emulator)


def _traced(run: Run, emulator: Emulator) -> None:
    for place, end in tracebacks("".join(emulator.said)):
        run.found("traceback", place, f"kill loop: {end}")


def _compare(run: Run, emulator: Emulator, acknowledged: dict[str, set[str]]) -> None:
    counts = run.report.counts
    counts["acknowledged records"] += sum(map(len, acknowledged.values()))
    records = in_stream(emulator)
    put = objects(emulator, "put/")
    delivered = "".join(objects(emulator, "direct/").values())
    read = "".join(objects(emulator, "reading/").values())
    mapped = {name.removeprefix("mapped/") for name in objects(emulator, "mapped/")}
    of_kinesis = acknowledged.get("kinesis", set())
    arrived = {line.split(" ")[0] for line in delivered.splitlines()}
    found = {
        "stream": of_kinesis - {data for _, data in records},
        "objects": acknowledged.get("s3", set()) - {name.removeprefix("put/") for name in put},
        "queue": acknowledged.get("sqs", set()) - in_queue(emulator),
        "delivery stream": acknowledged.get("firehose", set()) - arrived,
        "delivery stream that reads the stream": {name for name in of_kinesis if name not in read},
        "event source mapping": of_kinesis - mapped,
    }
    for where, lost in found.items():
        if lost:
            run.found("lost", where, f"{len(lost)} acknowledged, among them {sorted(lost)[:3]}")
    numbers = [number for number, _ in records]
    if len(set(numbers)) < len(numbers):
        run.found("duplicate", "sequence number", f"{len(numbers) - len(set(numbers))} came twice")
