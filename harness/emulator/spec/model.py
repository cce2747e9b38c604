"""Service models as botocore ships them, read straight from its data files.

botocore's own model classes cost 80 ms of imports and build an object per shape; the raw dictionaries are enough here.
"""

from __future__ import annotations

import gzip
import os
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec

import orjson

from harness.emulator.service_registry import descriptor_of
from harness.json_object import Json


@dataclass(frozen=True, eq=False)
class Model:
    """One service's model: `shapes` and `operations` are botocore's JSON, unchanged."""

    service: str
    metadata: Json
    operations: dict[str, Json]
    shapes: dict[str, Json]

    @property
    def protocol(self) -> str:
        return str(self.metadata["protocol"])

    def input_shape(self, operation: str) -> str | None:
        """The name of the input structure; None for operations without input."""
        shape = self.operations[operation].get("input")
        return str(shape["shape"]) if shape else None

    def output_shape(self, operation: str) -> str | None:
        shape = self.operations[operation].get("output")
        return str(shape["shape"]) if shape else None

    def input_members(self, operation: str) -> list[str]:
        name = self.input_shape(operation)
        return list(self.shapes[name].get("members", {})) if name else []


@cache
def data_folders() -> dict[str, str]:
    """botocore's service names, and the folder of each with its models."""
    spec = find_spec("botocore")
    assert spec is not None and spec.submodule_search_locations
    data = os.path.join(spec.submodule_search_locations[0], "data")
    return {entry.name: entry.path for entry in os.scandir(data) if entry.is_dir()}


@cache
def load_model(service: str) -> Model:
    """The newest model of a botocore service name. Raises KeyError for a name that botocore does not know."""
    folder = data_folders()[service]
    newest = os.path.join(folder, max(os.listdir(folder)))
    plain = os.path.join(newest, "service-2.json")
    if os.path.exists(plain):
        with open(plain, "rb") as file:
            data = orjson.loads(file.read())
    else:
        with gzip.open(plain + ".gz") as file:
            data = orjson.loads(file.read())
    for shape, members in descriptor_of(service).required.items():
        required = data["shapes"][shape].setdefault("required", [])
        required += [member for member in members if member not in required]
    return Model(service, data["metadata"], data["operations"], data["shapes"])
