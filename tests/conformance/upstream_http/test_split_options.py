"""`python -m harness.emulator --upstream … --native …`: what can't be is one sentence at the start."""

from __future__ import annotations

import subprocess
import sys

import pytest

from harness.emulator.upstream.split import Split

NATIVE = frozenset(("firehose", "kinesis"))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--upstream", "localhost:4567"], "--upstream localhost:4567 is not a URL such as http://localhost:4566"),
        (["--upstream", "http://127.0.0.1:1", "--native", "mainframe"], "--native: there is no service mainframe here"),
        (["--upstream", "http://127.0.0.1:1", "--iam", "enforce"], "iam and sts must be served here"),
    ],
)
def test_what_can_not_be_is_one_sentence(arguments: list[str], sentence: str) -> None:
    """Exit code 1, nothing on standard output, no stack trace."""
    ended = subprocess.run(
        [sys.executable, "-m", "harness.emulator", "--port", "0", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert sentence in ended.stderr and len(ended.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("chosen", "here", "behind"),
    [
        ("firehose", {"firehose"}, {"kinesis", "s3", "iam"}),
        ("all,-s3", {"firehose", "kinesis", "iam", "sqs"}, {"s3"}),
        (" firehose , s3 ", {"firehose", "s3"}, {"kinesis"}),
        ("all,-all,kinesis", {"kinesis"}, {"firehose", "s3"}),
    ],
)
def test_the_list_is_read_from_left_to_right(chosen: str, here: set[str], behind: set[str]) -> None:
    split = Split.parse("http://localhost:4567/", chosen, NATIVE)
    assert here <= split.here and not behind & split.here
    assert split.url == "http://localhost:4567"
