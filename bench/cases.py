"""The measurements. Each returns figures by contender; a contender that can't do a case gets a reason instead."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable
from typing import Any

from bench.client import Raw, authorization, aws_frame, b64
from bench.contenders import Contender

ROLE = "arn:aws:iam::000000000000:role/bench"


def until_answers(contender: Contender, services: tuple[str, ...], bound: float = 60.0) -> float:
    """Seconds from process start to the first successful call of each service, one after the other."""
    begun = contender.start()
    try:
        contender.wait()
        for service in services:
            _first_success(contender.port, service, bound)
        return time.perf_counter() - begun
    finally:
        contender.stop()


def _first_success(port: int, service: str, bound: float) -> None:
    until = time.perf_counter() + bound
    while time.perf_counter() < until:
        try:
            raw = Raw(port)
            if service == "lambda":
                headers = {"Authorization": authorization("lambda")}
                status, _ = raw.request("GET", "/2015-03-31/functions/", headers)
            else:
                operation = {"kinesis": "ListStreams", "firehose": "ListDeliveryStreams"}[service]
                status, _ = raw.send(aws_frame(port, service, operation, {}))
            raw.close()
            if status == 200:
                return
        except (OSError, ConnectionError):
            pass
        time.sleep(0.002)
    raise TimeoutError(f"{service} did not answer within {bound} s")


def _rate(raw: Raw, request: bytes, calls: int, per_call: int, bound: float) -> float:
    """Items per second over at most `calls` calls or `bound` seconds."""
    begun = time.perf_counter()
    done = 0
    while done < calls and time.perf_counter() - begun < bound:
        status, body = raw.send(request)
        if status not in (200, 201):
            raise RuntimeError(f"{status} {body[:200]!r}")
        done += 1
    return done * per_call / (time.perf_counter() - begun)


def _stream(raw: Raw, name: str, shards: int = 1) -> None:
    raw.aws("kinesis", "CreateStream", {"StreamName": name, "ShardCount": shards})
    until = time.perf_counter() + 30
    while time.perf_counter() < until:
        summary = raw.aws("kinesis", "DescribeStreamSummary", {"StreamName": name})["StreamDescriptionSummary"]
        if summary["StreamStatus"] == "ACTIVE":
            return
        time.sleep(0.05)
    raise TimeoutError(name)


def _records(count: int, size: int = 200) -> list[dict[str, str]]:
    return [{"Data": b64(b"x" * size), "PartitionKey": f"key-{i}"} for i in range(count)]


def put_records(contender: Contender, calls: int, bound: float) -> tuple[float, float]:
    """Records/s of 500 × 200 B PutRecords calls: (over the first tenth, over the last tenth)."""
    with contender:
        raw = Raw(contender.port)
        _stream(raw, "bench")
        request = aws_frame(contender.port, "kinesis", "PutRecords", {"StreamName": "bench", "Records": _records(500)})
        tenth = max(1, calls // 10)
        first = _rate(raw, request, tenth, 500, bound)
        _rate(raw, request, calls - 2 * tenth, 500, bound)
        return first, _rate(raw, request, tenth, 500, bound)


def put_record(contender: Contender, calls: int, bound: float) -> float:
    with contender:
        raw = Raw(contender.port)
        _stream(raw, "bench")
        record = {"StreamName": "bench", "Data": b64(b"x" * 200), "PartitionKey": "k"}
        return _rate(raw, aws_frame(contender.port, "kinesis", "PutRecord", record), calls, 1, bound)


def put_record_batch(contender: Contender, calls: int, bound: float) -> float:
    """Records/s of Firehose PutRecordBatch 500 × 200 B into an S3-bound stream."""
    with contender:
        raw = Raw(contender.port)
        _bucket(raw, "bench")
        _delivery_stream(raw, "bench", "bench")
        body = {"DeliveryStreamName": "bench", "Records": [{"Data": b64(b"x" * 200)} for _ in range(500)]}
        return _rate(raw, aws_frame(contender.port, "firehose", "PutRecordBatch", body), calls, 500, bound)


def firehose_to_s3(contender: Contender, calls: int, bound: float, *, kinesis: bool = False) -> float:
    """Records/s of 500 × 200 B, Direct PUT or from Kinesis, until S3 has all but what the last buffer may hold."""
    with contender:
        raw = Raw(contender.port)
        _bucket(raw, "bench")
        if kinesis:
            _stream(raw, "bench", shards=2)
        _delivery_stream(raw, "bench", "bench", stream="bench" if kinesis else "")
        if kinesis:
            params: dict[str, Any] = {"StreamName": "bench", "Records": _records(500)}
            request = aws_frame(contender.port, "kinesis", "PutRecords", params)
        else:
            params = {"DeliveryStreamName": "bench", "Records": [{"Data": b64(b"x" * 200)}] * 500}
            request = aws_frame(contender.port, "firehose", "PutRecordBatch", params)
        begun = time.perf_counter()
        done = 0
        while done < calls and time.perf_counter() - begun < bound:
            status, body = raw.send(request)
            if status != 200:
                raise RuntimeError(f"{status} {body[:200]!r}")
            done += 1
        buffered = 5 * 1024 * 1024
        while _bytes_in(raw, "bench") < done * 500 * 200 - buffered:
            if time.perf_counter() - begun > bound + 60:
                raise TimeoutError("not delivered")
            time.sleep(0.02)
        return done * 500 / (time.perf_counter() - begun)


def _bytes_in(raw: Raw, bucket: str) -> int:
    import re

    total = 0
    token = ""
    while True:
        listing = _s3(raw, "GET", f"/{bucket}?list-type=2{token}").decode()
        total += sum(int(size) for size in re.findall(r"<Size>(\d+)</Size>", listing))
        more = re.search(r"<NextContinuationToken>([^<]+)<", listing)
        if more is None:
            return total
        token = f"&continuation-token={more[1]}"


def api_gateway_to_kinesis(contender: Contender, calls: int, bound: float) -> float:
    """POST /s of a REST API with a VTL mapping to Kinesis PutRecord."""
    with contender:
        raw = Raw(contender.port)
        _stream(raw, "bench")
        api = _rest_api(raw, "bench", f"arn:aws:iam::{contender.account}:role/bench")
        headers = {"Content-Type": "application/json"}
        from bench.client import frame

        target = f"/restapis/{api}/prod/_user_request_/events"
        request = frame(contender.port, "POST", target, headers, b'{"id": "1", "value": 42}')
        return _rate(raw, request, calls, 1, bound)


def pipeline(contender: Contender, records: int) -> dict[str, float]:
    """Kinesis → Firehose → Python transform → S3 until the last record is visible in S3."""
    with contender:
        raw = Raw(contender.port)
        _bucket(raw, "bench")
        _stream(raw, "bench", shards=2)
        _function(raw, "bench")
        _delivery_stream(raw, "bench", "bench", stream="bench", function="bench")
        cpu = contender.cpu_seconds()
        begun = time.perf_counter()
        peak = 0.0
        batch = [
            {
                "Data": b64(json.dumps({"device": i, "temperature": 20.5, "pad": "x" * 150}).encode()),
                "PartitionKey": str(i),
            }
            for i in range(500)
        ]
        request = aws_frame(contender.port, "kinesis", "PutRecords", {"StreamName": "bench", "Records": batch})
        for _ in range(records // 500):
            status, body = raw.send(request)
            if status != 200:
                raise RuntimeError(f"{status} {body[:200]!r}")
        delivered, seen = 0, set[str]()
        while delivered < records:
            if time.perf_counter() - begun > 300:
                raise TimeoutError(f"{delivered} of {records} delivered after 300 s")
            for key in _keys(raw, "bench"):
                if key not in seen:
                    seen.add(key)
                    delivered += _get(raw, "bench", key).count(b'"seen"')
            peak = max(peak, contender.memory_mb())
            time.sleep(0.02)
        wall = time.perf_counter() - begun
        return {"records/s": records / wall, "cpu_s": contender.cpu_seconds() - cpu, "peak_mb": peak}


# -- resources ---------------------------------------------------------------------------------------------------


def _s3(raw: Raw, method: str, target: str, body: bytes = b"") -> bytes:
    headers = {"Authorization": authorization("s3"), "x-amz-content-sha256": "UNSIGNED-PAYLOAD"}
    status, answer = raw.request(method, target, headers, body)
    if status not in (200, 204):
        raise RuntimeError(f"{method} {target}: {status} {answer[:200]!r}")
    return answer


def _bucket(raw: Raw, name: str) -> None:
    _s3(raw, "PUT", f"/{name}")


def _keys(raw: Raw, bucket: str) -> list[str]:
    import re

    keys: list[str] = []
    token = ""
    while True:
        listing = _s3(raw, "GET", f"/{bucket}?list-type=2{token}").decode()
        keys += re.findall(r"<Key>([^<]+)</Key>", listing)
        more = re.search(r"<NextContinuationToken>([^<]+)<", listing)
        if more is None:
            return keys
        token = f"&continuation-token={more[1]}"


def _get(raw: Raw, bucket: str, key: str) -> bytes:
    return _s3(raw, "GET", f"/{bucket}/{key}")


def _delivery_stream(raw: Raw, name: str, bucket: str, stream: str = "", function: str = "") -> None:
    s3: dict[str, Any] = {
        "RoleARN": ROLE,
        "BucketARN": f"arn:aws:s3:::{bucket}",
        "BufferingHints": {"SizeInMBs": 5, "IntervalInSeconds": 1 if function else 60},
    }
    if function:
        parameters = {
            "LambdaArn": f"arn:aws:lambda:us-east-1:000000000000:function:{function}",
            "BufferSizeInMBs": "1",
            "BufferIntervalInSeconds": "1",
        }
        s3["ProcessingConfiguration"] = {
            "Enabled": True,
            "Processors": [
                {
                    "Type": "Lambda",
                    "Parameters": [{"ParameterName": k, "ParameterValue": v} for k, v in parameters.items()],
                }
            ],
        }
    body: dict[str, Any] = {"DeliveryStreamName": name, "ExtendedS3DestinationConfiguration": s3}
    if stream:
        body["DeliveryStreamType"] = "KinesisStreamAsSource"
        body["KinesisStreamSourceConfiguration"] = {
            "KinesisStreamARN": f"arn:aws:kinesis:us-east-1:000000000000:stream/{stream}",
            "RoleARN": ROLE,
        }
    raw.aws("firehose", "CreateDeliveryStream", body)
    until = time.perf_counter() + 30
    while time.perf_counter() < until:
        described = raw.aws("firehose", "DescribeDeliveryStream", {"DeliveryStreamName": name})
        if described["DeliveryStreamDescription"]["DeliveryStreamStatus"] == "ACTIVE":
            return
        time.sleep(0.05)


_HANDLER = """
import base64, json

def handler(event, context):
    out = []
    for record in event["records"]:
        item = json.loads(base64.b64decode(record["data"]))
        item["seen"] = True
        data = base64.b64encode(json.dumps(item).encode()).decode()
        out.append({"recordId": record["recordId"], "result": "Ok", "data": data})
    return {"records": out}
"""


def _function(raw: Raw, name: str) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("f.py", _HANDLER)
    body = {
        "FunctionName": name,
        "Runtime": "python3.11",
        "Role": ROLE,
        "Handler": "f.handler",
        "Timeout": 60,
        "MemorySize": 512,
        "Code": {"ZipFile": b64(archive.getvalue())},
    }
    headers = {"Authorization": authorization("lambda"), "Content-Type": "application/json"}
    status, answer = raw.request("POST", "/2015-03-31/functions", headers, json.dumps(body).encode())
    if status != 201:
        raise RuntimeError(f"CreateFunction: {status} {answer[:200]!r}")


def _rest_api(raw: Raw, stream: str, role: str) -> str:
    headers = {"Authorization": authorization("apigateway"), "Content-Type": "application/json"}

    def call(method: str, target: str, body: Any) -> Any:
        status, answer = raw.request(method, target, headers, json.dumps(body).encode())
        if status not in (200, 201):
            raise RuntimeError(f"{method} {target}: {status} {answer[:200]!r}")
        return json.loads(answer)

    api = call("POST", "/restapis", {"name": "bench"})
    root = (
        api.get("rootResourceId")
        or json.loads(raw.request("GET", f"/restapis/{api['id']}/resources", headers)[1])["item"][0]["id"]
    )
    base = f"/restapis/{api['id']}"
    resource = call("POST", f"{base}/resources/{root}", {"pathPart": "events"})["id"]
    method = f"{base}/resources/{resource}/methods/POST"
    call("PUT", method, {"authorizationType": "NONE"})
    template = (
        f'{{"StreamName": "{stream}", "Data": "$util.base64Encode($input.json(\'$\'))", '
        '"PartitionKey": "$input.path(\'$.id\')"}'
    )
    call(
        "PUT",
        f"{method}/integration",
        {
            "type": "AWS",
            "httpMethod": "POST",
            "uri": "arn:aws:apigateway:us-east-1:kinesis:action/PutRecord",
            "credentials": role,
            "requestTemplates": {"application/json": template},
        },
    )
    call("PUT", f"{method}/responses/200", {})
    call("PUT", f"{method}/integration/responses/200", {})
    call("POST", f"{base}/deployments", {"stageName": "prod"})
    return str(api["id"])


def attempt(run: Callable[[], Any]) -> Any:
    """The figure, or in one line why there is none."""
    try:
        return run()
    except Exception as error:
        sentence = str(error).partition(" b'")[0].partition("\n")[0] or type(error).__name__
        return f"cannot ({sentence.rpartition(': ')[2][:40]})"
