"""Streamed answers: InvokeWithResponseStream, and function URLs that stream (C13)."""

from __future__ import annotations

import base64
import json
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

node = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")

# Writes one piece, then waits until a file is there: who has the piece by then got it while the function ran.
TWO_PIECES = """
const fs = require("fs");
exports.handler = awslambda.streamifyResponse(async (event, stream, context) => {
  stream.write("first ");
  const file = event.file ?? event.queryStringParameters.file;
  while (!fs.existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 5));
  stream.write(context.functionName);
  stream.end();
});
"""
WITH_HEAD = """
const { pipeline } = require("stream/promises");
const { Readable } = require("stream");
exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  const head = { statusCode: 202, headers: { "X-Own": "yes", "Content-Type": "text/plain" }, cookies: ["a=1"] };
  stream = awslambda.HttpResponseStream.from(stream, head);
  await pipeline(Readable.from(["one ", "two"]), stream);
});
"""
FAILS = """
exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  if (event.write) stream.write("begun");
  throw new RangeError("no more");
});
"""


def _node(functions: Any, source: str, **settings: Any) -> str:
    given = {"Runtime": "nodejs20.x", "Handler": "index.handler", "files": {"index.js": source}, "Timeout": 30}
    return str(functions.make("", **(given | settings)))


def _events(functions: Any, name: str, event: Any = None, **settings: Any) -> list[tuple[str, Any]]:
    payload = json.dumps(event).encode()
    answer = functions.client.invoke_with_response_stream(FunctionName=name, Payload=payload, **settings)
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    return [next(iter(event.items())) for event in answer["EventStream"]]


def _url(functions: Any, name: str) -> str:
    client = functions.client
    made = client.create_function_url_config(FunctionName=name, AuthType="NONE", InvokeMode="RESPONSE_STREAM")
    client.add_permission(
        FunctionName=name, StatementId="public", Action="lambda:InvokeFunctionUrl", Principal="*",
        FunctionUrlAuthType="NONE",
    )  # fmt: skip
    return "/_aws/lambda-url/" + str(urlsplit(made["FunctionUrl"]).netloc).partition(".")[0]


@node
def test_pieces_arrive_while_the_function_runs(functions: Any, tmp_path: Path) -> None:
    """C13."""
    name, file = _node(functions, TWO_PIECES), tmp_path / "go"
    payload = json.dumps({"file": str(file)}).encode()
    stream = iter(functions.client.invoke_with_response_stream(FunctionName=name, Payload=payload)["EventStream"])
    assert next(stream) == {"PayloadChunk": {"Payload": b"first "}}
    file.touch()
    assert list(stream) == [{"PayloadChunk": {"Payload": name.encode()}}, {"InvokeComplete": {}}]


@node
def test_a_url_streams(functions: Any, tmp_path: Path) -> None:
    """C13, C12."""
    name, file = _node(functions, TWO_PIECES), tmp_path / "go"
    with functions.aws.http.stream("GET", _url(functions, name), params={"file": str(file)}) as answer:
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/octet-stream")
        pieces = answer.iter_raw()
        assert next(pieces) == b"first "
        file.touch()
        assert b"".join(pieces) == name.encode()


@node
def test_a_url_with_a_head_of_its_own(functions: Any) -> None:
    """C13: HttpResponseStream.from gives status, headers and cookies."""
    answer = functions.aws.http.get(_url(functions, _node(functions, WITH_HEAD)))
    assert (answer.status_code, answer.text) == (202, "one two")
    assert (answer.headers["x-own"], answer.headers["set-cookie"]) == ("yes", "a=1")
    assert answer.headers["content-type"] == "text/plain"


@node
def test_a_function_that_fails(functions: Any) -> None:
    """C13: the last event tells, whatever was written before; by URL it is 502 as long as nothing was."""
    name = _node(functions, FAILS)
    kind, told = _events(functions, name, {})[-1]
    assert (kind, told["ErrorCode"]) == ("InvokeComplete", "Unhandled")
    assert json.loads(told["ErrorDetails"])["errorType"] == "RangeError"
    events = _events(functions, name, {"write": 1})
    assert events[0] == ("PayloadChunk", {"Payload": b"begun"})
    assert events[-1][1]["ErrorCode"] == "Unhandled"
    assert functions.aws.http.get(_url(functions, name)).status_code == 502


@node
def test_an_answer_as_a_whole(functions: Any, tmp_path: Path) -> None:
    """C13: Invoke of a function that streams gives all that it wrote."""
    file = tmp_path / "go"
    file.touch()
    name = _node(functions, TWO_PIECES)
    assert functions.invoke(name, {"file": str(file)}).body == b"first " + name.encode()


def test_a_function_that_does_not_stream(functions: Any) -> None:
    """C13: one piece; the log's tail in the last event; errors as from Invoke."""
    name = functions.make("def handler(event, context):\n    print('said')\n    return {'got': event}\n")
    events = _events(functions, name, 5, LogType="Tail")
    assert events[0] == ("PayloadChunk", {"Payload": b'{"got": 5}'})
    assert b"said" in base64.b64decode(events[1][1]["LogResult"])
    broken = functions.make("def handler(event, context):\n    return 1 / 0\n")
    [(kind, told)] = _events(functions, broken, 5)
    assert (kind, told["ErrorCode"]) == ("InvokeComplete", "Unhandled")
    functions.client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    with pytest.raises(ClientError) as throttled:
        _events(functions, name)
    assert throttled.value.response["Error"]["Code"] == "TooManyRequestsException"
    with pytest.raises(ClientError, match="Function not found"):
        _events(functions, "nobody")
