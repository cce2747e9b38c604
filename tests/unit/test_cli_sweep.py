"""`harness sweep`: it lists, asks, removes only when told to, and fails where something may be left."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from harness.account import sweep as account_sweep
from harness.account.ending import Ending
from harness.account.identity import CallerIdentity
from harness.account.leftovers import Swept, not_looked_for
from harness.account.runs import Run, Runs
from harness.cli import app
from harness.provision.workspace import Workspace

ME = CallerIdentity("123456789012", "arn:aws:iam::123456789012:user/alice", "us-east-1")


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


def test_without_a_state_it_says_what_nobody_looked_for(
    swept: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.cli.sweep.sweep_run", account_sweep.sweep)
    monkeypatch.setattr("harness.account.ending.remove_leftovers", lambda clients, run: Swept())
    types = ("aws_ssm_document", "aws_sqs_queue", "aws_sqs_queue_policy", "aws_api_gateway_method", "random_id")
    crashed(tmp_path, "20261128T200000-a", types=types)
    crashed(tmp_path, "20261128T200000-b", types=types)
    (tmp_path / ".harness/aws/20261128T200000-b/terraform.tfstate").write_text('{"resources": []}')
    finished = sweep("--yes")
    assert finished.exit_code == 0
    assert "a: nothing is left of what can be found without Terraform's state; not looked for: " in finished.output
    # A method stays with its API, and there was none in that plan.
    assert "aws_api_gateway_method, aws_ssm_document (AWS's tag editor: harness-run = 20" in finished.output
    assert "20261128T200000-b: nothing is left\n" in finished.output


def test_parts_of_what_is_found_are_looked_for(tmp_path: Path) -> None:
    run = Runs(Workspace(tmp_path)).begin("20261128T200000-a", ME, tmp_path)
    parts = ("aws_s3_bucket", "aws_s3_bucket_policy", "aws_lambda_function", "aws_lambda_permission")
    assert not_looked_for(replace(run, types=parts)) == []
    assert not_looked_for(replace(run, types=parts[1::2])) == ["aws_lambda_permission", "aws_s3_bucket_policy"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"id": "20261128T200000-z", "types": []}'])
def test_a_record_that_cannot_be_read_is_a_failure(swept: list[str], tmp_path: Path, content: str) -> None:
    record = tmp_path / ".harness/aws/20261128T200000-z/run.json"
    record.parent.mkdir(parents=True)
    record.write_text(content)
    alone = sweep()
    assert alone.exit_code == 1
    assert "20261128T200000-z/run.json cannot be read" in alone.output.replace("\n", "")
    crashed(tmp_path, "20261128T200000-a")
    beside = sweep("--yes")
    assert (beside.exit_code, swept) == (1, ["20261128T200000-a"])
    assert "20261128T200000-z/run.json cannot be read" in beside.output.replace("\n", "")
