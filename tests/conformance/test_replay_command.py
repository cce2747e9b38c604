"""`harness replay` and `harness send` as processes of their own, against the emulator."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from harness.ledger import ByClock, FirehoseEntry, Ledger
from harness.sinks import ErrorObjects, KinesisStream, S3Objects
from tests.conformance.ledger_pipelines import ROLE, TRANSFORM, bucket, delivery_stream, function, processing
from tests.conftest import Aws

SECONDS = 60


class Endpoint:
    """An HTTP endpoint that counts the bodies it gets; `on_request` sees the number of each request."""

    def __init__(self) -> None:
        self.bodies: Counter[bytes] = Counter()
        self.on_request: Callable[[int], None] = lambda number: None
        lock = threading.Lock()
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: object) -> None:
                pass

            def do_POST(self) -> None:
                size = int(self.headers["Content-Length"])
                body = self.rfile.read(size)
                if len(body) < size:
                    return  # the client was killed before it had sent it
                with lock:
                    endpoint.bodies[body] += 1
                    endpoint.on_request(endpoint.bodies.total())
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/in"


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    endpoint = Endpoint()
    endpoint.server.handle_error = lambda *_: None  # type: ignore[method-assign]  # killed clients break connections
    thread = threading.Thread(target=endpoint.server.serve_forever, daemon=True)
    thread.start()
    yield endpoint
    endpoint.server.shutdown()
    endpoint.server.server_close()
    thread.join()


def start(aws: Aws, folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """A command of its own, in an empty project folder."""
    (folder / ".harness").mkdir(exist_ok=True)
    command = [sys.executable, "-P", "-m", "harness.cli", *arguments, "--endpoint-url", aws.url]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HARNESS_")}
    return subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def harness(aws: Aws, folder: Path, *arguments: str) -> tuple[int, str]:
    """Exit code and output of a command."""
    process = start(aws, folder, *arguments)
    output, _ = process.communicate(timeout=SECONDS)
    return process.returncode, output


def failed_records(aws: Aws, count: int) -> list[bytes]:
    """Records that a transform failed, in the error objects of the bucket `failed-data`."""
    delivery_stream(aws, "failed", ProcessingConfiguration=processing(function(aws, "failed", TRANSFORM)))
    data = [json.dumps({"n": n, "wants": "ProcessingFailed"}).encode() for n in range(count)]
    firehose = aws.client("firehose")
    for start_at in range(0, count, 100):
        records = [{"Data": each} for each in data[start_at : start_at + 100]]
        assert firehose.put_record_batch(DeliveryStreamName="failed", Records=records)["FailedPutCount"] == 0
        aws.settle()
    return data


def test_killed_half_way_it_never_sends_a_record_twice(aws: Aws, endpoint: Endpoint, tmp_path: Path) -> None:
    """SIGKILL between a record's arrival and its answer, at four points; then it goes on until nothing is left."""
    data = failed_records(aws, 300)
    arguments = ("replay", "s3://failed-data/processing-failed/", "--to", endpoint.url)
    for kill_at in (1, 40, 111, 200):
        process = start(aws, tmp_path, *arguments)

        def kill(number: int, process: subprocess.Popen[str] = process, kill_at: int = kill_at) -> None:
            if number == kill_at:
                process.send_signal(signal.SIGKILL)

        endpoint.on_request = kill
        process.communicate(timeout=SECONDS)
        assert process.returncode == -signal.SIGKILL
    endpoint.on_request = lambda number: None
    code, output = harness(aws, tmp_path, *arguments)
    assert max(endpoint.bodies.values()) == 1
    assert set(endpoint.bodies) <= set(data)
    missing = set(data) - set(endpoint.bodies)
    # What was on its way at a kill is told, not sent again; some of it did arrive.
    unknown = int(output.split(" unknown")[0].rsplit(" ", 1)[1])
    assert (code, len(missing) <= unknown <= 4 * 16, unknown >= 4) == (1, True, True), output
    code, output = harness(aws, tmp_path, *arguments, "--resend-unknown")
    assert code == 0, output
    assert set(endpoint.bodies) == set(data)
    twice = {body for body, times in endpoint.bodies.items() if times > 1}
    assert len(twice) == unknown - len(missing)
    before = endpoint.bodies.copy()
    code, output = harness(aws, tmp_path, *arguments)
    assert code == 0 and "0 sent, 300 sent before, 0 unknown" in output
    assert endpoint.bodies == before


def test_what_failed_is_delivered_after_the_mend(aws: Aws, tmp_path: Path) -> None:
    """A10: fail, mend the transform, look, replay; the ledger finds every record delivered, and once."""
    settings = {"ProcessingConfiguration": processing(function(aws, "mended", "def handler(event, context): 1 / 0"))}
    delivery_stream(aws, "mended", Prefix="data/", ErrorOutputPrefix="errors/", **settings)
    ledger = Ledger(seed=1)
    ledger.send(FirehoseEntry(aws.client("firehose"), "mended"), [{"n": n} for n in range(120)])
    errors = ErrorObjects(aws.client("s3"), "mended-data", "errors/")
    delivered = S3Objects(aws.client("s3"), "mended-data", "data/")
    assert ledger.check([errors, delivered], ByClock(aws.url)).fates == {"processing-failed": 120}

    aws.client("lambda").delete_function(FunctionName="mended")
    function(aws, "mended", TRANSFORM)
    code, output = harness(aws, tmp_path, "replay", "s3://mended-data/errors/", "--dry-run")
    assert code == 0 and output.startswith("Lambda.FunctionError: 120 records, "), output
    assert not (tmp_path / ".harness/replay").exists()
    code, output = harness(aws, tmp_path, "replay", "s3://mended-data/errors/", "--to", "firehose:mended")
    assert code == 0 and output.startswith("120 sent, 0 sent before"), output
    report = ledger.check([delivered], ByClock(aws.url))
    report.assert_valid()
    assert report.fates == {"delivered": 120}
    code, output = harness(aws, tmp_path, "replay", "s3://mended-data/errors/", "--dry-run")
    assert "120 sent before" in output


def test_a_source_backup_goes_back_into_a_stream(aws: Aws, tmp_path: Path) -> None:
    """A11, A12: compressed, without delimiters: the records of the backup, byte by byte."""
    backup: dict[str, Any] = {"RoleARN": ROLE, "BucketARN": bucket(aws, "whole-backup"), "CompressionFormat": "GZIP"}
    backup["BufferingHints"] = {"SizeInMBs": 1, "IntervalInSeconds": 60}
    delivery_stream(aws, "whole", S3BackupMode="Enabled", S3BackupConfiguration=backup)
    aws.client("kinesis").create_stream(StreamName="again", ShardCount=2)
    ledger = Ledger(seed=1)
    ledger.send(FirehoseEntry(aws.client("firehose"), "whole"), [{"n": n} for n in range(700)])
    aws.settle()
    code, output = harness(aws, tmp_path, "replay", "s3://whole-backup", "--to", "kinesis:again")
    assert code == 0 and output.startswith("700 sent"), output
    ledger.check([KinesisStream(aws.client("kinesis"), "again", fate="buffered")], ByClock(aws.url)).assert_valid()


def test_text_without_delimiters_is_not_guessed_at(aws: Aws, endpoint: Endpoint, tmp_path: Path) -> None:
    """A11: what is not JSON may be several records; only the user knows that lines are."""
    aws.client("s3").create_bucket(Bucket="text")
    aws.client("s3").put_object(Bucket="text", Key="one", Body=b'{"a":1}first line\nsecond line\n')
    code, output = harness(aws, tmp_path, "replay", "s3://text", "--to", endpoint.url)
    assert code == 1 and "1 sent" in output and "1 undivided" in output and "--lines" in output
    code, output = harness(aws, tmp_path, "replay", "s3://text", "--to", endpoint.url, "--lines")
    assert code == 0 and "2 sent, 1 sent before" in output
    assert endpoint.bodies == Counter([b'{"a":1}', b"first line\n", b"second line\n"])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("s3://nowhere/x", "--to", "firehose:f"), "s3://nowhere/x cannot be read"),
        (("s3://failed-data/", "--to", "firehose:nobody"), "ResourceNotFoundException"),
        (("s3://failed-data/", "--to", "http://127.0.0.1:1/"), "ConnectError"),
        (("s3://failed-data/", "--to", "sqs:queue"), "is no target"),
        (("failed-data", "--to", "firehose:f"), "is no place in S3"),
        (("s3://failed-data/",), "--dry-run"),
    ],
)
def test_what_cannot_work_is_told_in_a_sentence(
    aws: Aws, tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    failed_records(aws, 2)
    code, output = harness(aws, tmp_path, "replay", *arguments)
    assert (code, sentence in output, "Traceback" in output) == (1, True, False), output


def test_send_puts_records_in(aws: Aws, endpoint: Endpoint, tmp_path: Path) -> None:
    """A record, or many, to a stream and to a URL; a failure is told by its code."""
    kinesis: Any = aws.client("kinesis")
    kinesis.create_stream(StreamName="in", ShardCount=1)
    assert harness(aws, tmp_path, "send", "kinesis:in", "--count", "600", "--data", "x") == (0, "600 acknowledged\n")
    found = KinesisStream(kinesis, "in").read().found
    assert [each.content for each in found] == [b"x"] * 600
    (tmp_path / "record").write_bytes(b"from a file")
    assert harness(aws, tmp_path, "send", endpoint.url, "--data", "@record")[0] == 0
    assert endpoint.bodies == Counter([b"from a file"])
    code, output = harness(aws, tmp_path, "send", "kinesis:out", "--data", "x")
    assert code == 1 and "1 × ResourceNotFoundException" in output
