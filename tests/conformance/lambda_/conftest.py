"""Functions for tests: made from source text, invoked, and read back from their logs."""

from __future__ import annotations

import io
import itertools
import json
import zipfile
from dataclasses import dataclass
from typing import Any

import pytest

ROLE = "arn:aws:iam::000000000000:role/lambda-role"

_names = itertools.count()


def archive(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        for name, text in files.items():
            package.writestr(name, text)
    return buffer.getvalue()


@dataclass
class Answer:
    """One Invoke: the raw answer, and its payload as bytes and parsed."""

    raw: Any
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> str | None:
        error: str | None = self.raw.get("FunctionError")
        return error


class Functions:
    """Makes functions with names of their own."""

    def __init__(self, aws: Any) -> None:
        self.aws = aws
        self.client = aws.client("lambda")

    def name(self, hint: str = "fn") -> str:
        return f"{hint}-{next(_names)}"

    def make(self, source: str, **settings: Any) -> str:
        """A Python function from the source of `index.py` with `handler`."""
        name = settings.pop("FunctionName", None) or self.name()
        files = settings.pop("files", None) or {"index.py": source}
        given = {
            "FunctionName": name,
            "Runtime": "python3.11",
            "Role": ROLE,
            "Handler": "index.handler",
            "Code": {"ZipFile": archive(files)},
        }
        self.client.create_function(**(given | settings))
        return name

    def invoke(self, name: str, event: Any = None, **settings: Any) -> Answer:
        payload = settings.pop("Payload", None)
        if payload is None and event is not None:
            payload = json.dumps(event).encode()
        if payload is not None:
            settings["Payload"] = payload
        raw = self.client.invoke(FunctionName=name, **settings)
        return Answer(raw, raw["Payload"].read())

    def log(self, name: str) -> list[str]:
        """All messages in the function's log group, in order of writing."""
        self.aws.settle()
        logs = self.aws.client("logs")
        events: list[str] = []
        streams = logs.describe_log_streams(logGroupName=f"/aws/lambda/{name}")["logStreams"]
        for stream in streams:
            token: dict[str, Any] = {}
            while True:
                page = logs.get_log_events(
                    logGroupName=f"/aws/lambda/{name}",
                    logStreamName=stream["logStreamName"],
                    startFromHead=True,
                    **token,
                )
                events += [event["message"] for event in page["events"]]
                if not page["events"]:
                    break
                token = {"nextToken": page["nextForwardToken"]}
        return events


@pytest.fixture
def functions(aws: Any) -> Functions:
    return Functions(aws)
