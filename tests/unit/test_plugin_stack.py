"""The stack's outputs as a test sees them, and other code for its functions."""

from __future__ import annotations

import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import pytest

from harness.clients import Aws
from harness.testing.stack import INVOKE_BASE, Stack, archive, led_to

URL = "http://127.0.0.1:40001"


class FakeLambda:
    """Takes what a test sends."""

    def __init__(self, runtime: str, handler: str) -> None:
        self.settings = {"FunctionName": "it", "Runtime": runtime, "Handler": handler}
        self.sent: list[tuple[str, dict[str, Any]]] = []

    def get_function_configuration(self, FunctionName: str) -> dict[str, Any]:  # noqa: N803 (boto3's name)
        return self.settings

    def update_function_configuration(self, **arguments: Any) -> None:
        self.sent.append(("configuration", arguments))

    def update_function_code(self, **arguments: Any) -> None:
        self.sent.append(("code", arguments))


class FakeAws(Aws):
    def __init__(self, client: FakeLambda) -> None:
        super().__init__(URL, "us-east-1")
        self._clients = {"lambda": client}


def files(package: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(package)) as opened:
        return {name: opened.read(name).decode() for name in opened.namelist()}


def test_an_output_that_there_is_not_names_those_that_there_are() -> None:
    stack = Stack(Aws(URL), {"queue": "q", "bucket": "b"})
    with pytest.raises(AttributeError, match="no output 'bukket'; it has bucket, queue"):
        _ = stack.bukket
    with pytest.raises(KeyError):
        _ = stack["bukket"]


def test_code_as_text_needs_pythons_handler() -> None:
    with pytest.raises(ValueError, match=r"runs on nodejs20\.x"):
        Stack(FakeAws(FakeLambda("nodejs20.x", "index.handler")), {}).replace_code("it", "text")


def test_a_folder_that_there_is_not(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no folder"):
        archive(tmp_path / "none")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (f"{INVOKE_BASE}/_aws/execute-api/a1/submit", f"{URL}/_aws/execute-api/a1/submit"),
        ("http://127.0.0.1:5000/000000000000/jobs", f"{URL}/000000000000/jobs"),
        ("http://localhost:4566/x", f"{URL}/x"),
        ("https://a1b2c3.execute-api.eu-west-1.amazonaws.com/prod", f"{URL}/_aws/execute-api/a1b2c3/prod"),
        ("https://a1b2c3.execute-api.eu-west-1.amazonaws.com/", f"{URL}/_aws/execute-api/a1b2c3/"),
        ("https://a1b2c3.lambda-url.eu-west-1.on.aws/", f"{URL}/_aws/lambda-url/a1b2c3/"),
        ("http://a1b2c3.lambda-url.us-east-1.localhost.localstack.cloud:4566/x", f"{URL}/_aws/lambda-url/a1b2c3/x"),
        ("https://log-api.newrelic.com/x", "https://log-api.newrelic.com/x"),
        (
            "arn:aws:kinesis:us-east-1:000000000000:stream/orders",
            "arn:aws:kinesis:us-east-1:000000000000:stream/orders",
        ),
        (["http://127.0.0.1:1/", {"x": "http://127.0.0.1:2/"}], [f"{URL}/", {"x": f"{URL}/"}]),
        (5, 5),
        (None, None),
    ],
)
def test_urls_lead_to_this_emulator(value: Any, expected: Any) -> None:
    assert led_to(URL, value) == expected


def test_outputs_are_attributes_and_a_mapping() -> None:
    stack = Stack(Aws(URL), {"bucket": "b", "items": [1]})
    assert stack.bucket == stack["bucket"] == "b"
    assert stack["items"] == [1]
    assert dict(stack) == {"bucket": "b", "items": [1]}
    assert pickle.loads(pickle.dumps(stack)).bucket == "b"


def test_code_as_text_becomes_the_handlers_module() -> None:
    client = FakeLambda("python3.11", "src.price.handler")
    Stack(FakeAws(client), {}).replace_code("it", "x = 1", Timeout=1)
    (first, settings), (second, code) = client.sent
    assert (first, settings) == ("configuration", {"FunctionName": "it", "Timeout": 1})
    assert (second, code["FunctionName"]) == ("code", "it")
    assert files(code["ZipFile"]) == {"src/price.py": "x = 1"}


def test_a_folder_becomes_a_package_without_caches(tmp_path: Path) -> None:
    (tmp_path / "part" / "__pycache__").mkdir(parents=True)
    (tmp_path / "part" / "__pycache__" / "x.pyc").write_text("")
    (tmp_path / "part" / "x.py").write_text("y")
    assert files(archive(tmp_path)) == {"part/x.py": "y"}
    assert files(archive({"a.mjs": b"z"})) == {"a.mjs": "z"}
