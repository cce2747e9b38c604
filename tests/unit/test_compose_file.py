"""docker-compose.yml: against the Compose schema, against the settings, and against what the documents say."""

from __future__ import annotations

import importlib.resources
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from harness.targets.localstack import settings
from harness.version import VERSION

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return content


def default(text: str) -> str:
    """`${NAME:-default}` without NAME."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


def schema() -> dict[str, Any]:
    """The Compose specification's, which check-jsonschema ships with its licence."""
    folder = importlib.resources.files("check_jsonschema") / "builtin_schemas" / "vendor"
    content: dict[str, Any] = json.loads((folder / "compose-spec.json").read_text())
    return content


def test_it_is_in_the_compose_schema(compose: dict[str, Any]) -> None:
    jsonschema.validate(compose, schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**compose, "services": {"edge": {"imagine": "x"}}}, schema())


def test_images_are_the_settings(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert default(services["localstack"]["image"]) == settings.LOCALSTACK_IMAGE
    assert default(services["edge"]["image"]) == default(services["newrelic"]["image"]) == settings.EDGE_IMAGE
    assert settings.EDGE_IMAGE.endswith(f":{VERSION}")
    base = services["edge"]["build"]["args"]["PYTHON_IMAGE"]
    assert f"ARG PYTHON_IMAGE={default(base)}\n" in (ROOT / "Dockerfile").read_text()


def test_the_split_is_the_settings(compose: dict[str, Any]) -> None:
    command = compose["services"]["edge"]["command"]
    assert command[command.index("--upstream") + 1] == settings.UPSTREAM
    assert default(command[command.index("--native") + 1]) == ",".join(settings.NATIVE)


def test_localstack_gets_the_settings_and_what_is_passed_through(compose: dict[str, Any]) -> None:
    environment = compose["services"]["localstack"]["environment"]
    assert settings.LOCALSTACK_ENVIRONMENT.items() <= environment.items()
    assert all(environment[name] is None for name in settings.PASSED_THROUGH)


def test_every_service_has_an_init_and_waits_for_health(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert all(service["init"] is True for service in services.values())
    assert "healthcheck" in services["localstack"]  # the edge's image has its own
    assert "HEALTHCHECK" in (ROOT / "Dockerfile").read_text()
    assert {name: each["condition"] for name, each in services["edge"]["depends_on"].items()} == {
        "localstack": "service_healthy",
        "newrelic": "service_healthy",
    }


def test_ports_are_published_on_loopback_only(compose: dict[str, Any]) -> None:
    """Law 8."""
    published = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert published and all(str(port).startswith("127.0.0.1:") for port in published)


def test_images_do_not_run_as_root() -> None:
    for path in ("Dockerfile", "images/localstack/Dockerfile"):
        lines = (ROOT / path).read_text().splitlines()
        users = [line.split()[1] for line in lines if line.startswith("USER ")]
        assert users and users[-1] not in ("root", "0")


def test_the_offline_image_is_of_the_pinned_version_and_pins_everything() -> None:
    lines = (ROOT / "images" / "localstack" / "requirements.txt").read_text().splitlines()
    packages = [line for line in lines if line and not line.startswith("#")]
    assert f"localstack-core=={settings.LOCALSTACK_VERSION}" in packages
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==\S+", package) for package in packages)


def test_the_document_names_the_same_versions_and_services() -> None:
    text = (ROOT / "docs" / "localstack.md").read_text()
    for name in (settings.LOCALSTACK_IMAGE, settings.OFFLINE_IMAGE, settings.EDGE_IMAGE, ",".join(settings.NATIVE)):
        assert name in text
    assert set(re.findall(r"localstack:(\d+\.\d+\.\d+)", text)) == {settings.LOCALSTACK_VERSION}
