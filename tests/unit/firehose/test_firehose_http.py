"""The HTTP endpoint destination: failures first (A14)."""

from __future__ import annotations

import base64
import gzip
import itertools
import json
from typing import Any

import pytest

from harness.emulator.services.firehose.destinations.http_address import delivery_address
from harness.emulator.services.firehose.destinations.http_client import RESET, TIMED_OUT, Answer, NoAnswer
from harness.emulator.world import World

FOLDER = "http-endpoint-failed/2023/11/14/22/"
JSON = {"content-type": "application/json"}


def answering(status: int, body: bytes, headers: dict[str, str] = JSON) -> Any:
    return lambda request: Answer(status, headers, body)


def good(request: dict[str, str], **change: Any) -> bytes:
    return json.dumps({"requestId": request["X-Amz-Firehose-Request-Id"], "timestamp": 1, **change}).encode()


@pytest.mark.parametrize(
    ("script", "code"),
    [
        (answering(500, b"oops"), "HttpEndpoint.DestinationException"),
        (answering(202, b""), "HttpEndpoint.DestinationException"),
        (answering(302, b""), "HttpEndpoint.DestinationException"),
        (answering(200, b""), "HttpEndpoint.InvalidResponseFromDestination"),
        (answering(200, b'{"requestId":"wrong","timestamp":1}'), "HttpEndpoint.InvalidResponseFromDestination"),
        (lambda r: Answer(200, JSON, good(r, timestamp="1")), "HttpEndpoint.InvalidResponseFromDestination"),
        (lambda r: Answer(200, JSON, good(r, timestamp=True)), "HttpEndpoint.InvalidResponseFromDestination"),
        (lambda r: Answer(200, JSON, good(r, more=1)), "HttpEndpoint.InvalidResponseFromDestination"),
        (lambda r: Answer(200, {"content-type": "text/plain"}, good(r)), "HttpEndpoint.InvalidResponseFromDestination"),
        (lambda r: NoAnswer(TIMED_OUT), "HttpEndpoint.RequestTimeout"),
        (lambda r: NoAnswer(RESET), "HttpEndpoint.ConnectionReset"),
    ],
)
def test_failures_use_the_retry_budget_then_go_to_the_bucket(rig: Any, script: Any, code: str) -> None:
    """A14: everything but a proper acknowledgement is retried until the duration is used up, then written to S3."""
    rig.create_http(RetryOptions={"DurationInSeconds": 60})
    rig.endpoint.script = script
    rig.put(b"one", b"two")
    rig.advance(60 + 61)
    attempts = len(rig.endpoint.requests)
    assert attempts == 7
    rig.settle()
    assert len(rig.endpoint.requests) == attempts
    lines = rig.lines(FOLDER)
    assert [(line["raw"], line["errorCode"], line["attemptsMade"]) for line in lines] == [
        (b"one", code, attempts),
        (b"two", code, attempts),
    ]
    assert list(lines[0])[:8] == [
        "attemptsMade",
        "arrivalTimestamp",
        "errorCode",
        "errorMessage",
        "attemptEndingTimestamp",
        "rawData",
        "subsequenceNumber",
        "dataId",
    ]
    assert len({headers["X-Amz-Firehose-Request-Id"] for _, _, headers, _ in rig.endpoint.requests}) == 1


def test_pauses_double_up_to_two_minutes_with_jitter(rig: Any) -> None:
    """A14: min(120 s, 1 s * 2^n) * random(0.85..1.15)."""
    rig.create_http(RetryOptions={"DurationInSeconds": 7200})
    rig.endpoint.script = answering(500, b"")
    rig.put(b"one")
    rig.settle()
    times = [at for at, *_ in rig.endpoint.requests]
    pauses = [b - a for a, b in itertools.pairwise(times)]
    for n, pause in enumerate(pauses[:-1]):
        assert 0.85 <= pause / min(120, 2**n) <= 1.15
    assert times[-1] - times[0] == pytest.approx(7200)


def test_no_retry_with_duration_zero(rig: Any) -> None:
    """A14: duration 0: no retry."""
    rig.create_http(RetryOptions={"DurationInSeconds": 0})
    rig.endpoint.script = answering(500, b"")
    rig.put(b"one")
    rig.settle()
    assert len(rig.endpoint.requests) == 1
    assert rig.lines(FOLDER)[0]["attemptsMade"] == 1


def test_413_is_permanent_and_not_written_to_the_bucket(rig: Any) -> None:
    """A14: 413 is not retried and, by the documentation, not sent to the error bucket; it is logged (A18)."""
    rig.create_http(CloudWatchLoggingOptions={"Enabled": True, "LogGroupName": "g", "LogStreamName": "s"})
    rig.endpoint.script = answering(413, b"{}")
    rig.put(b"one")
    rig.settle()
    assert len(rig.endpoint.requests) == 1
    assert not rig.keys()
    (entry,) = rig.logs.entries
    assert entry["message"] == "The following response was received from the endpoint destination. 413: {}"
    assert entry["destination"] == "https://endpoint.example.com/in"


def test_a_restart_keeps_request_id_and_budget(rig: Any) -> None:
    """Law 4: the retry goes on after a restart."""
    rig.create_http(RetryOptions={"DurationInSeconds": 100})
    rig.endpoint.script = answering(500, b"")
    rig.put(b"one")
    rig.advance(70)
    before = len(rig.endpoint.requests)
    rig.restart()
    rig.firehose.endpoint_client = rig.endpoint
    rig.endpoint.script = rig.acknowledge
    rig.settle()
    assert len(rig.endpoint.requests) == before + 1
    assert len({headers["X-Amz-Firehose-Request-Id"] for _, _, headers, _ in rig.endpoint.requests}) == 1
    assert not rig.keys()


def test_the_request_is_exact(rig: Any) -> None:
    """A14: headers and body, with access key and common attributes."""
    attributes = [{"AttributeName": "a", "AttributeValue": "1"}, {"AttributeName": "b", "AttributeValue": "ü"}]
    rig.create_http(RequestConfiguration={"CommonAttributes": attributes})
    rig.put(b"one", b"")
    rig.settle()
    _, url, headers, body = rig.endpoint.requests[0]
    request_id = headers["X-Amz-Firehose-Request-Id"]
    assert url == "https://endpoint.example.com/in"
    assert headers == {
        "X-Amz-Firehose-Protocol-Version": "1.0",
        "X-Amz-Firehose-Request-Id": request_id,
        "X-Amz-Firehose-Source-Arn": "arn:aws:firehose:us-east-1:000000000000:deliverystream/d",
        "X-Amz-Firehose-Access-Key": "test",
        "X-Amz-Firehose-Common-Attributes": headers["X-Amz-Firehose-Common-Attributes"],
        "Content-Type": "application/json",
        "User-Agent": "Amazon Kinesis Data Firehose Agent/1.0",
    }
    assert json.loads(headers["X-Amz-Firehose-Common-Attributes"]) == {"commonAttributes": {"a": "1", "b": "ü"}}
    assert json.loads(body) == {
        "requestId": request_id,
        "timestamp": 1_700_000_060_000,
        "records": [{"data": base64.b64encode(b"one").decode()}, {"data": ""}],
    }
    assert not rig.keys()


def test_gzip(rig: Any) -> None:
    """A14: Content-Encoding gzip only when configured."""
    rig.create_http(RequestConfiguration={"ContentEncoding": "GZIP"})
    rig.put(b"one")
    rig.settle()
    _, _, headers, body = rig.endpoint.requests[0]
    assert headers["Content-Encoding"] == "gzip"
    assert json.loads(gzip.decompress(body))["records"] == [{"data": "b25l"}]


def test_all_data_backs_up_every_source_record(rig: Any) -> None:
    """A12: AllData: raw records to the backup prefix, failures under the error prefix; rawData as received (A10)."""
    s3 = rig.s3_settings(Prefix="raw/", ErrorOutputPrefix="failed/!{firehose:error-output-type}/")
    rig.create_http(
        s3=s3, S3BackupMode="AllData", ProcessingConfiguration=rig.processing(), RetryOptions={"DurationInSeconds": 0}
    )
    rig.endpoint.script = answering(500, b"")
    rig.put(b"one")
    rig.settle()
    assert rig.objects("raw/2023/11/14/22/") == [b"one"]
    assert [line["raw"] for line in rig.lines("failed/http-endpoint-failed/")] == [b"one"]
    assert json.loads(rig.endpoint.requests[0][3])["records"] == [{"data": base64.b64encode(b"ONE").decode()}]


def test_a_request_has_ten_thousand_records_at_most(rig: Any) -> None:
    """A14: 1..10,000 records."""
    rig.create_http()
    for _ in range(25):
        rig.put(*[b"x"] * 500)
    rig.settle()
    assert [len(json.loads(body)["records"]) for *_, body in rig.endpoint.requests] == [10_000, 2_500]


def test_describe_hides_the_access_key_and_shows_defaults(rig: Any) -> None:
    """A2: only Url and Name; FailedDataOnly, NONE, 300 seconds, 5 MB / 300 s."""
    endpoint = {"Url": "https://h.example.com", "Name": "n", "AccessKey": "test"}
    config = {"EndpointConfiguration": endpoint, "S3Configuration": rig.s3_settings()}
    rig.call("CreateDeliveryStream", DeliveryStreamName="d", HttpEndpointDestinationConfiguration=config)
    (destination,) = rig.describe()["Destinations"]
    description = destination["HttpEndpointDestinationDescription"]
    assert description.pop("S3DestinationDescription")["CompressionFormat"] == "UNCOMPRESSED"
    assert description == {
        "EndpointConfiguration": {"Url": "https://h.example.com", "Name": "n"},
        "BufferingHints": {"SizeInMBs": 5, "IntervalInSeconds": 300},
        "CloudWatchLoggingOptions": {"Enabled": False},
        "RequestConfiguration": {"ContentEncoding": "NONE", "CommonAttributes": []},
        "RetryOptions": {"DurationInSeconds": 300},
        "S3BackupMode": "FailedDataOnly",
    }


def test_an_update_merges(rig: Any) -> None:
    """A15: retry options and S3 settings merge; the endpoint applies to the next attempt."""
    rig.create_http()
    rig.endpoint.script = answering(500, b"")
    rig.put(b"one")
    rig.advance(70)
    endpoint = {"Url": "https://new.example.com/x"}
    rig.update(HttpEndpointDestinationUpdate={"EndpointConfiguration": endpoint, "S3Update": {"Prefix": "p/"}})
    rig.endpoint.script = rig.acknowledge
    rig.settle()
    assert rig.endpoint.requests[-1][1] == "https://new.example.com/x"
    description = rig.describe()["Destinations"][0]["HttpEndpointDestinationDescription"]
    assert description["S3DestinationDescription"]["Prefix"] == "p/"
    assert description["BufferingHints"] == {"SizeInMBs": 1, "IntervalInSeconds": 60}


@pytest.mark.parametrize("url", ["http://h.example.com/", "http://10.0.0.1/", "ftp://127.0.0.1/", "https://"])
def test_plain_urls_beyond_this_machine_are_refused(rig: Any, url: str) -> None:
    """A14, law 8: https only; plain http only to this machine."""
    with pytest.raises(Exception, match="InvalidArgumentException"):
        rig.create_http(url=url)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://log-api.newrelic.com/firehose?x=1", "http://127.0.0.1:1/_harness/sinks/log-api.newrelic.com/deliver"),
        ("https://localhost.example.com/", "http://127.0.0.1:1/_harness/sinks/localhost.example.com/deliver"),
        ("https://user:x@10.0.0.1:8443/a", "http://127.0.0.1:1/_harness/sinks/10.0.0.1/deliver"),
        ("http://localhost:8080/in", "http://localhost:8080/in"),
        ("http://127.1.2.3:8080/in", "http://127.1.2.3:8080/in"),
        ("https://[::1]:8080/in", "https://[::1]:8080/in"),
    ],
)
def test_no_data_leaves_the_machine(url: str, address: str) -> None:
    """Law 8: loopback as given, everything else to the built-in sink of its host."""
    world = World()
    world.endpoint_url = "http://127.0.0.1:1"
    assert delivery_address(url, world) == address
