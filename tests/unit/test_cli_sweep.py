"""`harness sweep`: it lists, asks, removes only when told to, and fails where something may be left."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from harness.account.ending import Ending
from harness.account.identity import Identity
from harness.account.runs import Run, Runs
from harness.cli import app
from harness.provision.workspace import Workspace

ME = Identity("123456789012", "arn:aws:iam::123456789012:user/alice", "us-east-1")


@pytest.fixture
def swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The ids of the runs that were swept, which end as the record `ending` of the test says."""
    (tmp_path / ".harness").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("harness.cli.sweep.who_am_i", lambda: ME)
    done: list[str] = []

    def sweep(runs: Runs, run: Run, environ: dict[str, str]) -> Ending:
        done.append(run.id)
        broken = run.id.endswith("b")
        return Ending(["bucket it"], ["role it cannot be removed: AccessDenied"] if broken else [])

    monkeypatch.setattr("harness.cli.sweep.sweep_run", sweep)
    yield done


def crashed(folder: Path, run_id: str, **changes: object) -> None:
    runs = Runs(Workspace(folder))
    run = runs.begin(run_id, ME, folder)
    runs.save(replace(run, process="gone", applying=True, **changes))  # type: ignore[arg-type]


def sweep(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["sweep", *arguments])


def test_nothing_is_asked_of_aws_where_nothing_is_recorded(swept: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.cli.sweep.who_am_i", lambda: pytest.fail("AWS was asked"))
    assert "nothing is recorded" in sweep().output


def test_without_a_yes_it_only_lists(swept: list[str], tmp_path: Path) -> None:
    crashed(tmp_path, "20261128T200000-a")
    listed = sweep()
    assert (listed.exit_code, swept) == (0, [])
    assert "20261128T200000-a (ph-a-*, begun " in listed.output
    assert "nothing was removed; to remove it: harness sweep --yes" in listed.output


def test_each_run_is_told_and_what_may_be_left_is_a_failure(swept: list[str], tmp_path: Path) -> None:
    for run_id in ("20261128T200000-a", "20261128T200001-b"):
        crashed(tmp_path, run_id)
    crashed(tmp_path, "20261128T200002-c", account="210987654321")
    finished = sweep("--yes")
    assert (finished.exit_code, swept) == (1, ["20261128T200000-a", "20261128T200001-b"])
    assert "20261128T200000-a: nothing is left" in finished.output
    assert "  role it cannot be removed: AccessDenied\n20261128T200001-b: not all of it is gone" in finished.output
    assert "left alone, it was made elsewhere" in finished.output
    assert "1 of 2 runs may still have something on AWS; their records are kept." in finished.output
