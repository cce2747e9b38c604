"""What a plan must say before a run on an account goes on, and what the run's record tells."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.account.identity import CallerIdentity
from harness.account.runs import Run, Runs, new_run_id
from harness.account.sweep import sweep, why_left_alone
from harness.account.terraform import check_plan, is_loopback
from harness.problem import Problem
from harness.provision.workspace import Workspace
from harness.testing.account import account, prepare
from harness.testing.declared import declared_seconds
from harness.testing.options import Options

ME = CallerIdentity("123456789012", "arn:aws:sts::123456789012:assumed-role/Admin/me@example.com", "us-east-1")


def a_run(tmp_path: Path) -> tuple[Runs, Run]:
    runs = Runs(Workspace(tmp_path))
    return runs, runs.begin("20261128T200000-1a2b3c4d", ME, tmp_path / "terraform")


def provider(**expressions: Any) -> dict[str, Any]:
    return {"configuration": {"provider_config": {"aws": {"name": "aws", "expressions": expressions}}}}


def creating(after: dict[str, Any], actions: tuple[str, ...] = ("create",)) -> dict[str, Any]:
    bucket = {"type": "aws_s3_bucket", "mode": "managed", "address": "aws_s3_bucket.it"}
    return {"resource_changes": [{**bucket, "change": {"actions": list(actions), "after": after}}]}


@pytest.mark.parametrize(
    ("plan", "sentence"),
    [
        (provider(profile={"constant_value": "work"}), 'provider "aws" sets profile, but a run uses the ambient'),
        (provider(assume_role=[{}], endpoints=[{}]), "sets assume_role, endpoints, but"),
        (provider(region={"constant_value": "eu-west-1"}), "works in eu-west-1, the ambient credentials in us-east-1"),
        (
            {**provider(region={"references": ["var.where"]}), "variables": {"where": {"value": "eu-west-1"}}},
            "set AWS_REGION=eu-west-1",
        ),
        (creating({"tags_all": {}}), "aws_s3_bucket.it would be made without the tag harness-run"),
        (creating({"tags_all": None}), "without the tag harness-run"),
        (creating({"tags_all": {"harness-run": "other"}}), "without the tag harness-run"),
    ],
)
def test_a_plan_that_leads_elsewhere_is_refused(tmp_path: Path, plan: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Problem, match=sentence):
        check_plan(plan, a_run(tmp_path)[1])


@pytest.mark.parametrize(
    "plan",
    [
        {},
        provider(region={"constant_value": "us-east-1"}, s3_use_path_style={"constant_value": True}),
        provider(region={"references": ["local.region"]}),
        {**provider(), "resource_changes": []},
        creating({"tags_all": {"harness-run": "20261128T200000-1a2b3c4d"}}),
        creating({"policy": "{}"}),
    ],
)
def test_a_plan_that_does_as_the_run_must(tmp_path: Path, plan: dict[str, Any]) -> None:
    check_plan(plan, a_run(tmp_path)[1])


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:4566", True),
        ("http://[::1]:4566", True),
        ("http://localhost:4566", True),
        ("http://s3.localhost:4566", True),
        ("http://10.0.0.7:4566", False),
        ("https://localhost.example.com", False),
        (None, False),
    ],
)
def test_only_this_machine_is_asked_by_path(url: str | None, here: bool) -> None:
    assert is_loopback(url) is here


def test_names_and_tags_tell_a_run_from_all_else(tmp_path: Path) -> None:
    _, run = a_run(tmp_path)
    assert run.prefix == "ph-1a2b3c4d-"
    assert run.tags["harness-run"] == run.id
    assert run.tags["harness-owner"] == ME.arn
    assert replace(run, arn="arn:aws:sts::1:x/a+b,ü!").tags["harness-owner"] == "arn:aws:sts::1:x/a+b-ü-"
    ids = {new_run_id() for _ in range(50)}
    assert len({replace(run, id=each).prefix for each in ids}) == 50


def test_a_record_outlives_its_process_and_goes_with_its_folder(tmp_path: Path) -> None:
    runs, run = a_run(tmp_path)
    applying = runs.applying(run)
    assert list(runs.all()) == [applying]
    assert applying.applying
    assert applying.goes_on()
    assert not replace(applying, process="another").goes_on()
    (runs.home / "torn").mkdir()
    (runs.home / "torn" / "run.json").write_text('{"id": "x"')
    (runs.home / "old").mkdir()
    (runs.home / "old" / "run.json").write_text('{"id": "x", "types": []}')
    assert list(runs.all()) == [applying]
    assert (tmp_path / ".harness" / ".gitignore").read_text() == "*\n"
    runs.forget(applying)
    assert list(runs.all()) == []


def test_a_sweep_leaves_alone_what_is_not_its_own(tmp_path: Path) -> None:
    _, run = a_run(tmp_path)
    assert why_left_alone(run, ME) == f"still runs (pid {os.getpid()})"
    crashed = replace(run, process="gone")
    assert why_left_alone(crashed, ME) is None
    elsewhere = "was made elsewhere than where the ambient credentials lead"
    assert why_left_alone(crashed, replace(ME, account="210987654321")) == elsewhere
    assert why_left_alone(crashed, replace(ME, endpoint_url="http://127.0.0.1:4566")) == elsewhere
    assert why_left_alone(crashed, replace(ME, region="eu-west-1")) is None


def test_a_run_that_made_nothing_is_only_forgotten(tmp_path: Path) -> None:
    runs, run = a_run(tmp_path)
    assert sweep(runs, run, {}).troubles == []
    assert list(runs.all()) == []


def test_a_run_whose_folder_is_gone_keeps_its_record(tmp_path: Path) -> None:
    runs, run = a_run(tmp_path)
    run = runs.applying(run)
    runs.state(run).write_text('{"resources": [{"mode": "managed"}]}')
    (trouble,) = sweep(runs, run, {}).troubles
    assert trouble == f"its Terraform folder {run.stack} is gone, and its state names resources"
    assert list(runs.all()) == [run]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('terraform {\n  backend "s3" {}\n}\nvariable "name_prefix" {}\n', "keeps its state in a remote backend"),
        ('output "it" {\n  value = 1\n}\n', 'declares no variable "name_prefix"'),
        (None, "holds no \\*.tf file"),
    ],
)
def test_a_stack_that_a_run_cannot_tell_apart_is_refused(tmp_path: Path, text: str | None, sentence: str) -> None:
    (tmp_path / "stack").mkdir()
    if text is not None:
        (tmp_path / "stack" / "main.tf").write_text(text)
    options = Options(tmp_path, str(tmp_path / "stack"), target="aws", confirmed=True)
    with pytest.raises(Problem, match=sentence):
        prepare(options, ME)
    with pytest.raises(Problem, match="needs a Terraform stack"):
        prepare(replace(options, stack=None), ME)
    assert not (tmp_path / ".harness").exists()


def test_nothing_is_made_without_a_confirmation_either_way(tmp_path: Path) -> None:
    """Also where no hook asked before."""
    with pytest.raises(Problem, match="Nothing was made"), account(Options(tmp_path, "stack", target="aws")):
        pytest.fail("it went on")
    assert not (tmp_path / ".harness").exists()


@pytest.mark.parametrize(
    "mark",
    [
        pytest.mark.harness_aws,
        pytest.mark.harness_aws(300),
        pytest.mark.harness_aws(seconds="long"),
        pytest.mark.harness_aws(seconds=0),
        pytest.mark.harness_aws(seconds=True),
    ],
)
def test_a_declaration_without_seconds_is_refused(mark: pytest.MarkDecorator) -> None:
    item = SimpleNamespace(nodeid="test_x.py::test_y", get_closest_marker=lambda name: mark.mark)
    with pytest.raises(pytest.UsageError, match="harness_aws takes the seconds"):
        declared_seconds(item)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        ({"endpoint-url": "http://127.0.0.1:9"}, "what stands in for AWS is named by AWS_ENDPOINT_URL"),
        ({"iam": "enforce"}, "On aws IAM decides anyway"),
    ],
)
def test_options_of_emulators_are_refused(tmp_path: Path, flags: dict[str, str], sentence: str) -> None:
    with pytest.raises(Problem, match=sentence):
        Options.read(tmp_path, {"target": "aws", **flags}, {})
