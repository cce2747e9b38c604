"""What Terraform itself says of the emulator: a plan after the apply, an update, a destroy."""

from __future__ import annotations

import json
from pathlib import Path

from tests.integration.full_stack import FullStack
from tests.integration.left_over import left_over
from tests.integration.provisioning import Provisioned
from tests.integration.test_event_ingestion import event


def test_a_plan_after_the_apply_is_empty(full: Provisioned, stack: FullStack) -> None:
    """Every member that a resource was created with is read back as it was: the provider finds nothing to change."""
    code, text = full.runner.plan()
    assert code == 0, text


def test_changed_variables_are_updates_in_place(full: Provisioned, stack: FullStack, tmp_path: Path) -> None:
    """Other buffering hints change two delivery streams and nothing else, and count for the next record."""
    runner = full.runner.with_own_state(tmp_path, buffering_interval_seconds="300")
    progress = runner.apply()
    changed = {address.rpartition("module.")[2] for address in progress.seconds}
    assert changed == {f"{name}.aws_kinesis_firehose_delivery_stream.this" for name in ("iot", "submit")}
    assert progress.total == 2

    assert stack.post(stack.submit["submit_url"], {"id": 1}).status_code == 200
    stack.aws.advance(299)
    assert stack.objects(stack.submit["bucket_name"]) == {}
    stack.aws.advance(3)
    assert stack.lines(stack.submit["bucket_name"]) == [{"id": 1}]


def test_destroy_leaves_nothing(full: Provisioned, stack: FullStack, tmp_path: Path) -> None:
    """After use, with objects in the buckets and records in the streams, nothing that costs money is left.

    KMS keys wait for their deletion, as on AWS. Log groups that Lambda makes itself may remain on AWS too; here
    Terraform owns them all.
    """
    stack.post(stack.submit["submit_url"], {"id": 1})
    stack.post(stack.log_relay["api_invoke_url"], {"id": 2})
    stack.post(stack.events["event_urls"]["orders"], event("orders", 3))
    stack.aws.settle()
    stack.put_records(stack.iot["stream_name"], [b"still in the stream"])

    runner = full.runner.with_own_state(tmp_path)
    runner.destroy()

    assert json.loads(runner.state_file.read_text())["resources"] == []
    assert {name: found for name, found in left_over(stack.aws).items() if found} == {}
