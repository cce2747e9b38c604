"""The attack's judge lets pass what AWS answers too, and no more."""

from __future__ import annotations

import pytest

from tests.hostile.attack.judge import complaints
from tests.hostile.attack.message import Answer, Request

_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
_IDS = {"x-amz-request-id": "r", "x-amzn-requestid": "r", "content-type": "application/xml"}


def kinds(service: str, operation: str, status: int, body: str, method: str = "GET") -> list[str]:
    protocol = {"s3": "rest-xml", "glue": "json", "kinesis": "json"}[service]
    request = Request(service, operation, protocol, method, "/b")
    return [kind for kind, _ in complaints(request, Answer(status, _IDS, body.encode()))]


@pytest.mark.parametrize("root", ["ListBucketResult", "ListVersionsResult"])
def test_control_characters_in_listings(root: str) -> None:
    """As S3 writes such keys (E1)."""
    assert kinds("s3", "ListObjects", 200, f"{_XML}<{root}><Contents><Key>&#x0;&#x1f;</Key></Contents></{root}>") == []


def test_control_characters_elsewhere_are_found() -> None:
    assert kinds("s3", "GetBucketTagging", 200, f"{_XML}<Tagging><TagSet>&#x0;</TagSet></Tagging>") == ["shape"]
    assert kinds("s3", "ListObjects", 200, f"{_XML}<ListBucketResult><Contents>\x01</Contents></ListBucketResult>") == [
        "shape"
    ]


def test_whose_failure_a_head_without_a_body_is() -> None:
    assert kinds("glue", "CreateTable", 500, "", "HEAD") == ["behind"]
    assert kinds("kinesis", "ListStreams", 500, "", "HEAD") == ["failure"]
