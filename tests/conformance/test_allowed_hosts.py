"""`--allow-host` and `--sinks`: what leaves the process goes where the user said, and nowhere else (law 8).

`127.1` is a name to the emulator, not a loopback address, and every resolver takes it for 127.0.0.1.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from harness.emulator.testing import EmulatorThread
from tests.conformance.apigateway_api import Api as RestApi
from tests.conformance.test_edge_process import BOUND, Process
from tests.conformance.test_http_api import Api as HttpApi
from tests.conformance.test_http_api import refused
from tests.conftest import Aws

ALLOWED = "127.1"
S3 = {"RoleARN": "arn:aws:iam::000000000000:role/firehose", "BucketARN": "arn:aws:s3:::backup"}


@pytest.fixture(scope="module")
def sink_server() -> Iterator[str]:
    """The sink server as a process of its own; its URL."""
    command = [sys.executable, "-m", "harness.emulator.sink_server", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield process.stdout.readline().split()[1]
    process.terminate()
    assert process.wait(BOUND) == 0
    process.stdout.close()


@pytest.fixture(scope="module")
def open_aws(sink_server: str) -> Iterator[Aws]:
    with EmulatorThread(allowed_hosts=[ALLOWED]) as emulator:
        yield Aws(emulator.url)


def named(url: str) -> str:
    """The URL of a server on this machine by the name that was allowed."""
    return url.replace("127.0.0.1", ALLOWED)


def received(url: str, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = httpx.get(f"{url}/_harness/sinks/{name}").json()["requests"]
    return found


def delivery_stream(aws: Aws, name: str, url: str) -> None:
    aws.client("s3").create_bucket(Bucket="backup")
    destination = {
        "EndpointConfiguration": {"Url": url, "AccessKey": "test"},
        "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 60},
        "S3Configuration": S3,
    }
    firehose = aws.client("firehose")
    firehose.create_delivery_stream(DeliveryStreamName=name, HttpEndpointDestinationConfiguration=destination)


def deliver(aws: Aws, name: str, data: bytes) -> None:
    aws.client("firehose").put_record(DeliveryStreamName=name, Record={"Data": data})
    aws.settle()


def test_firehose_delivers_to_an_allowed_host_over_plain_http(open_aws: Aws, sink_server: str) -> None:
    delivery_stream(open_aws, "allowed", f"{named(sink_server)}/_harness/sinks/direct/deliver")
    deliver(open_aws, "allowed", b"hello")
    (request,) = received(sink_server, "direct")
    records = json.loads(request["body"])["records"]
    assert [base64.b64decode(record["data"]) for record in records] == [b"hello"]
    assert request["headers"]["host"].startswith(ALLOWED)
    assert open_aws.admin("GET", "sinks")["sinks"] == []


def test_other_hosts_stay_where_they_were(open_aws: Aws) -> None:
    """Law 8: a name that was not allowed is a built-in sink's, or refused."""
    delivery_stream(open_aws, "elsewhere", "https://receiver.example.com/in")
    deliver(open_aws, "elsewhere", b"hello")
    assert len(received(open_aws.url, "receiver.example.com")) == 1
    create = open_aws.client("firehose").create_delivery_stream
    destination = {"EndpointConfiguration": {"Url": "http://127.01/in"}, "S3Configuration": S3}
    error = refused(create, DeliveryStreamName="plain", HttpEndpointDestinationConfiguration=destination)
    assert error["Code"] == "InvalidArgumentException" and "an allowed host" in error["Message"]


def test_an_update_may_name_an_allowed_host_too(open_aws: Aws, sink_server: str) -> None:
    delivery_stream(open_aws, "updated", "https://receiver.example.com/in")
    firehose = open_aws.client("firehose")
    for url, wanted in ((named(sink_server), None), ("http://127.01/in", "InvalidArgumentException")):
        stream = firehose.describe_delivery_stream(DeliveryStreamName="updated")["DeliveryStreamDescription"]
        given = {
            "DeliveryStreamName": "updated",
            "CurrentDeliveryStreamVersionId": stream["VersionId"],
            "DestinationId": stream["Destinations"][0]["DestinationId"],
            "HttpEndpointDestinationUpdate": {"EndpointConfiguration": {"Url": url}},
        }
        if wanted is None:
            firehose.update_destination(**given)
        else:
            assert refused(firehose.update_destination, **given)["Code"] == wanted


def test_integrations_of_both_kinds_of_api_reach_it(open_aws: Aws, sink_server: str) -> None:
    uri = f"{named(sink_server)}/_harness/sinks/api/deliver"
    rest = RestApi(open_aws)
    rest.method("/p", "POST", {"type": "HTTP_PROXY", "integrationHttpMethod": "POST", "uri": uri})
    rest.deploy()
    assert rest.send("POST", "/test/p", content=b"rest").status_code == 200
    http = HttpApi(open_aws)
    create = http.v2.create_integration
    given = {"ApiId": http.api_id, "IntegrationType": "HTTP_PROXY", "IntegrationMethod": "POST"}
    http.route("POST /p", create(**given, IntegrationUri=uri)["IntegrationId"])
    assert http.request("POST", "/p", content=b"http").status_code == 200
    assert [request["body"] for request in received(sink_server, "api")] == ["rest", "http"]
    assert refused(create, **given, IntegrationUri="http://127.01/")["Code"] == "NotEmulated"


@pytest.fixture
def forwarding(sink_server: str) -> Iterator[Process]:
    process = Process("--sinks", sink_server)
    yield process
    process.end()
    assert process.process.stdout is not None
    process.process.stdout.close()


def post(url: str, name: str, request_id: str) -> httpx.Response:
    """A delivery with no header but Firehose's own."""
    headers = {"X-Amz-Firehose-Request-Id": request_id}
    request = httpx.Request("POST", f"{url}/_harness/sinks/{name}/deliver", content=b"{}", headers=headers)
    with httpx.Client() as client:
        return client.send(request)


def test_a_sink_server_gets_what_the_built_in_sinks_get_and_answers(forwarding: Process, sink_server: str) -> None:
    httpx.delete(f"{sink_server}/_harness/sinks/nr.example.com").raise_for_status()
    script = {"answers": [{"status": 500, "body": "from the server"}]}
    httpx.put(f"{sink_server}/_harness/sinks/nr.example.com", json=script).raise_for_status()
    first, second = (post(forwarding.url, "nr.example.com", request_id) for request_id in ("r-1", "r-2"))
    assert (first.status_code, first.text) == (500, "from the server")
    assert (second.status_code, second.json()["requestId"]) == (200, "r-2")
    for url in (forwarding.url, sink_server):
        assert [request["status"] for request in received(url, "nr.example.com")] == [500, 200]
    first_hop, second_hop = (
        set(received(url, "nr.example.com")[0]["headers"]) for url in (forwarding.url, sink_server)
    )
    assert second_hop - first_hop == set()


def test_a_script_of_the_built_in_sink_comes_first(forwarding: Process, sink_server: str) -> None:
    httpx.put(f"{forwarding.url}/_harness/sinks/two", json={"answers": [{"status": 429}]}).raise_for_status()
    assert [post(forwarding.url, "two", "r").status_code for _ in range(2)] == [429, 200]
    assert len(received(sink_server, "two")) == 1


def test_a_sink_server_that_is_gone_is_a_503() -> None:
    process = Process("--sinks", "http://127.0.0.1:1")
    try:
        answer = post(process.url, "three", "r")
        assert answer.status_code == 503
        assert answer.json() == {"errorMessage": "The sink server http://127.0.0.1:1 can't be reached."}
    finally:
        process.end()
        assert process.process.stdout is not None
        process.process.stdout.close()


def test_a_container_listens_on_all_its_addresses_and_speaks_to_itself_on_loopback() -> None:
    """Functions and built-in sinks get a URL that works inside the container; names of a compose file are known."""
    process = Process("--host", "0.0.0.0", "--allow-remote")
    try:
        assert process.url.startswith("http://127.0.0.1:")
        for host, status in (("harness:4566", 200), ("localhost:4566", 200), ("evil.example", 403)):
            assert httpx.get(f"{process.url}/_harness/health", headers={"Host": host}).status_code == status
        foreign = httpx.get(f"{process.url}/_harness/health", headers={"Origin": "http://evil.example"})
        assert foreign.status_code == 403
    finally:
        process.end()
        assert process.process.stdout is not None
        process.process.stdout.close()
