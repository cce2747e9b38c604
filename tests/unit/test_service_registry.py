"""Every service's descriptor is found, and says what botocore's model says."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.emulator.build import build_world
from harness.emulator.call import Call, Caller
from harness.emulator.call_members import CallMembers
from harness.emulator.service_descriptor import Resource, ServiceDescriptor
from harness.emulator.service_registry import descriptor_of, descriptors, native
from harness.emulator.spec.model import load_model
from harness.emulator.world import World

_SERVICES = Path(__file__).parents[2] / "harness" / "emulator" / "services"
_FORMS = {"json": "json", "rest-json": "rest", "rest-xml": "s3", "query": "query"}


def test_every_folder_is_a_service_that_is_served() -> None:
    folders = {entry.name for entry in _SERVICES.iterdir() if (entry / "__init__.py").exists()}
    assert {each.name.replace("-", "_") for each in native()} == {folder.removesuffix("_") for folder in folders}
    assert list(build_world().services) == [each.name for each in native()]


def test_what_others_read_from_starts_first() -> None:
    names = [each.name for each in native()]
    assert names[:2] == ["cloudwatch", "kinesis"]
    assert names[-1] == "cloudformation"


@pytest.mark.parametrize("name", sorted(descriptors()))
def test_a_descriptor_says_what_the_model_says(name: str) -> None:
    said, metadata = descriptor_of(name), load_model(name).metadata
    spoken = {metadata["protocol"], *metadata.get("protocols", ())}
    assert said.protocol in {_FORMS.get(protocol) for protocol in spoken}
    assert "targetPrefix" not in metadata or said.targets == (metadata["targetPrefix"],)
    assert metadata.get("signingName", metadata["endpointPrefix"]) in (said.signing or (name,))
    assert said.version in ("", metadata["apiVersion"])


def test_a_descriptor_that_says_little_does_for_a_simple_service() -> None:
    said = ServiceDescriptor(name="boxes", protocol="json", resource=Resource(("BoxName", "BoxArn"), "box/"))
    arn = "arn:aws:boxes:us-east-1:000000000000:box/b"
    world = World(seed=1)

    def names(**params: str) -> list[str]:
        return said.names_in(CallMembers(Call("boxes", "Open", params, Caller(), "r"), world))

    assert names(BoxName="b") == ["b", arn]
    assert names(BoxArn=arn) == [arn, "b"]
    assert names() == []
    assert said.signing_name == "boxes"
    assert not said.is_native
