"""The admin API of faults, and LocalStack's chaos API on the same rules."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Aws

DENIED = {"fault": "s3-denied", "id": "denied", "match": {"resource": "faults-api*"}}


def faults(aws: Aws, *rules: dict[str, Any]) -> Any:
    return aws.http.post("/_harness/faults", json=list(rules))


def code_of(call: Any, **arguments: Any) -> str:
    """The error code of a call, "" when it succeeds."""
    try:
        call(**arguments)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"{", 400, "the body is not JSON"),
        (b'"error"', 400, "Value 'error' at 'rule'"),
        (b"[[]]", 400, "at 'rule'"),
        (b'[{"fault":"timeout"},{"fault":"odd"}]', 400, "Value 'odd' at '1.fault'"),
        (b'{"fault":"error"}', 400, "at 'with.code' failed to satisfy constraint: Member must not be null"),
        (b'{"fault":"kill-emulator"}', 400, "The emulator is a thread of another process"),
        (b'[{"fault":"timeout","id":"a"},{"fault":"timeout","id":"a"}]', 409, "there is already a rule a"),
    ],
)
def test_a_bad_rule_is_refused_and_leaves_nothing(aws: Aws, body: bytes, status: int, said: str) -> None:
    refused = aws.http.post("/_harness/faults", content=body)
    assert (refused.status_code, said in refused.json()["message"]) == (status, True), refused.text
    assert aws.admin("GET", "faults") == {"faults": [], "all_fired": True}


def test_unknown_rules_and_methods(aws: Aws) -> None:
    assert aws.http.get("/_harness/faults/none").status_code == 404
    assert aws.http.delete("/_harness/faults/none").status_code == 404
    assert aws.http.put("/_harness/faults", json={}).status_code == 405
    assert aws.http.post("/_harness/faults/one", json={}).status_code == 405


def test_rules_are_listed_counted_and_removed(aws: Aws) -> None:
    added = faults(aws, DENIED, {"fault": "latency", "with": {"seconds": 1}, "match": {"service": "sqs"}}).json()
    assert [rule["id"] for rule in added["faults"]] == ["denied", "fault-1"]
    assert code_of(aws.client("s3").create_bucket, Bucket="faults-api") == "AccessDenied"
    listed = aws.admin("GET", "faults")
    assert listed["all_fired"] is False
    assert listed["faults"][0] == {**DENIED, "added": aws.now(), "matched": 1, "fired": 1, "state": "active"}
    assert aws.admin("GET", "faults/fault-1")["fired"] == 0
    assert aws.admin("DELETE", "faults/fault-1")["faults"][0]["id"] == "fault-1"
    assert aws.admin("GET", "faults")["all_fired"] is True
    gone = aws.admin("DELETE", "faults")
    assert (gone["all_fired"], [rule["fired"] for rule in gone["faults"]]) == (True, [1])
    assert code_of(aws.client("s3").create_bucket, Bucket="faults-api") == ""


def test_the_kinds_are_described(aws: Aws) -> None:
    kinds = {kind["fault"]: kind for kind in aws.http.get("/_harness/faults?kinds").json()["kinds"]}
    assert kinds["error"]["with"]["code"].endswith("required")
    assert kinds["expired-iterator"]["calls"] == {"kinesis": ["GetRecords"]}


def test_reset_and_snapshots(aws: Aws) -> None:
    faults(aws, DENIED)
    aws.admin("PUT", "snapshots/with-a-fault")
    aws.admin("POST", "reset")
    assert code_of(aws.client("s3").create_bucket, Bucket="faults-api") == ""
    aws.admin("POST", "snapshots/with-a-fault")
    assert code_of(aws.client("s3").create_bucket, Bucket="faults-api") == "AccessDenied"
    assert aws.admin("GET", "faults")["faults"][0]["fired"] == 1
    aws.admin("DELETE", "snapshots/with-a-fault")


def test_a_window_in_virtual_time(aws: Aws) -> None:
    faults(aws, {"fault": "error", "id": "late", "with": {"code": "Now"}, "when": {"after": 60, "seconds": 60}})
    seen = []
    for _ in range(3):
        seen.append((aws.admin("GET", "faults/late")["state"], code_of(aws.client("kinesis").list_streams)))
        aws.advance(60)
    assert seen == [("waiting", ""), ("active", "Now"), ("over", "")]


# -- LocalStack's chaos API -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("faults", b"{"),
        ("faults", b"{}"),
        ("faults", b'[{"servce":"s3"}]'),
        ("faults", b'[{"service":"s3","error":{"status":500}}]'),
        ("faults", b'[{"service":"s3","error":5}]'),
        ("faults", b'[{"service":"no-such-service"}]'),
        ("faults", b'[{"service":"s3","probability":2}]'),
        ("effects", b"[]"),
        ("effects", b'{"latency":-1}'),
        ("effects", b'{"jitter":1}'),
    ],
)
def test_bad_chaos_is_refused(aws: Aws, path: str, body: bytes) -> None:
    refused = aws.http.post(f"/_localstack/chaos/{path}", content=body)
    assert (refused.status_code, bool(refused.json()["message"])) == (400, True)
    assert aws.http.get("/_localstack/chaos/faults").json() == []
    assert aws.http.get("/_localstack/chaos/effects").json() == {"latency": 0}


def test_chaos_faults(aws: Aws) -> None:
    url = "/_localstack/chaos/faults"
    kinesis = {"service": "kinesis", "region": "us-east-1", "operation": "ListStreams"}
    known = {**kinesis, "probability": 1.0, "error": {"statusCode": 503, "code": "ServiceUnavailable"}}
    assert aws.http.post(url, json=[kinesis]).json() == [known]
    with pytest.raises(ClientError) as refused:
        aws.client("kinesis").list_streams()
    answer = refused.value.response
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == ("ServiceUnavailable", 503)
    aws.client("kinesis").describe_limits()
    topic = {"service": "sns", "error": {"statusCode": 400, "code": "Throttled"}}
    assert len(aws.http.patch(url, json=[topic]).json()) == 2
    assert code_of(aws.client("sns").list_topics) == "Throttled"
    assert len(aws.admin("GET", "faults")["faults"]) == 2
    assert aws.http.request("DELETE", url, json=[kinesis]).json() == aws.http.get(url).json() != []
    assert code_of(aws.client("kinesis").list_streams) == ""
    assert aws.http.post(url, json=[]).json() == []
    assert code_of(aws.client("sns").list_topics) == ""


def test_chaos_leaves_other_rules_alone(aws: Aws) -> None:
    faults(aws, DENIED)
    aws.http.post("/_localstack/chaos/faults", json=[{}])
    assert code_of(aws.client("sns").list_topics) == "ServiceUnavailable"
    assert aws.http.request("DELETE", "/_localstack/chaos/faults").json() == []
    assert [rule["id"] for rule in aws.admin("GET", "faults")["faults"]] == ["denied"]


def test_chaos_latency_is_real(aws: Aws) -> None:
    url = "/_localstack/chaos/effects"
    assert aws.http.post(url, json={"latency": 120}).json() == {"latency": 120} == aws.http.get(url).json()
    before = aws.now()
    assert aws.client("kinesis").list_streams()["ResponseMetadata"]["HTTPStatusCode"] == 200
    (rule,) = aws.admin("GET", "faults")["faults"]
    assert (rule["fired"], aws.now()) == (1, before)
    assert aws.http.post(url, json={"latency": 0}).json() == {"latency": 0}
    assert aws.admin("GET", "faults")["faults"] == []
