"""Putting and getting records through boto3 and raw HTTP (B1, B2, B3, B4, B5, F2)."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

import cbor2
import httpx
import pytest
from botocore.exceptions import ClientError

ACCOUNT = "000000000000"
SHARD = "shardId-000000000000"


@pytest.fixture
def kinesis(aws: Any) -> Any:
    return aws.client("kinesis")


@pytest.fixture
def stream(kinesis: Any) -> str:
    kinesis.create_stream(StreamName="s", ShardCount=1)
    return "s"


def refused(call: Any, **params: Any) -> tuple[str, str]:
    """(code, message) of the error that the call must end in; all of Kinesis' errors are HTTP 400."""
    with pytest.raises(ClientError) as error:
        call(**params)
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    found = error.value.response["Error"]
    return found["Code"], found["Message"]


def violated(value: str, path: str, constraint: str) -> tuple[str, str]:
    text = f"1 validation error detected: Value '{value}' at '{path}' failed to satisfy constraint: {constraint}"
    return "ValidationException", text


def iterator(kinesis: Any, kind: str, shard: str = SHARD, **more: Any) -> str:
    answer = kinesis.get_shard_iterator(StreamName="s", ShardId=shard, ShardIteratorType=kind, **more)
    return str(answer["ShardIterator"])


def read(kinesis: Any, text: str, **more: Any) -> list[bytes]:
    return [record["Data"] for record in kinesis.get_records(ShardIterator=text, **more)["Records"]]


def post(aws: Any, operation: str, body: bytes, content_type: str) -> httpx.Response:
    """A request as an SDK sends it."""
    scope = "test/20240101/us-east-1/kinesis/aws4_request"
    headers = {
        "Content-Type": content_type,
        "X-Amz-Target": f"Kinesis_20131202.{operation}",
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00",
    }
    return aws.http.post("/", content=body, headers=headers)  # type: ignore[no-any-return]


# -- failures -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "path", "value", "constraint"),
    [
        ({"PartitionKey": ""}, "partitionKey", "", "Member must have length greater than or equal to 1"),
        (
            {"ExplicitHashKey": "-1"},
            "explicitHashKey",
            "-1",
            r"Member must satisfy regular expression pattern: ^(0|([1-9]\d{0,38}))$",
        ),
    ],
)
def test_a_bad_entry_refuses_the_call_and_the_batch(
    kinesis: Any, stream: str, entry: dict[str, Any], path: str, value: str, constraint: str
) -> None:
    """B3, F2 22: ValidationException for the whole batch, entries counted from 1, nothing written."""
    good = {"Data": b"x", "PartitionKey": "k"}
    bad = {**good, **entry}
    assert refused(kinesis.put_record, StreamName=stream, **bad) == violated(value, path, constraint)
    error = refused(kinesis.put_records, StreamName=stream, Records=[good, bad])
    assert error == violated(value, f"records.2.member.{path}", constraint)
    assert read(kinesis, iterator(kinesis, "TRIM_HORIZON")) == []


def test_hash_keys_end_below_two_to_the_128(kinesis: Any, stream: str) -> None:
    """B3."""
    bad = {"Data": b"x", "PartitionKey": "k", "ExplicitHashKey": str(2**128)}
    expected = (
        "InvalidArgumentException",
        f"Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was {2**128}",
    )
    assert refused(kinesis.put_record, StreamName=stream, **bad) == expected
    assert refused(kinesis.put_records, StreamName=stream, Records=[bad]) == expected


def test_batches_have_1_to_500_entries(kinesis: Any, stream: str) -> None:
    """B2, B3."""
    assert refused(kinesis.put_records, StreamName=stream, Records=[]) == violated(
        "[]", "records", "Member must have length greater than or equal to 1"
    )
    entry = {"Data": b"", "PartitionKey": "k"}
    code, message = refused(kinesis.put_records, StreamName=stream, Records=[entry] * 501)
    assert code == "ValidationException"
    assert message.endswith(
        "at 'records' failed to satisfy constraint: Member must have length less than or equal to 500"
    )
    assert kinesis.put_records(StreamName=stream, Records=[entry] * 500)["FailedRecordCount"] == 0


def test_records_have_a_size(kinesis: Any, stream: str) -> None:
    """B2: data plus key in bytes of UTF-8, 1 MiB per record, 10 MiB per batch (texts unsure, F3 14)."""
    limit = 1024 * 1024
    text = f"Member must have length less than or equal to {limit}"
    for key, length in (("k", limit), ("ü", limit - 1)):
        code, message = refused(kinesis.put_record, StreamName=stream, Data=bytes(length), PartitionKey=key)
        assert (code, message.split("failed")[0]) == (
            "ValidationException",
            "1 validation error detected: Value at 'data' ",
        )
        assert message.endswith(text)
    kinesis.put_record(StreamName=stream, Data=bytes(limit - 2), PartitionKey="ü")
    records = [{"Data": bytes(100), "PartitionKey": "k"}, {"Data": bytes(limit), "PartitionKey": "k"}]
    code, message = refused(kinesis.put_records, StreamName=stream, Records=records)
    assert "'records.2.member.data'" in message
    eleven = [{"Data": bytes(1_000_000), "PartitionKey": "k"}] * 11
    assert refused(kinesis.put_records, StreamName=stream, Records=eleven)[0] == "InvalidArgumentException"
    ends = kinesis.get_records(ShardIterator=iterator(kinesis, "TRIM_HORIZON"))["Records"]
    assert len(ends) == 1


def test_a_malformed_ordering_number_is_refused(kinesis: Any, stream: str) -> None:
    """B3: and a valid one is no idempotency token."""
    params = {"StreamName": stream, "Data": b"x", "PartitionKey": "k"}
    assert refused(kinesis.put_record, **params, SequenceNumberForOrdering="xyz") == violated(
        "xyz",
        "sequenceNumberForOrdering",
        r"Member must satisfy regular expression pattern: ^(0|([1-9]\d{0,128}))$",
    )
    first = kinesis.put_record(**params)["SequenceNumber"]
    numbers = [kinesis.put_record(**params, SequenceNumberForOrdering=n)["SequenceNumber"] for n in (first, first, "0")]
    assert sorted([first, *numbers]) == [first, *numbers]
    assert len(read(kinesis, iterator(kinesis, "TRIM_HORIZON"))) == 4


def test_iterator_requests_that_contradict_themselves(kinesis: Any, stream: str, aws: Any) -> None:
    """B4: recorded texts."""
    number = kinesis.put_record(StreamName=stream, Data=b"x", PartitionKey="k")["SequenceNumber"]
    call, place = kinesis.get_shard_iterator, {"StreamName": stream, "ShardId": SHARD}
    rule = (
        "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or "
        "(2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified "
    )
    code = "InvalidArgumentException"
    for kind in ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"):
        error = refused(call, **place, ShardIteratorType=kind)
        assert error == (code, f"{rule}{kind} and no StartingSequenceNumber.")
    for kind in ("LATEST", "TRIM_HORIZON"):
        error = refused(call, **place, ShardIteratorType=kind, StartingSequenceNumber=number)
        assert error == (code, f"{rule}{kind} and also a StartingSequenceNumber.")
    future = aws.now() + 3600
    message = refused(call, **place, ShardIteratorType="AT_TIMESTAMP", Timestamp=future)[1]
    assert message == (
        "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. "
        f"timestampInMillis: {round(future * 1000)}, currentTimestampInMillis: {round(aws.now() * 1000)}"
    )


def test_numbers_of_other_streams_and_shards_are_refused(kinesis: Any, stream: str) -> None:
    """B4."""
    kinesis.create_stream(StreamName="t", ShardCount=2)
    ends = [
        shard["SequenceNumberRange"]["StartingSequenceNumber"]
        for shard in kinesis.list_shards(StreamName="t")["Shards"]
    ]
    call = kinesis.get_shard_iterator
    for number in (ends[0], "0", "123"):
        error = refused(
            call,
            StreamName=stream,
            ShardId=SHARD,
            ShardIteratorType="AT_SEQUENCE_NUMBER",
            StartingSequenceNumber=number,
        )
        assert error == (
            "InvalidArgumentException",
            f"StartingSequenceNumber {number} used in GetShardIterator on shard {SHARD} in stream s under account "
            f"{ACCOUNT} is invalid because it did not come from this stream.",
        )
    error = refused(
        call, StreamName="t", ShardId=SHARD, ShardIteratorType="AT_SEQUENCE_NUMBER", StartingSequenceNumber=ends[1]
    )
    assert error == (
        "InvalidArgumentException",
        "Invalid StartingSequenceNumber. It encodes shardId-000000000001, while it was used in a call to a shard "
        f"with {SHARD}",
    )


def test_unknown_shards_are_not_found(kinesis: Any, stream: str) -> None:
    """B4."""
    error = refused(kinesis.get_shard_iterator, StreamName=stream, ShardId="shardId-9", ShardIteratorType="LATEST")
    text = f"Shard shardId-000000000009 in stream s under account {ACCOUNT} does not exist"
    assert error == ("ResourceNotFoundException", text)


def test_limits_of_get_records(kinesis: Any, stream: str) -> None:
    """B5: 1 to 10 000."""
    text = iterator(kinesis, "LATEST")
    for limit, bound in ((0, "greater than or equal to 1"), (10_001, "less than or equal to 10000")):
        error = refused(kinesis.get_records, ShardIterator=text, Limit=limit)
        assert error == violated(str(limit), "limit", f"Member must have value {bound}")


def test_iterators_expire_after_five_minutes(kinesis: Any, stream: str, aws: Any) -> None:
    """B5, F2 17: ExpiredIteratorException with both times; until then they can be used again and again."""
    text = iterator(kinesis, "TRIM_HORIZON")
    kinesis.put_record(StreamName=stream, Data=b"x", PartitionKey="k")
    aws.advance(300)
    assert read(kinesis, text) == read(kinesis, text) == [b"x"]
    aws.advance(0.5)
    code, message = refused(kinesis.get_records, ShardIterator=text)
    moment = r"\w{3} \w{3} \d\d \d\d:\d\d:\d\d UTC \d{4}"
    assert code == "ExpiredIteratorException"
    assert re.fullmatch(
        f"Iterator expired. The iterator was created at time {moment} while right now it is {moment} which is further "
        "in the future than the tolerated delay of 300000 milliseconds.",
        message,
    )
    assert refused(kinesis.get_records, ShardIterator="not-an-iterator") == (
        "InvalidArgumentException",
        "Invalid ShardIterator.",
    )


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"StreamName": 5}', b'{"StreamName":"s","Data":"%%%","PartitionKey":"k"}', b"[]"]
)
def test_unreadable_bodies_leave_the_connection_and_the_stream_whole(
    kinesis: Any, stream: str, aws: Any, body: bytes
) -> None:
    """Bad input: an AWS-shaped error, the next request on the same connection works, nothing is written."""
    answer = post(aws, "PutRecord", body, "application/x-amz-json-1.1")
    assert answer.status_code == 400
    assert answer.json()["__type"].endswith("Exception")
    good = json.dumps({"StreamName": stream}).encode()
    assert post(aws, "DescribeStreamSummary", good, "application/x-amz-json-1.1").status_code == 200
    assert read(kinesis, iterator(kinesis, "TRIM_HORIZON")) == []


@pytest.mark.parametrize("operation", ["PutRecord", "PutRecords", "GetShardIterator", "GetRecords"])
def test_dry_runs_change_nothing(kinesis: Any, stream: str, operation: str) -> None:
    """Recorded in 2026-09: DryRunOperationException after all other checks."""
    record = {"Data": b"x", "PartitionKey": "k"}
    calls: dict[str, tuple[Any, dict[str, Any]]] = {
        "PutRecord": (kinesis.put_record, {"StreamName": stream, **record}),
        "PutRecords": (kinesis.put_records, {"StreamName": stream, "Records": [record]}),
        "GetShardIterator": (
            kinesis.get_shard_iterator,
            {"StreamName": stream, "ShardId": SHARD, "ShardIteratorType": "LATEST"},
        ),
        "GetRecords": (kinesis.get_records, {"ShardIterator": iterator(kinesis, "LATEST")}),
    }
    call, params = calls[operation]
    assert refused(call, **params, DryRun=True) == (
        "DryRunOperationException",
        f"DryRunOperation validation succeeded while calling {operation} operation.: "
        "Request would have succeeded, but DryRun flag is set.",
    )
    assert read(kinesis, iterator(kinesis, "TRIM_HORIZON")) == []


# -- what works -----------------------------------------------------------------------------------------------


def test_records_come_back_as_they_were_put(kinesis: Any, stream: str, aws: Any) -> None:
    """B3, B5, F2 20: members of every answer; no EncryptionType while the stream is plain."""
    put = kinesis.put_record(StreamName=stream, Data=b"\x00\xff\x80\n", PartitionKey="söme/kéy")
    put.pop("ResponseMetadata")
    assert put == {"ShardId": SHARD, "SequenceNumber": put["SequenceNumber"]}
    aws.advance(0.25)
    batch = kinesis.put_records(
        StreamName=stream, Records=[{"Data": b"", "PartitionKey": "k"}, {"Data": b"two", "PartitionKey": "k"}]
    )
    batch.pop("ResponseMetadata")
    numbers = [put["SequenceNumber"], *(record["SequenceNumber"] for record in batch["Records"])]
    assert batch == {
        "FailedRecordCount": 0,
        "Records": [{"SequenceNumber": n, "ShardId": SHARD} for n in numbers[1:]],
    }
    assert all(len(number) == 56 and number.startswith("49") for number in numbers)
    answer = kinesis.get_records(ShardIterator=iterator(kinesis, "TRIM_HORIZON"))
    now = aws.now()
    assert [record.pop("ApproximateArrivalTimestamp").timestamp() for record in answer["Records"]] == [
        pytest.approx(now - 0.25, abs=0.001),
        pytest.approx(now, abs=0.001),
        pytest.approx(now, abs=0.001),
    ]
    assert answer["Records"] == [
        {"SequenceNumber": numbers[0], "Data": b"\x00\xff\x80\n", "PartitionKey": "söme/kéy"},
        {"SequenceNumber": numbers[1], "Data": b"", "PartitionKey": "k"},
        {"SequenceNumber": numbers[2], "Data": b"two", "PartitionKey": "k"},
    ]
    assert answer["MillisBehindLatest"] == 0
    assert "ChildShards" not in answer


def test_keys_and_hash_keys_route(kinesis: Any) -> None:
    """B3: MD5 of the key; ExplicitHashKey overrides."""
    kinesis.create_stream(StreamName="s", ShardCount=3)
    ranges = {
        shard["ShardId"]: (int(shard["HashKeyRange"]["StartingHashKey"]), int(shard["HashKeyRange"]["EndingHashKey"]))
        for shard in kinesis.list_shards(StreamName="s")["Shards"]
    }
    keys = [f"key-{i}" for i in range(60)]
    entries = [{"Data": b"x", "PartitionKey": key} for key in keys]
    answer = kinesis.put_records(StreamName="s", Records=entries)["Records"]
    assert {entry["ShardId"] for entry in answer} == set(ranges)
    for key, entry in zip(keys, answer, strict=True):
        start, end = ranges[entry["ShardId"]]
        assert start <= int.from_bytes(hashlib.md5(key.encode()).digest(), "big") <= end
        single = kinesis.put_record(StreamName="s", Data=b"x", PartitionKey=key)
        assert single["ShardId"] == entry["ShardId"]
    for shard, borders in ranges.items():
        for border in borders:
            explicit = {"PartitionKey": "k", "ExplicitHashKey": str(border), "Data": b"x"}
            assert kinesis.put_record(StreamName="s", **explicit)["ShardId"] == shard
            assert kinesis.put_records(StreamName="s", Records=[explicit])["Records"][0]["ShardId"] == shard


def test_the_five_iterator_types(kinesis: Any, stream: str, aws: Any) -> None:
    """B4, F2 18 and 19."""
    before = aws.now()
    numbers, times = [], []
    for text in ("a", "b", "c"):
        aws.advance(1)
        numbers.append(kinesis.put_record(StreamName=stream, Data=text.encode(), PartitionKey="k")["SequenceNumber"])
        times.append(aws.now())
    latest = iterator(kinesis, "LATEST")
    aws.advance(1)
    everything = [b"a", b"b", b"c"]
    expected = {
        ("TRIM_HORIZON", None): everything,
        ("AT_SEQUENCE_NUMBER", numbers[1]): [b"b", b"c"],
        ("AFTER_SEQUENCE_NUMBER", numbers[1]): [b"c"],
        ("AFTER_SEQUENCE_NUMBER", numbers[2]): [],
    }
    for (kind, number), found in expected.items():
        more = {"StartingSequenceNumber": number} if number else {}
        assert read(kinesis, iterator(kinesis, kind, **more)) == found
    start = kinesis.list_shards(StreamName=stream)["Shards"][0]["SequenceNumberRange"]["StartingSequenceNumber"]
    assert read(kinesis, iterator(kinesis, "AT_SEQUENCE_NUMBER", StartingSequenceNumber=start)) == everything
    moments = {before: everything, 0: everything, times[1]: [b"b", b"c"], times[1] + 0.5: [b"c"], times[2] + 0.5: []}
    for moment, found in moments.items():
        assert read(kinesis, iterator(kinesis, "AT_TIMESTAMP", Timestamp=moment)) == found
    kinesis.put_record(StreamName=stream, Data=b"d", PartitionKey="k")
    assert read(kinesis, latest) == [b"d"]


def test_reading_on_with_the_next_iterator(kinesis: Any, stream: str, aws: Any) -> None:
    """B5, F2 17: Limit, a fresh iterator each time, MillisBehindLatest in whole seconds (as recorded), 0 at the end."""
    for i in range(5):
        kinesis.put_record(StreamName=stream, Data=str(i).encode(), PartitionKey="k")
        aws.advance(1.3)
    text, seen, behind = iterator(kinesis, "TRIM_HORIZON"), [], []
    used = {text}
    for _ in range(4):
        answer = kinesis.get_records(ShardIterator=text, Limit=2)
        seen.append([record["Data"] for record in answer["Records"]])
        behind.append(answer["MillisBehindLatest"])
        text = answer["NextShardIterator"]
        used.add(text)
    assert seen == [[b"0", b"1"], [b"2", b"3"], [b"4"], []]
    assert behind == [6000, 3000, 0, 0]
    assert len(used) == 5


def test_encrypted_records_say_so(kinesis: Any, stream: str) -> None:
    """B3, B11, F2 20: EncryptionType KMS in answers and in the records put while encryption was on, else absent."""
    key = {"StreamName": stream, "EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"}
    put = {"StreamName": stream, "Data": b"x", "PartitionKey": "k"}
    kinesis.put_record(**put)
    kinesis.start_stream_encryption(**key)
    assert kinesis.put_record(**put)["EncryptionType"] == "KMS"
    batch = kinesis.put_records(StreamName=stream, Records=[{"Data": b"x", "PartitionKey": "k"}])
    assert batch["EncryptionType"] == "KMS"
    assert set(batch["Records"][0]) == {"SequenceNumber", "ShardId"}
    kinesis.stop_stream_encryption(**key)
    assert "EncryptionType" not in kinesis.put_record(**put)
    records = kinesis.get_records(ShardIterator=iterator(kinesis, "TRIM_HORIZON"))["Records"]
    assert [record.get("EncryptionType") for record in records] == [None, "KMS", "KMS", None]


def test_json_on_the_wire(kinesis: Any, stream: str, aws: Any) -> None:
    """B1, B5: arrival as epoch seconds with milliseconds, base64 data."""
    kinesis.put_record(StreamName=stream, Data=b"hello", PartitionKey="k")
    body = json.dumps({"ShardIterator": iterator(kinesis, "TRIM_HORIZON")}).encode()
    answer = post(aws, "GetRecords", body, "application/x-amz-json-1.1")
    assert answer.headers["content-type"] == "application/x-amz-json-1.1"
    [record] = answer.json()["Records"]
    assert record["Data"] == "aGVsbG8="
    assert isinstance(record["ApproximateArrivalTimestamp"], int | float)
    assert record["ApproximateArrivalTimestamp"] == pytest.approx(aws.now(), abs=0.001)


def test_cbor_on_the_wire(kinesis: Any, stream: str, aws: Any) -> None:
    """B1, F2 21: CBOR in, CBOR out, data as bytes, timestamps as integer milliseconds, errors too."""
    cbor = "application/x-amz-cbor-1.1"
    put = post(aws, "PutRecord", cbor2.dumps({"StreamName": stream, "Data": b"\x00x", "PartitionKey": "k"}), cbor)
    assert (put.status_code, put.headers["content-type"]) == (200, cbor)
    assert cbor2.loads(put.content)["ShardId"] == SHARD
    millis = round(aws.now() * 1000)
    request = {"StreamName": stream, "ShardId": SHARD, "ShardIteratorType": "AT_TIMESTAMP", "Timestamp": millis - 1}
    found = cbor2.loads(post(aws, "GetShardIterator", cbor2.dumps(request), cbor).content)
    answer = cbor2.loads(post(aws, "GetRecords", cbor2.dumps(found), cbor).content)
    [record] = answer["Records"]
    assert record["Data"] == b"\x00x"
    assert record["ApproximateArrivalTimestamp"] == pytest.approx(millis, abs=1)
    assert isinstance(record["ApproximateArrivalTimestamp"], int)
    error = post(aws, "DescribeStream", cbor2.dumps({"StreamName": "gone"}), cbor)
    assert (error.status_code, error.headers["content-type"]) == (400, cbor)
    assert cbor2.loads(error.content) == {
        "__type": "ResourceNotFoundException",
        "message": f"Stream gone under account {ACCOUNT} not found.",
    }
