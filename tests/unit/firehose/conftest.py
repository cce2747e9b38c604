"""A world with the real Firehose and Kinesis, and scripted S3, Lambda and Logs in their places. No sockets."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from harness.emulator.call import Call, Caller
from harness.emulator.clock import Clock, Settled
from harness.emulator.errors import AwsError
from harness.emulator.service import Service, operation
from harness.emulator.services.firehose.destinations.http_client import Answer, NoAnswer
from harness.emulator.services.firehose.provider import Firehose
from harness.emulator.services.kinesis.provider import Kinesis
from harness.emulator.world import World

START = 1_700_000_000.0  # 2023-11-14 22:13:20 UTC
ROLE = "arn:aws:iam::000000000000:role/r"
LAMBDA = "arn:aws:lambda:us-east-1:000000000000:function:f"


class FakeS3(Service):
    name = "s3"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.objects: dict[tuple[str, str], bytes] = {}
        self.puts: list[dict[str, Any]] = []
        self.fail: Callable[[str, str], str | None] = lambda bucket, key: None

    @operation
    def put_object(self, call: Call, *, bucket: str, key: str, body: bytes, content_type: str = "", acl: str = "",
                   content_encoding: str | None = None, server_side_encryption: str = "", ssekms_key_id: str = "",
                   ) -> dict[str, Any]:  # fmt: skip
        self.puts.append({"bucket": bucket, "key": key, "at": self.world.clock.now(), "caller": call.caller})
        code = self.fail(bucket, key)
        if code == "crash":
            raise RuntimeError("the bucket exploded")
        if code:
            raise AwsError(code, "no", 404)
        self.objects[bucket, key] = body
        self.puts[-1] |= {"body": body, "type": content_type, "encoding": content_encoding, "acl": acl}
        return {"ETag": '"x"'}


class FakeLambda(Service):
    name = "lambda"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.events: list[dict[str, Any]] = []
        self.calls: list[Call] = []
        self.raw: list[bytes] = []
        self.busy = 0
        self.most_busy = 0
        self.answer: Callable[[dict[str, Any]], Any] = transform(lambda data: ("Ok", data.upper()))

    @operation
    async def invoke(self, call: Call, *, function_name: str, invocation_type: str, payload: bytes) -> dict[str, Any]:
        assert invocation_type == "RequestResponse"
        self.calls.append(call)
        self.raw.append(payload)
        event = json.loads(payload)
        self.events.append(event)
        self.busy += 1
        self.most_busy = max(self.most_busy, self.busy)
        try:
            for _ in range(3):
                await asyncio.sleep(0)
            result = self.answer(event)
        finally:
            self.busy -= 1
        if isinstance(result, Exception):
            raise result
        if result == "FunctionError":
            return {"StatusCode": 200, "FunctionError": "Unhandled", "Payload": b'{"errorMessage":"x"}'}
        return {"StatusCode": 200, "Payload": result if isinstance(result, bytes) else json.dumps(result).encode()}


def transform(step: Callable[[bytes], tuple[str, bytes]]) -> Callable[[dict[str, Any]], Any]:
    """A handler that maps each record's bytes to a result and new bytes."""

    def answer(event: dict[str, Any]) -> Any:
        records = []
        for record in event["records"]:
            result, data = step(base64.b64decode(record["data"]))
            text = base64.b64encode(data).decode()
            records.append({"recordId": record["recordId"], "result": result, "data": text})
        return {"records": records}

    return answer


class FakeLogs(Service):
    name = "logs"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.entries: list[dict[str, Any]] = []
        self.error: AwsError | None = None

    @operation
    def put_log_events(
        self, call: Call, *, log_group_name: str, log_stream_name: str, log_events: list[dict[str, Any]]
    ) -> None:
        if self.error:
            raise self.error
        self.entries += [json.loads(event["message"]) for event in log_events]


class FakeEndpoint:
    """Answers instead of a socket: `script` gets URL, headers and body."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.requests: list[tuple[float, str, dict[str, str], bytes]] = []
        self.script: Callable[[dict[str, Any]], Answer | NoAnswer] = acknowledge

    async def post(self, url: str, headers: dict[str, str], body: bytes) -> Answer:
        self.requests.append((self.clock.now(), url, headers, body))
        result = self.script(headers)
        if isinstance(result, NoAnswer):
            raise result
        return result

    async def close(self) -> None:
        pass


def acknowledge(headers: dict[str, Any]) -> Answer:
    body = json.dumps({"requestId": headers["X-Amz-Firehose-Request-Id"], "timestamp": 1}).encode()
    return Answer(200, {"content-type": "application/json"}, body)


class Rig:
    """The world and its loop; every method runs to its end. Time is manual."""

    def __init__(self, transition_seconds: float = 0.0) -> None:
        self.loop = asyncio.new_event_loop()
        self.world = World(clock=Clock("manual", start=START), seed=7, transition_seconds=transition_seconds)
        self.firehose = Firehose(self.world)
        self.s3, self.lambda_, self.logs = FakeS3(self.world), FakeLambda(self.world), FakeLogs(self.world)
        self.endpoint = FakeEndpoint(self.world.clock)
        self.firehose.endpoint_client = self.endpoint  # type: ignore[assignment]
        for service in (self.firehose, Kinesis(self.world), self.s3, self.lambda_, self.logs):
            self.world.add(service)
        self.run(self.world.start())

    transform = staticmethod(transform)
    acknowledge = staticmethod(acknowledge)
    ROLE, LAMBDA, START = ROLE, LAMBDA, START

    def run(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    def call(self, op: str, service: str = "firehose", **params: Any) -> dict[str, Any]:
        async def counted() -> Any:
            with self.world.clock.working():
                return await self.world.bus.call(service, op, params, Caller())

        return dict(self.run(counted()))

    def error(self, op: str, service: str = "firehose", **params: Any) -> AwsError:
        with pytest.raises(AwsError) as caught:
            self.call(op, service, **params)
        return caught.value

    def advance(self, seconds: float) -> None:
        self.run(self.world.clock.advance(seconds))

    def settle(self, max_seconds: float = 7 * 86400.0) -> Settled:
        return self.run(self.world.clock.settle(max_seconds))  # type: ignore[no-any-return]

    def restart(self) -> None:
        """Save, and become what was saved: timers and tasks are gone, the store is as it was."""
        self.run(self.world.restore(self.run(self.world.save())))

    # -- Firehose ---------------------------------------------------------------------------------------------

    def s3_settings(self, bucket: str = "b", **more: Any) -> dict[str, Any]:
        return {"RoleARN": ROLE, "BucketARN": f"arn:aws:s3:::{bucket}", **more}

    def processing(self, retries: int | None = None, size: str = "1", interval: str = "60") -> dict[str, Any]:
        values = {"LambdaArn": LAMBDA, "BufferSizeInMBs": size, "BufferIntervalInSeconds": interval}
        if retries is not None:
            values["NumberOfRetries"] = str(retries)
        parameters = [{"ParameterName": n, "ParameterValue": v} for n, v in values.items()]
        return {"Enabled": True, "Processors": [{"Type": "Lambda", "Parameters": parameters}]}

    def create(self, name: str = "d", **s3: Any) -> dict[str, Any]:
        settings = self.s3_settings(**s3)
        return self.call("CreateDeliveryStream", DeliveryStreamName=name, ExtendedS3DestinationConfiguration=settings)

    def create_http(
        self, name: str = "d", url: str = "https://endpoint.example.com/in", s3: Any = None, **more: Any
    ) -> None:
        settings = {
            "EndpointConfiguration": {"Url": url, "Name": "e", "AccessKey": "test"},
            "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 60},
            "RoleARN": ROLE,
            "S3Configuration": s3 or self.s3_settings(BufferingHints={"SizeInMBs": 1, "IntervalInSeconds": 60}),
            **more,
        }
        self.call("CreateDeliveryStream", DeliveryStreamName=name, HttpEndpointDestinationConfiguration=settings)

    def put(self, *data: bytes, name: str = "d") -> dict[str, Any]:
        return self.call("PutRecordBatch", DeliveryStreamName=name, Records=[{"Data": d} for d in data])

    def put_all(self, batches: list[list[bytes]], name: str = "d") -> None:
        """Several batches without a pause between them."""

        async def put() -> None:
            for batch in batches:
                params = {"DeliveryStreamName": name, "Records": [{"Data": data} for data in batch]}
                with self.world.clock.working():
                    await self.world.bus.call("firehose", "PutRecordBatch", params, Caller())

        self.run(put())

    def describe(self, name: str = "d") -> dict[str, Any]:
        return self.call("DescribeDeliveryStream", DeliveryStreamName=name)["DeliveryStreamDescription"]  # type: ignore[no-any-return]

    def update(self, name: str = "d", version: str | None = None, **blocks: Any) -> dict[str, Any]:
        return self.call(
            "UpdateDestination",
            DeliveryStreamName=name,
            CurrentDeliveryStreamVersionId=version or self.describe(name)["VersionId"],
            DestinationId="destinationId-000000000001",
            **blocks,
        )

    # -- what came out ----------------------------------------------------------------------------------------

    def objects(self, under: str = "", bucket: str = "b") -> list[bytes]:
        return [body for (b, key), body in self.s3.objects.items() if b == bucket and key.startswith(under)]

    def keys(self, bucket: str = "b") -> list[str]:
        return [key for (b, key) in self.s3.objects if b == bucket]

    def lines(self, under: str, bucket: str = "b") -> list[dict[str, Any]]:
        """The error lines under a folder, with `rawData` decoded as `raw`."""
        text = b"".join(self.objects(under, bucket))
        assert text == b"" or text.endswith(b"\n")
        lines = [json.loads(line) for line in text.splitlines()]
        return [{**line, "raw": base64.b64decode(line["rawData"])} for line in lines]

    def close(self) -> None:
        self.run(self.world.stop())
        self.loop.close()


@pytest.fixture
def rig() -> Iterator[Rig]:
    made = Rig()
    yield made
    made.close()


@pytest.fixture
def make_rig() -> Iterator[Callable[..., Rig]]:
    made: list[Rig] = []

    def make(**options: Any) -> Rig:
        made.append(Rig(**options))
        return made[-1]

    yield make
    for one in made:
        one.close()
