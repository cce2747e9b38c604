"""The systems submit and iot, each alone: brought up, planned again, used, destroyed. In one test, because nearly all
of the time is the AWS provider's waiting, which they do together."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness.testing.suite import Suite
from tests.integration.alone import Alone
from tests.integration.left_over import left_over

TOKEN = "an-example-token-of-the-tests"
READING = b'{"device_id":"sensor-001","temperature":22.5,"humidity":60}'


@pytest.mark.timeout(600)  # three runs of Terraform at once, on a machine that may have more to do
def test_each_system_alone(harness_emulator: Suite, tmp_path: Path) -> None:
    """`make up STACK=submit`, `make up STACK=iot`, and the iot document's own three commands."""
    if shutil.which("make") is None:
        pytest.skip("make is not on PATH")
    stories: dict[str, Callable[[Path], None]] = {
        "submit": submit_by_make,
        "iot": iot_by_make,
        "by-hand": iot_by_its_document,
    }
    with ThreadPoolExecutor(len(stories)) as pool:
        for story in [pool.submit(tell, tmp_path / name) for name, tell in stories.items()]:
            story.result()


def submit_by_make(folder: Path) -> None:
    """Up with a token asked for and a key for the bucket, an empty plan, a document through to S3, destroyed with the
    object in the bucket: nothing is left. (With the default settings: the full stack.)"""
    alone = Alone.of(folder, "submit")
    alone.environment.update(
        TF_VAR_authentication="lambda", TF_VAR_api_tokens=f'["{TOKEN}"]', TF_VAR_encryption="aws:kms"
    )
    try:
        assert "submit applied" in alone.make("up", "STACK=submit", "ARGS=--clock manual")
        assert alone.runner.plan_has_changes() is False

        submit = alone.deployed()
        assert submit.post(submit["submit_url"], {"id": 1}).status_code == 401
        assert submit.post(submit["submit_url"], {"id": 1}, authorization=f"Bearer {TOKEN}").status_code == 200
        alone.aws.settle()
        assert submit.lines(submit["bucket_name"]) == [{"id": 1}]

        alone.runner.destroy()
        assert json.loads(alone.runner.state_file.read_text())["resources"] == []
        assert_nothing_left(alone)
    finally:
        alone.make("down")


def iot_by_make(folder: Path) -> None:
    """Up, and a reading through to S3. (Plan and destroy of this stack: below.)"""
    alone = Alone.of(folder, "iot")
    try:
        assert "iot applied" in alone.make("up", "STACK=iot", "ARGS=--clock manual")
        assert_converts_a_reading(alone)
    finally:
        alone.make("down")


def iot_by_its_document(folder: Path) -> None:
    """`terraform init`, `plan` and `apply` in the stack's folder as the document writes them, led here by AWS's own
    environment variables alone; the names are the document's."""
    alone = Alone.of(folder, "iot")
    try:
        alone.start()
        alone.package()
        assert "Terraform has been successfully initialized!" in alone.terraform("init", "-no-color")
        assert "0 to change, 0 to destroy" in alone.terraform("plan", "-no-color")
        assert "Apply complete!" in alone.terraform("apply", "-no-color", answer="yes\n")
        alone.terraform("plan", "-detailed-exitcode")  # exit code 2 where there are changes

        iot = alone.deployed()
        assert iot["stream_name"] == "ExampleDataStream"
        assert iot["bucket_name"] == "bucket-for-iot-data-salvador"
        assert_converts_a_reading(alone)
        iot.put_records("ExampleDataStream", [b"still in the stream"])

        assert "Destroy complete!" in alone.terraform("destroy", "-no-color", answer="yes\n")
        assert_nothing_left(alone)
    finally:
        alone.make("down")


def assert_converts_a_reading(alone: Alone) -> None:
    iot = alone.deployed()
    iot.put_records(iot["stream_name"], [READING])
    alone.aws.settle()
    assert [line["temperature_f"] for line in iot.lines(iot["bucket_name"], "data/")] == [72.5]


def assert_nothing_left(alone: Alone) -> None:
    assert {name: found for name, found in left_over(alone.aws).items() if found} == {}
