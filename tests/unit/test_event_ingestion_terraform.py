"""The event-ingestion modules against their document's tables: variables, defaults, settings by volume, names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TERRAFORM = Path(__file__).parents[2] / "terraform"

REQUIRED = None
# The table "Variables" of the module kinesis_event_flow: name, type, default.
FLOW_VARIABLES = [
    ("event_type", "string", REQUIRED),
    ("environment", "string", '"dev"'),
    ("shard_count", "number", "1"),
    ("retention_period", "number", "24"),
    ("lambda_source_path", "string", REQUIRED),
    ("lambda_handler", "string", '"handler.process_event"'),
    ("lambda_runtime", "string", '"python3.11"'),
    ("lambda_memory_size", "number", "256"),
    ("lambda_timeout", "number", "30"),
    ("batch_size", "number", "100"),
    ("batch_window_seconds", "number", "5"),
    ("dlq_enabled", "bool", "true"),
    ("max_retry_attempts", "number", "3"),
]
# The table "Recommended Settings by Volume": file, fewest and most shards (None: no upper end), batch size, window.
VOLUMES = [
    ("under-10k", 1, 1, 100, 5),
    ("10k-100k", 1, 2, 100, 3),
    ("100k-1m", 2, 4, 200, 1),
    ("over-1m", 4, None, 500, 0),
]


def variables(folder: str) -> dict[str, dict[str, str]]:
    """Variable → its simple attributes (`type`, `default`), as they are written."""
    text = (TERRAFORM / folder / "variables.tf").read_text()
    blocks = re.findall(r'^variable "(\w+)" \{\n(.*?)^\}', text, re.MULTILINE | re.DOTALL)
    return {name: dict(re.findall(r"^  (\w+) += (.+)$", body, re.MULTILINE)) for name, body in blocks}


@pytest.mark.parametrize(("name", "kind", "default"), FLOW_VARIABLES)
def test_a_flows_variables_have_the_documented_types_and_defaults(name: str, kind: str, default: str | None) -> None:
    declared = variables("modules/kinesis_event_flow")[name]
    assert (declared["type"], declared.get("default")) == (kind, default)


def test_everything_beyond_the_table_is_optional() -> None:
    """The document's usage examples stay complete: no other variable has to be given."""
    flow = variables("modules/kinesis_event_flow")
    assert [name for name, declared in flow.items() if "default" not in declared] == [
        name for name, _, default in FLOW_VARIABLES if default is REQUIRED
    ]
    gateway = variables("modules/api_gateway")
    assert [name for name, declared in gateway.items() if "default" not in declared] == ["name", "event_streams"]
    assert {"lambda_vpc_config", "enhanced_monitoring"} <= flow.keys()
    assert {"api_key_required", "cors_allowed_origins"} <= gateway.keys()


@pytest.mark.parametrize("stack", ["modules/event_ingestion", "stacks/event-ingestion", "stacks/full"])
def test_the_stacks_repeat_the_modules_defaults(stack: str) -> None:
    """An event type without settings is a flow with the module's defaults, whichever stack names it."""
    text = (TERRAFORM / stack / "variables.tf").read_text()
    repeated = dict(re.findall(r"^    (\w+) += optional\(\w+, (.+)\)$", text, re.MULTILINE))
    flow = variables("modules/kinesis_event_flow")
    assert {name: flow[name]["default"] for name in repeated} == repeated
    assert {name for name, _, default in FLOW_VARIABLES if default} - {"environment"} <= repeated.keys()


@pytest.mark.parametrize(("volume", "fewest", "most", "batch_size", "window"), VOLUMES)
def test_the_settings_by_volume(volume: str, fewest: int, most: int | None, batch_size: int, window: int) -> None:
    """Each row of the table is a file for `terraform apply -var-file`; the last is applied by test_systems_alone.py."""
    text = (TERRAFORM / "stacks" / "event-ingestion" / "volumes" / f"{volume}.tfvars").read_text()
    settings = re.findall(
        r"^  (\w+) += \{ shard_count = (\d+), batch_size = (\d+), batch_window_seconds = (\d+) \}$", text, re.MULTILINE
    )
    assert [name for name, *_ in settings] == ["user_activity", "orders", "payments"]
    for _, shards, size, seconds in settings:
        assert fewest <= int(shards) <= (most or int(shards))
        assert (int(size), int(seconds)) == (batch_size, window)


def test_there_is_no_other_volume() -> None:
    files = (TERRAFORM / "stacks" / "event-ingestion" / "volumes").iterdir()
    assert {path.name for path in files} == {f"{volume}.tfvars" for volume, *_ in VOLUMES}
