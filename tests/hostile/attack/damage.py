"""Damage: state folders with flipped bits, cut files and missing ones. A start refuses them with a sentence, or reads
what was there before a torn tail; it never finds anything else."""

from __future__ import annotations

import pickle
import random
import shutil
from pathlib import Path

from harness.emulator.store import Store
from harness.emulator.store.changes import Rebuild
from harness.emulator.store.journal import StateFolder
from tests.hostile.attack.process import Emulator, tracebacks
from tests.hostile.attack.run import Run
from tests.hostile.attack.wire import Wire
from tests.unit.test_journal_world import rows

CASES = 300
_STARTS = 2  # of them with a real start of an emulator


def play(run: Run) -> None:
    state = run.folder / "state"
    emulator = Emulator(run.folder, run.emulator_seed, state=state)
    try:
        # The second run is killed: the folder holds a snapshot and a journal.
        wire = Wire(run, emulator)
        wire.begin()
        emulator.end(15)
        emulator = Emulator(run.folder, run.emulator_seed, state=state)
        wire = Wire(run, emulator, pool=wire.pool)
        for number in range(60):
            wire.send(number, wire.request(number))
    finally:
        emulator.end()
    emulator.said()
    whole = _prefixes(state)
    rng = run.rng("damage")
    cases = max(10, int(CASES * run.scale))
    for number in range(cases):
        copy = run.folder / "damaged"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(state, copy)
        told, tail = _damage(rng, copy)
        run.report.counts["damage cases"] += 1
        _judge(run, copy, told, tail, whole)
        if number < _STARTS:
            _start(run, copy, told)


def _damage(rng: random.Random, folder: Path) -> tuple[str, bool]:
    """(what was done, whether it may look like a torn tail)."""
    files = sorted(path for path in folder.iterdir() if path.name.startswith(("world.", "journal-")))
    path = rng.choice(files)
    content = bytearray(path.read_bytes())
    last = path == max((each for each in files if each.name.startswith("journal-")), default=None)
    kind, at = rng.randrange(6), rng.randrange(len(content))
    if kind == 0:
        path.write_bytes(content[:at])
        return f"{path.name} cut at byte {at}", last
    if kind == 1 and path.name.startswith("world."):
        path.unlink()
        return f"{path.name} removed", False
    if kind == 2:
        content[at : at + 64] = bytes(len(content[at : at + 64]))
    elif kind == 3:
        content[at:at] = content[at : at + rng.randrange(1, 200)]
    elif kind == 4:
        content += rng.randbytes(rng.randrange(1, 40))
        path.write_bytes(content)
        return f"{path.name} with bytes behind its end", last
    else:
        content[at] ^= 1 << rng.randrange(8)
    path.write_bytes(content)
    return f"{path.name} changed at byte {at}", False


def _prefixes(folder: Path) -> list[str]:
    """The store after the snapshot and after each entry of the journal, as comparable texts."""
    found: list[str] = []
    _read(folder, found)
    return found


def _read(folder: Path, found: list[str]) -> None:
    store = Store()
    rebuild = Rebuild(store)

    def repeat(entry: bytes) -> None:
        changes = pickle.loads(entry)[2]
        if changes is not None:
            rebuild.apply(changes)
        found.append(str(hash(entry)))

    held = StateFolder(folder)
    try:
        held.read(lambda parts: rebuild.load(parts[1]), repeat)
    finally:
        held.release()
    found.append(repr(rows(store)))


def _judge(run: Run, folder: Path, told: str, tail: bool, whole: list[str]) -> None:
    found: list[str] = []
    try:
        _read(folder, found)
    except (ValueError, OSError) as error:
        if not str(error):
            run.found("damage", "refused without a sentence", f"{told}: {error!r}")
        return
    except Exception as error:
        run.found("damage", type(error).__name__, f"{told}: {error!r}")
        return
    if found == whole:
        return
    if not tail or found[:-1] != whole[: len(found) - 1]:
        run.found("damage", "another state was read", f"{told}: {len(found) - 1} of {len(whole) - 1} entries")


def _start(run: Run, folder: Path, told: str) -> None:
    emulator = Emulator(run.folder, run.emulator_seed, state=folder)
    said = emulator.said()
    if not emulator.ready:
        code = emulator.end()
        last = said.strip().splitlines()[-1] if said.strip() else ""
        if code != 1 or not last.startswith("The state in ") or not last.endswith("--state-dir."):
            run.found("damage", "start", f"{told}: exit code {code}, said {last!r}")
    else:
        emulator.end()
    for place, end in tracebacks(said):
        run.found("traceback", place, f"damage, {told}: {end}")
