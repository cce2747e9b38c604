"""The applied Terraform stack as a test sees it: its outputs, with URLs that lead to this test's target."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.clients import Aws
from harness.json_object import Json

INVOKE_BASE = "http://emulator.test"
"""Given to Terraform as the variable `endpoint_url`, where a stack declares it: the same for every emulator."""

_LOCAL = re.compile(rf"{re.escape(INVOKE_BASE)}(?::\d+)?|http://(?:127\.0\.0\.1|localhost)(?::\d+)")
_FUNCTION_URL = re.compile(
    r"https?://([a-z0-9]+)\.lambda-url\.[a-z0-9-]+\.(?:on\.aws|localhost\.localstack\.cloud)(?::\d+)?"
)
_EXECUTE_API = re.compile(r"https://([a-z0-9]+)\.execute-api\.[a-z0-9-]+\.amazonaws\.com(?::\d+)?")

Code = str | Path | Mapping[str, str | bytes]


class Stack(Mapping[str, Any]):
    """Outputs by name: `stack.bucket_name`, or `stack["items"]` where the name is one of a method."""

    def __init__(self, aws: Aws, outputs: Mapping[str, Any], before_change: Callable[[], None] | None = None) -> None:
        """`before_change` is called before a test changes the stack itself."""
        self.aws = aws
        self._before_change = before_change
        url = aws.endpoint_url
        self.outputs: Json = (
            dict(outputs) if url is None else {name: led_to(url, value) for name, value in outputs.items()}
        )

    def __getitem__(self, name: str) -> Any:
        return self.outputs[name]

    def __getattr__(self, name: str) -> Any:
        # Asked only for what is no attribute; `outputs` itself is missing while an object is being unpickled.
        outputs = self.__dict__.get("outputs", {})
        if name in outputs:
            return outputs[name]
        raise AttributeError(f"the stack has no output {name!r}; it has {', '.join(sorted(outputs)) or 'none'}")

    def __iter__(self) -> Iterator[str]:
        return iter(self.outputs)

    def __len__(self) -> int:
        return len(self.outputs)

    def replace_code(self, function: str, code: Code, **configuration: Any) -> None:
        """Give a function other code until the end of the test, and other settings where named (`Timeout=1`).

        `code`: the text of the module that its handler names (Python), a folder, or files by name. Raises ValueError
        for a text where the handler is not Python's.
        """
        if self._before_change is not None:
            self._before_change()
        client = self.aws.client("lambda")
        if isinstance(code, str):
            settings = client.get_function_configuration(FunctionName=function)
            code = {_module_of(settings): code}
        if configuration:
            client.update_function_configuration(FunctionName=function, **configuration)
        client.update_function_code(FunctionName=function, ZipFile=archive(code))


def led_to(url: str, value: Any) -> Any:
    """The value with every URL in it that means an emulator, or a deployed API on AWS, leading to this emulator."""
    if isinstance(value, str):
        value = _FUNCTION_URL.sub(rf"{url}/_aws/lambda-url/\1", value)
        return _EXECUTE_API.sub(rf"{url}/_aws/execute-api/\1", _LOCAL.sub(url, value))
    if isinstance(value, Mapping):
        return {name: led_to(url, each) for name, each in value.items()}
    if isinstance(value, list):
        return [led_to(url, each) for each in value]
    return value


def archive(code: Path | Mapping[str, str | bytes]) -> bytes:
    """A zip of a folder's files, or of the given ones."""
    files: Mapping[str, str | bytes]
    if isinstance(code, Path):
        if not code.is_dir():
            raise ValueError(f"there is no folder {code}")
        found = sorted(path for path in code.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
        files = {path.relative_to(code).as_posix(): path.read_bytes() for path in found}
    else:
        files = code
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        for name, content in files.items():
            package.writestr(name, content)
    return buffer.getvalue()


def _module_of(settings: Mapping[str, Any]) -> str:
    runtime = settings.get("Runtime", "")
    if not runtime.startswith("python"):
        raise ValueError(f"{settings['FunctionName']} runs on {runtime or 'an image'}; give its files by name")
    return str(settings["Handler"]).rpartition(".")[0].replace(".", "/") + ".py"
