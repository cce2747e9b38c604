"""scripts/new_service.py: what it refuses to begin."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

_PATH = Path(__file__).parents[2] / "scripts" / "new_service.py"


@pytest.mark.parametrize(
    ("name", "operation", "sentence"),
    [
        ("kinesis", None, "There is a service kinesis already: harness/emulator/services/kinesis."),
        ("lambda", None, "There is a service lambda already: harness/emulator/services/lambda_."),
        ("braquet", None, "botocore knows no service braquet."),
        ("mediastore", "ListBoxes", "MediaStore has no operation ListBoxes."),
        (
            "mediastore",
            "GetCorsPolicy",
            "GetCorsPolicy needs ContainerName: begin with an operation that needs nothing.",
        ),
        ("ec2", None, "Amazon EC2 speaks ec2, for which there is no codec here."),
        ("swf", None, "No operation of Amazon SWF needs nothing: there is none to begin with."),
    ],
)
def test_what_can_not_be_made_is_told_in_a_sentence(name: str, operation: str | None, sentence: str) -> None:
    spec = importlib.util.spec_from_file_location("new_service", _PATH)
    assert spec is not None and spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    with pytest.raises(script.Problem) as problem:
        script.Beginning(name, operation)
    assert str(problem.value) == sentence
