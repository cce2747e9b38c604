"""A test that needs what its target cannot do is skipped, with a sentence."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from harness.pytest_plugin import _admin
from harness.targets.embedded import CAPABILITIES
from harness.testing.aws import Aws
from harness.testing.emulator import SuiteEmulator


@pytest.mark.parametrize("word", ["clock", "faults", "sinks"])
def test_what_a_target_does_not_have_skips_the_test(word: str) -> None:
    bare = SimpleNamespace(name="aws", capabilities=frozenset(), admin=None)
    with pytest.raises(pytest.skip.Exception, match=f"^needs {word}, which the target aws does not have$"):
        _admin(bare, word)


@pytest.mark.parametrize("word", sorted(CAPABILITIES))
def test_the_embedded_target_has_all_that_fixtures_ask_for(word: str) -> None:
    emulator = SuiteEmulator(Aws("http://127.0.0.1:9"), 7, None, None)
    assert _admin(emulator, word) is emulator.admin
