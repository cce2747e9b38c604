"""The AWS SDK for JavaScript v3 with its defaults (B1, B4, B5, B9): `new KinesisClient({})` speaks HTTP/2."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.clients import npm

pytestmark = pytest.mark.emulator_only


def test_kinesis_over_http2(aws: Any) -> None:
    """Records one by one, in batches and side by side, an error, and a subscription that is pushed to."""
    found = json.loads(npm.node(npm.project("javascript") / "kinesis.mjs", aws.url))
    assert found == {
        "handler": "NodeHttp2Handler",
        "failed": 0,
        "read": ["one", "two", "three"],
        "sideBySide": 100,
        "error": ["InvalidArgumentException", "Invalid ShardIterator.", 400],
        "again": "ResourceInUseException",
        "pushed": ["one", "two", "three", "pushed"],
        "continuation": "string",
        "count": 104,
    }
