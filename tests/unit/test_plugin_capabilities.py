"""A test that needs what its target cannot do is skipped, with a sentence."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from harness.provision.workspace import Workspace
from harness.pytest_plugin import _admin
from harness.targets import CAPABILITIES, Capability, Target
from harness.targets.embedded import EmbeddedTarget


@pytest.mark.parametrize("word", ["clock", "faults", "sinks", "issuers"])
def test_what_a_target_does_not_have_skips_the_test(word: str) -> None:
    bare = cast(Target, SimpleNamespace(name="aws", capabilities=CAPABILITIES["aws"]))
    with pytest.raises(pytest.skip.Exception, match=f"^needs {word}, which the target aws does not have$"):
        _admin(bare, Capability(word))


@pytest.mark.parametrize("word", sorted(CAPABILITIES["embedded"]))
def test_the_embedded_target_has_all_that_fixtures_ask_for(word: Capability, tmp_path: Path) -> None:
    target = EmbeddedTarget(Workspace(tmp_path), 9)
    assert _admin(target, word) == target.admin
