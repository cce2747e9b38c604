"""Runs of tflocal, with a small script in Terraform's place."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.problem import Problem
from harness.provision.mirror import ProviderSource
from harness.provision.stack import OVERRIDE_NAME, Stack
from harness.provision.terraform_binary import Terraform
from harness.provision.tflocal import StackRunner
from harness.provision.workspace import Workspace

ENDPOINT = "http://127.0.0.1:4599"

# Terraform as tflocal sees it: `version` answers, everything else notes how it was called and does what $FAKE_DO says.
FAKE_TERRAFORM = """#!/bin/sh
if [ "$1" = version ]; then echo '{"terraform_version": "1.11.4"}'; exit 0; fi
{ echo "$@"; env; ls "$PWD"; } >"$FAKE_NOTES.$1"
eval "$FAKE_DO"
"""
ERROR = json.dumps({"type": "diagnostic", "diagnostic": {"severity": "error", "summary": "queue is broken"}})


class Bench:
    """A project with one stack and a made-up Terraform."""

    def __init__(self, folder: Path) -> None:
        self.workspace = Workspace(folder)
        self.stack = Stack(folder / "stack")
        self.stack.folder.mkdir()
        (self.stack.folder / "main.tf").write_text('variable "endpoint_url" {\n}\n')
        command = folder / "terraform"
        command.write_text(FAKE_TERRAFORM)
        command.chmod(0o755)
        self.notes = folder / "notes"
        self.environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "FAKE_NOTES": str(self.notes), "FAKE_DO": ""}
        self.terraform = Terraform(str(command), "1.11.4")

    def runner(self, do: str = "", endpoint_url: str = ENDPOINT, **environ: str) -> StackRunner:
        environment = self.environ | {"FAKE_DO": do} | environ
        source = ProviderSource("found mirror", self.workspace.root, self.workspace.root / "terraform.rc")
        return StackRunner(self.workspace, Stack(self.stack.folder), endpoint_url, self.terraform, source, environment)

    def noted(self, command: str) -> list[str]:
        return Path(f"{self.notes}.{command}").read_text().splitlines()

    def override(self) -> Path:
        return self.stack.folder / OVERRIDE_NAME


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_diagnostics_end_as_one_sentence_with_terraforms_text(bench: Bench) -> None:
    with pytest.raises(Problem) as raised:
        bench.runner(f"echo '{ERROR}'; exit 1").apply()
    assert raised.value.sentence == "terraform apply ended with one error in stack."
    assert raised.value.detail == "Error: queue is broken"
    assert not bench.override().exists()


def test_failure_without_a_diagnostic_shows_what_was_printed(bench: Bench) -> None:
    with pytest.raises(Problem) as raised:
        bench.runner("echo 'panic: out of memory'; exit 2").destroy()
    assert "panic: out of memory" in raised.value.detail


def test_failure_without_any_word_tells_the_exit_code(bench: Bench) -> None:
    with pytest.raises(Problem, match="terraform apply") as raised:
        bench.runner("exit 9").apply()
    assert "exit code 9" in raised.value.detail


def test_init_error_shows_only_the_error(bench: Bench) -> None:
    with pytest.raises(Problem, match="terraform init failed in stack") as raised:
        bench.runner("echo Initializing...; echo; echo '│ Error: no such provider'; exit 1").init()
    assert raised.value.detail == "Error: no such provider"


def test_missing_init_is_made_up_for_once(bench: Bench) -> None:
    wanting = json.dumps({"type": "diagnostic", "diagnostic": {"severity": "error", "summary": 'run "terraform init"'}})
    do = f'if [ "$1" = apply ] && [ ! -f "{bench.notes}.init" ]; then echo \'{wanting}\'; exit 1; fi'
    assert bench.runner(do).apply().errors == []
    assert bench.noted("init")


def test_left_over_override_file_is_replaced(bench: Bench) -> None:
    bench.override().write_text("left over")
    bench.runner(f"cp {bench.override()} {bench.workspace.root}/seen").apply()
    assert ENDPOINT in (bench.workspace.root / "seen").read_text()
    assert not bench.override().exists()


def test_folder_is_free_once_the_plan_is_made(bench: Bench) -> None:
    planned = json.dumps({"type": "change_summary", "changes": {"operation": "plan"}})
    waited = bench.workspace.root / "waited"
    do = (
        f"[ -f {bench.override()} ] || exit 1; echo '{planned}'; "
        f"while [ -f {bench.override()} ]; do sleep 0.02; done; touch {waited}"
    )
    progress = bench.runner(do).apply()
    assert progress.planned
    assert waited.exists()


def test_credentials_of_a_real_account_do_not_reach_terraform(bench: Bench) -> None:
    real = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SESSION_TOKEN": "secret", "AWS_PROFILE": "production"}
    bench.runner(**real).apply()
    noted = bench.noted("apply")
    assert "AWS_ACCESS_KEY_ID=test" in noted
    assert "AWS_SECRET_ACCESS_KEY=test" in noted
    assert not [line for line in noted if line.startswith(("AWS_SESSION_TOKEN", "AWS_PROFILE"))]


def test_account_number_as_access_key_and_the_region_are_kept(bench: Bench) -> None:
    bench.runner(AWS_ACCESS_KEY_ID="123456789012", AWS_REGION="eu-west-1").apply()
    noted = bench.noted("apply")
    assert "AWS_ACCESS_KEY_ID=123456789012" in noted
    assert "AWS_DEFAULT_REGION=eu-west-1" in noted


def test_endpoint_variable_is_set_only_where_it_is_declared(bench: Bench) -> None:
    bench.runner().apply()
    assert f"TF_VAR_endpoint_url={ENDPOINT}" in bench.noted("apply")
    (bench.stack.folder / "main.tf").write_text("")
    bench.runner().apply()
    assert not [line for line in bench.noted("apply") if line.startswith("TF_VAR_")]


def test_state_and_data_are_per_port_but_plain_on_the_default_port(bench: Bench) -> None:
    bench.runner().apply()
    home = bench.workspace.home
    assert f"-state={home}/4599/stack.tfstate" in bench.noted("apply")[0].split()
    assert f"TF_DATA_DIR={home}/4599/terraform/stack" in bench.noted("apply")
    bench.runner(endpoint_url="http://127.0.0.1:4566").apply()
    assert "-state=" not in bench.noted("apply")[0]
    assert f"TF_DATA_DIR={bench.stack.folder}/.terraform" in bench.noted("apply")


def test_init_runs_again_only_when_something_changed(bench: Bench) -> None:
    do = 'mkdir -p "$TF_DATA_DIR/providers"'
    assert bench.runner(do).init()
    assert not bench.runner(do).init()
    (bench.stack.folder / "more.tf").write_text("")
    assert bench.runner(do).init()


def test_plan_tells_whether_there_are_changes(bench: Bench) -> None:
    assert bench.runner("exit 2").plan_has_changes()
    assert not bench.runner("exit 0").plan_has_changes()
    with pytest.raises(Problem, match="terraform plan failed"):
        bench.runner("exit 1").plan_has_changes()


def test_interrupt_reaches_terraform_and_nothing_is_left(bench: Bench, tmp_path: Path) -> None:
    """Ctrl-C (SIGINT) during a run: Terraform is told once, its children are ended, the override file is gone."""
    pids = tmp_path / "pids"
    # The made-up Terraform has a child (a provider) and ends on SIGINT by itself, after noting it.
    do = (
        f"trap 'echo told >{tmp_path}/told; exit 1' INT; "
        f"sleep 300 & echo $$ $! >{pids}.part; mv {pids}.part {pids}; wait"
    )
    script = tmp_path / "run.py"
    script.write_text(
        "from pathlib import Path\n"
        "from harness.provision.mirror import ProviderSource\n"
        "from harness.provision.stack import Stack\n"
        "from harness.provision.terraform_binary import Terraform\n"
        "from harness.provision.tflocal import StackRunner\n"
        "from harness.provision.workspace import Workspace\n"
        f"environ = {bench.environ | {'FAKE_DO': do}!r}\n"
        f"root = Path({str(tmp_path)!r})\n"
        "terraform = Terraform(str(root / 'terraform'), '1.11.4')\n"
        f"runner = StackRunner(Workspace(root), Stack(root / 'stack'), {ENDPOINT!r}, terraform, "
        "ProviderSource('network'), environ)\n"
        "runner.apply()\n"
    )
    environ = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    process = subprocess.Popen([sys.executable, str(script)], stderr=subprocess.PIPE, env=environ)
    try:
        deadline = time.monotonic() + 30
        while not pids.exists():
            assert process.poll() is None, process.stderr and process.stderr.read()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        process.wait(20)
    finally:
        process.kill()
        process.communicate()
    assert (tmp_path / "told").exists()
    assert not bench.override().exists()
    for pid in map(int, pids.read_text().split()):
        with pytest.raises(ProcessLookupError):
            wait_gone(pid)


def wait_gone(pid: int) -> None:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        os.kill(pid, 0)
        stat = Path(f"/proc/{pid}/stat")
        if stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z":
            raise ProcessLookupError
        time.sleep(0.02)
