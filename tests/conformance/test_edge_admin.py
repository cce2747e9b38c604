"""The admin API: time, snapshots, reset, coverage, and who may call it."""

from __future__ import annotations

import threading
from typing import Any

import httpx
import pytest

from tests.conftest import Aws

pytestmark = pytest.mark.emulator_only


def answer(aws: Aws, method: str, path: str, **request: Any) -> tuple[int, Any]:
    got = aws.http.request(method, f"/_harness/{path}", **request)
    return got.status_code, got.json()


def test_health_names_the_services_and_the_clock(aws: Aws) -> None:
    health = aws.admin("GET", "health")
    assert (health["status"], health["seed"], health["clock"]["mode"]) == ("running", 7, "manual")
    assert health["services"]["kinesis"] == "native"
    assert health["services"]["s3"] == "upstream"


def test_advance_moves_time_by_exactly_that_much(aws: Aws) -> None:
    before = aws.now()
    after = aws.admin("POST", "clock/advance", {"seconds": 90.5})
    assert (after["mode"], after["rate"], after["now"]) == ("manual", 1.0, before + 90.5)
    assert aws.now() == before + 90.5


def test_settle_with_nothing_in_flight_takes_no_time(aws: Aws) -> None:
    before = aws.now()
    assert aws.admin("POST", "clock/settle", {"max_seconds": 60}) == {
        "settled": True,
        "elapsed": 0.0,
        "stuck": [],
        "now": before,
    }
    assert aws.admin("POST", "clock/settle")["settled"]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"{}", "seconds must be a number"),
        (b'{"seconds": "5"}', "seconds must be a number"),
        (b'{"seconds": true}', "seconds must be a number"),
        (b'{"seconds": null}', "seconds must be a number"),
        (b'{"seconds": -1}', "seconds must be from 0"),
        (b'{"seconds": 1e300}', "seconds must be from 0"),
        (b'{"seconds": 1, "minutes": 2}', "unknown member 'minutes'"),
        (b'{"seconds": NaN}', "the body is not JSON"),
        (b'{"seconds": 1', "the body is not JSON"),
        (b"[1]", "the body must be a JSON object"),
        (b"\xff\xfe", "the body is not JSON"),
    ],
)
def test_bad_input_is_named(aws: Aws, body: bytes, text: str) -> None:
    before = aws.now()
    status, content = answer(aws, "POST", "clock/advance", content=body)
    assert status == 400
    assert text in content["message"]
    assert aws.now() == before


@pytest.mark.parametrize("path", ["", "nope", "clock/nope", "health/more", "snapshots/a/b/../c", "sinks/a/nope"])
def test_an_unknown_path_is_404_or_400(aws: Aws, path: str) -> None:
    status, content = answer(aws, "POST", path)
    assert status in (400, 404)
    assert content["message"]


@pytest.mark.parametrize(("method", "path"), [("DELETE", "clock"), ("GET", "reset"), ("PATCH", "snapshots/a")])
def test_a_wrong_method_is_405(aws: Aws, method: str, path: str) -> None:
    status, content = answer(aws, method, path)
    assert status == 405
    assert "takes" in content["message"]


def test_a_snapshot_brings_the_world_back(aws: Aws) -> None:
    kinesis = aws.client("kinesis")
    kinesis.create_stream(StreamName="kept", ShardCount=1)
    saved = aws.admin("PUT", "snapshots/test-1")
    then = aws.now()
    assert saved["name"] == "test-1"
    assert saved["bytes"] > 0
    assert [s["name"] for s in aws.admin("GET", "snapshots")["snapshots"]].count("test-1") == 1

    aws.advance(3600)
    kinesis.delete_stream(StreamName="kept")
    kinesis.create_stream(StreamName="later", ShardCount=1)
    aws.admin("POST", "snapshots/test-1")
    assert kinesis.list_streams()["StreamNames"] == ["kept"]
    assert aws.now() == then

    assert answer(aws, "DELETE", "snapshots/test-1")[0] == 200
    assert answer(aws, "POST", "snapshots/test-1")[0] == 404
    assert answer(aws, "DELETE", "snapshots/test-1")[0] == 404
    assert kinesis.list_streams()["StreamNames"] == ["kept"]


@pytest.mark.parametrize("name", ["a%2Fb", "%2e%2e", ".hidden", "a b", "x" * 101, "%00", "ü"])
def test_snapshot_names_are_plain(aws: Aws, name: str) -> None:
    assert answer(aws, "PUT", f"snapshots/{name}")[0] in (400, 404, 405)
    assert aws.admin("GET", "snapshots")["snapshots"] == []


def test_reset_empties_everything_and_repeats_the_ids(aws: Aws) -> None:
    def request_id() -> str:
        aws.admin("POST", "reset")
        return str(aws.client("kinesis").list_streams()["ResponseMetadata"]["RequestId"])

    aws.client("kinesis").create_stream(StreamName="gone", ShardCount=1)
    aws.client("s3").create_bucket(Bucket="gone")
    aws.admin("PUT", "sinks/gone", {"answers": [{"status": 500}]})
    first = request_id()
    assert aws.client("kinesis").list_streams()["StreamNames"] == []
    assert aws.client("s3").list_buckets()["Buckets"] == []
    assert aws.admin("GET", "sinks") == {"sinks": []}
    assert request_id() == first


def test_calls_that_own_the_world_run_one_at_a_time(aws: Aws) -> None:
    before = aws.now()
    threads = [
        threading.Thread(
            target=httpx.post, args=(f"{aws.url}/_harness/clock/advance",), kwargs={"json": {"seconds": 1}}
        )
        for _ in range(10)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert aws.now() == before + 10


def test_coverage_names_emulated_refused_and_forwarded(aws: Aws) -> None:
    services = aws.admin("GET", "coverage")["services"]
    put_record = services["kinesis"]["operations"]["PutRecord"]
    assert put_record["status"] == "emulated"
    assert "StreamName" not in put_record["refused_members"]
    assert {entry["status"] for entry in services["kinesis"]["operations"].values()} == {"emulated", "refused"}
    assert services["s3"]["operations"]["PutObject"] == {"status": "forwarded"}
    page = aws.http.get("/_harness/coverage?format=markdown")
    assert page.headers["content-type"].startswith("text/markdown")
    assert "| PutRecord |" in page.text
    assert aws.http.get("/_harness/coverage?format=xml").status_code == 400


# -- who may call (law 9) -------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/_harness/health", "/", "/bucket/key", "/_localstack/health"])
def test_pages_of_other_sites_are_refused(aws: Aws, path: str) -> None:
    assert aws.http.get(path, headers={"Origin": "http://evil.example"}).status_code == 403
    assert aws.http.get(path, headers={"Origin": "null"}).status_code == 403


def test_the_emulator_s_own_pages_are_let_through(aws: Aws) -> None:
    assert aws.http.get("/_harness/health", headers={"Origin": aws.url}).status_code == 200
    assert aws.http.get("/_harness/health", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200


def test_a_refused_page_changes_nothing(aws: Aws) -> None:
    headers = {"Origin": "http://evil.example", "X-Amz-Target": "Kinesis_20131202.CreateStream"}
    body = {"StreamName": "evil", "ShardCount": 1}
    refused = aws.http.post("/", json=body, headers={**headers, "Content-Type": "application/x-amz-json-1.1"})
    assert refused.status_code == 403
    assert refused.json()["__type"] == "AccessDeniedException"
    assert aws.client("kinesis").list_streams()["StreamNames"] == []


def test_execute_api_answers_other_sites_itself(aws: Aws) -> None:
    answer = aws.http.get("/_aws/execute-api/unknown/dev/", headers={"Origin": "http://evil.example"})
    assert (answer.status_code, answer.json()) == (403, {"message": "Forbidden"})
    assert answer.headers["x-amzn-ErrorType"] == "ForbiddenException"


def test_a_rebound_name_does_not_reach_the_admin_api(aws: Aws) -> None:
    refused = aws.http.get("/_harness/health", headers={"Host": "evil.example:4566"})
    assert refused.status_code == 403
    assert "Host" in refused.json()["message"]
    assert aws.http.get("/_harness/health", headers={"Host": "localstack:4566"}).status_code == 200


# -- LocalStack's own API --------------------------------------------------------------------------------------


def test_localstack_health_and_info(aws: Aws) -> None:
    health = aws.http.get("/_localstack/health").json()
    assert health["services"]["kinesis"] == "running"
    assert health["services"]["s3"] in ("available", "running")
    info = aws.http.get("/_localstack/info").json()
    assert info["is_license_activated"] is False
    assert aws.http.head("/_localstack/health").status_code == 200


@pytest.mark.parametrize("path", ["chaos/nothing", "init", "state/reset"])
def test_what_localstack_has_and_we_do_not_is_refused_by_name(aws: Aws, path: str) -> None:
    refused = aws.http.post(f"/_localstack/{path}", json=[])
    assert (refused.status_code, refused.json()["__type"]) == (501, "NotEmulated")
    assert path in refused.json()["message"]
