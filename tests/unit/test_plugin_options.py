"""The plugin's options: a flag before the ini file, and one sentence for what cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.problem import Problem
from harness.testing.options import DEFAULT_SEED, Options


@pytest.mark.parametrize("url", ["127.0.0.1:4566", "https://kinesis.us-east-1.amazonaws.com"])
def test_an_endpoint_that_is_no_emulator_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(Problem, match="is no URL of an emulator"):
        Options.read(tmp_path, {"endpoint-url": url}, {})


def test_one_emulator_for_several_workers_is_refused(tmp_path: Path) -> None:
    ini = {"endpoint-url": "http://127.0.0.1:4566"}
    with pytest.raises(Problem, match="cannot serve several workers"):
        Options.read(tmp_path, {}, ini, workers=2)
    assert Options.read(tmp_path, {}, ini, workers=1).endpoint_url == "http://127.0.0.1:4566"


def test_a_target_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="no target moon; use embedded, localstack or aws"):
        Options.read(tmp_path, {}, {"target": "moon"})


@pytest.mark.parametrize("target", ["embedded", "localstack", "aws"])
def test_the_target_that_was_asked_for(tmp_path: Path, target: str) -> None:
    assert Options.read(tmp_path, {"target": target}, {"target": "moon"}).target == target


def test_a_seed_that_is_no_number_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="--harness-seed seven is not a number"):
        Options.read(tmp_path, {"seed": "seven"}, {})


def test_permissions_are_off_or_enforced(tmp_path: Path) -> None:
    assert Options.read(tmp_path, {"iam": "enforce"}, {}).iam == "enforce"
    with pytest.raises(Problem, match="--harness-iam strict is not a mode"):
        Options.read(tmp_path, {}, {"iam": "strict"})
    with pytest.raises(Problem, match="leave out --harness-iam or --harness-endpoint-url"):
        Options.read(tmp_path, {"iam": "enforce", "endpoint-url": "http://127.0.0.1:4566"}, {})


def test_defaults(tmp_path: Path) -> None:
    assert Options.read(tmp_path, {}, {}) == Options(tmp_path, None, DEFAULT_SEED, None, None, 1)


def test_a_flag_wins_over_the_ini_file(tmp_path: Path) -> None:
    options = Options.read(tmp_path, {"seed": "3", "stack": "other"}, {"seed": "4", "stack": "terraform"})
    assert (options.seed, options.stack) == (3, "other")


def test_a_stack_of_the_ini_file_is_relative_to_it_or_a_name(tmp_path: Path) -> None:
    (tmp_path / "terraform").mkdir()
    assert Options.read(tmp_path, {}, {"stack": "terraform"}).stack == str(tmp_path / "terraform")
    assert Options.read(tmp_path, {}, {"stack": "full"}).stack == "full"
