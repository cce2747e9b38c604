"""Begin a native service: `python scripts/new_service.py mediastore [ListContainers]`.

Makes its folder with a descriptor and a provider, whose first operation comes from botocore's model, and a first
conformance test. The service answers when the emulator starts; all other operations are refused by name. Nothing that
is there is changed. "Adding a service" in docs/architecture.md tells how to go on.
"""

from __future__ import annotations

import argparse
import keyword
import re
import sys
from pathlib import Path

from harness.emulator.service import snake
from harness.emulator.service_descriptor import Protocol
from harness.emulator.service_registry import descriptors
from harness.emulator.spec.model import Model, data_folders, load_model

ROOT = Path(__file__).resolve().parents[1]
_SERVICES = Path("harness", "emulator", "services")
_TESTS = Path("tests", "conformance")
_PROTOCOLS: dict[str, Protocol] = {"json": "json", "rest-json": "rest", "query": "query"}
_EMPTY = {"list": "[]", "map": "{}"}


class Problem(Exception):
    """Why the service can't be made, a sentence."""


class Beginning:
    """The files of a service that begins with one operation. Raises Problem."""

    def __init__(self, name: str, operation: str | None) -> None:
        if name not in data_folders():
            raise Problem(f"botocore knows no service {name}.")
        self.model = load_model(name)
        self.title: str = self.model.metadata.get("serviceAbbreviation") or self.model.metadata["serviceFullName"]
        if self.model.protocol not in _PROTOCOLS:
            raise Problem(f"{self.title} speaks {self.model.protocol}, for which there is no codec here.")
        plain = re.sub(r"\W", "_", name)
        self.folder = _SERVICES / (f"{plain}_" if keyword.iskeyword(plain) else plain)
        self.test = _TESTS / f"test_{plain}.py"
        for path in (self.folder, self.test):
            if (ROOT / path).exists():
                raise Problem(f"There is a service {name} already: {path}.")
        self.operation = operation or self._first()
        if self.operation not in self.model.operations:
            raise Problem(f"{self.title} has no operation {self.operation}.")
        if needed := _needed(self.model, self.operation):
            text = f"{self.operation} needs {', '.join(needed)}: begin with an operation that needs nothing."
            raise Problem(text)
        given = re.sub(r"\W", "", self.model.metadata["serviceId"])
        self.provider = given[0].upper() + given[1:]

    def _first(self) -> str:
        """An operation that lists, if one needs nothing."""
        found = [name for name in self.model.operations if not _needed(self.model, name)]
        if not found:
            raise Problem(f"No operation of {self.title} needs nothing: there is none to begin with.")
        return min(found, key=lambda name: (not name.startswith("List"), not self._answer(name), name))

    def _answer(self, operation: str) -> dict[str, str]:
        """The output members that can be empty, as Python."""
        shape = self.model.output_shape(operation)
        members = self.model.shapes[shape]["members"] if shape else {}
        kinds = {name: self.model.shapes[member["shape"]]["type"] for name, member in members.items()}
        return {name: _EMPTY[kind] for name, kind in kinds.items() if kind in _EMPTY}

    def files(self) -> dict[Path, str]:
        """Path below the project → text."""
        return {
            self.folder / "__init__.py": "",
            self.folder / "descriptor.py": self._descriptor(),
            self.folder / "provider.py": self._provider(),
            self.test: self._test(),
        }

    def _descriptor(self) -> str:
        metadata = self.model.metadata
        host: str = metadata["endpointPrefix"]
        name = self.model.service
        members = {"name": _quoted(name), "protocol": _quoted(_PROTOCOLS[self.model.protocol])}
        if "targetPrefix" in metadata:
            members["targets"] = f"({_quoted(metadata['targetPrefix'])},)"
        signing = metadata.get("signingName", host)
        if signing != name:
            members["signing"] = f"({_quoted(signing)},)"
        members["hosts"] = f"({_quoted(host)},)"
        if self.model.protocol == "query":
            members["version"] = _quoted(metadata["apiVersion"])
        members["provider"] = _quoted(self.provider)
        lines = "\n".join(f"    {member}={value}," for member, value in members.items())
        return f'''"""What the rest of the emulator must know of {self.title}."""

from __future__ import annotations

from harness.emulator.service_descriptor import ServiceDescriptor

DESCRIPTOR = ServiceDescriptor(
{lines}
)
'''

    def _provider(self) -> str:
        answer = ", ".join(f'"{name}": {value}' for name, value in self._answer(self.operation).items())
        return f'''"""{self.title}."""

from __future__ import annotations

from harness.emulator.call import Call
from harness.emulator.service import Service, operation
from harness.json_object import Json


class {self.provider}(Service):
    """One operation so far. Every other one is refused by name, and so is every member that no signature names."""

    name = {_quoted(self.model.service)}

    @operation
    def {snake(self.operation)}(self, call: Call) -> Json:
        """Nothing can be made yet, so there is nothing to tell."""
        return {{{answer}}}
'''

    def _test(self) -> str:
        answer = self._answer(self.operation)
        name, method = self.model.service, snake(self.operation)
        checks = "\n".join(f'    assert answer["{member}"] == {value}' for member, value in answer.items())
        checks = checks or '    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200'
        return f'''"""{self.title} through boto3."""

from __future__ import annotations

from typing import Any


def test_{method}_of_nothing(aws: Any) -> None:
    answer = aws.client({_quoted(name)}).{method}()
{checks}
'''


def _needed(model: Model, operation: str) -> list[str]:
    shape = model.input_shape(operation)
    return list(model.shapes[shape].get("required", [])) if shape else []


def _quoted(text: str) -> str:
    return f'"{text}"'


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("name", help="botocore's name of the service")
    parser.add_argument("operation", nargs="?", help="the first operation (default: one that lists)")
    arguments = parser.parse_args()
    try:
        beginning = Beginning(arguments.name, arguments.operation)
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 1
    for path, text in beginning.files().items():
        (ROOT / path).parent.mkdir(exist_ok=True)
        (ROOT / path).write_text(text, encoding="utf-8")
        print(path)
    if arguments.name in descriptors():
        print(f"upstream/descriptors tells of {arguments.name}, too: take over what is said there.")
    print("Next: make coverage, which writes docs/coverage.md.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
