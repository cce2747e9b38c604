"""The estimate: what has a price is counted, what has none is named, nothing unknown is taken for free."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from harness.account.estimate import Estimate
from harness.account.prices import FREE, price_of

ROOT = Path(__file__).parents[2]


def plan(*resources: tuple[str, dict[str, Any]], mode: str = "managed", action: str = "create") -> dict[str, Any]:
    return {
        "resource_changes": [
            {"type": kind, "mode": mode, "change": {"actions": [action], "after": values}} for kind, values in resources
        ]
    }


@pytest.mark.parametrize(
    ("kind", "values", "hourly"),
    [
        ("aws_kinesis_stream", {"shard_count": 3}, 0.045),
        ("aws_kinesis_stream", {"stream_mode_details": [{"stream_mode": "ON_DEMAND"}]}, 0.04),
        ("aws_kinesis_stream", {"shard_count": 2, "stream_mode_details": [{"stream_mode": "PROVISIONED"}]}, 0.03),
        ("aws_kinesis_stream", {}, None),  # known after the apply
        ("aws_kms_key", {}, 1 / 730),
        ("aws_cloudwatch_metric_alarm", {"period": 60}, 0.1 / 730),
        ("aws_cloudwatch_metric_alarm", {"period": 10}, None),
        ("aws_dynamodb_table", {"billing_mode": "PAY_PER_REQUEST"}, 0.0),
        ("aws_dynamodb_table", {"billing_mode": "PROVISIONED", "write_capacity": 10, "read_capacity": 100}, 0.0195),
        ("aws_dynamodb_table", {}, None),
        ("aws_api_gateway_stage", {"cache_cluster_enabled": True}, None),
        ("aws_apigatewayv2_api", {"protocol_type": "HTTP"}, 0.0),
        ("aws_apigatewayv2_api", {"protocol_type": "WEBSOCKET"}, None),
        ("aws_iam_role", {}, 0.0),
        ("aws_nat_gateway", {}, None),
    ],
)
def test_prices(kind: str, values: dict[str, Any], hourly: float | None) -> None:
    price = price_of(kind, values)
    if hourly is None:
        assert price is None
    else:
        assert price is not None
        assert price.hourly == pytest.approx(hourly)


def test_what_is_charged_by_use_is_never_free() -> None:
    for kind in ("aws_lambda_function", "aws_s3_bucket", "aws_sqs_queue", "aws_kinesis_firehose_delivery_stream"):
        price = price_of(kind, {})
        assert price is not None and price != FREE
        assert price.use.startswith("$")


def test_every_type_of_our_own_stacks_has_a_price_or_is_free() -> None:
    texts = [path.read_text() for path in (ROOT / "terraform").rglob("*.tf")]
    kinds = {kind for text in texts for kind in re.findall(r'^resource "(\w+)"', text, re.MULTILINE)}
    values = {"shard_count": 1, "protocol_type": "HTTP", "period": 60}
    assert [kind for kind in sorted(kinds) if price_of(kind, values) is None] == []


def test_an_estimate_counts_begun_hours_and_names_what_it_does_not_know() -> None:
    stream = ("aws_kinesis_stream", {"shard_count": 2})
    estimate = Estimate.of(plan(stream, stream, ("aws_eks_cluster", {}), ("aws_iam_role", {})), 3600.0)
    assert estimate.resources.total() == 4
    assert estimate.hourly == pytest.approx(0.06)
    assert estimate.seconds == 3600 + 2 * (60 + 4 * 2)
    assert estimate.at_least == pytest.approx(0.12)
    text = "\n".join(estimate.lines("eu-west-1"))
    assert "4 resources: 1 aws_eks_cluster, 1 aws_iam_role, 2 aws_kinesis_stream" in text
    assert "duration about 63 min: the tests declare 3600 s" in text
    assert "cost at least $0.12 for standing that long ($0.0600 an hour; left behind, $43.80 a month)" in text
    assert "aws_kinesis_stream: $0.014 per million PUT payload units" in text
    assert "price not known, not in the sum: 1 aws_eks_cluster" in text
    assert "list prices of us-east-1, not of eu-west-1, as of 20" in text


def test_a_setting_of_the_whole_account_is_said() -> None:
    shared, plain = (
        "\n".join(Estimate.of(plan((kind, {})), 1.0).lines("us-east-1"))
        for kind in ("aws_api_gateway_account", "aws_iam_role")
    )
    assert "CHANGES SETTINGS OF THE WHOLE ACCOUNT" in shared
    assert "CHANGES SETTINGS" not in plain


def test_only_what_is_made_counts() -> None:
    stream = ("aws_kinesis_stream", {"shard_count": 2})
    assert Estimate.of(plan(stream, mode="data", action="read"), 1.0).resources.total() == 0
    assert Estimate.of(plan(stream, action="no-op"), 1.0).resources.total() == 0
    assert Estimate.of({}, 1.0).resources.total() == 0
