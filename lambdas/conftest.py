"""Loads the handler beside a tests folder under a name of its own: every folder may call its module `handler`."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def handler(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module of the function that the test belongs to, freshly executed."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    folder = Path(request.path).parents[1]
    source = next(folder.glob("*handler.py"))
    spec = importlib.util.spec_from_file_location(f"{folder.name}_{source.stem}", source)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
