"""A Terraform that makes nothing: it answers a plan, keeps a state, and writes down how it was called."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

_SCRIPT = """#!/bin/sh
echo "$1" >>"{folder}/commands"
for argument; do
  case "$argument" in -state=*) state="${{argument#-state=}}" ;; esac
done
case "$1" in
  version) echo '{{"terraform_version": "1.11.4"}}' ;;
  show) cat "{folder}/plan.json" ;;
  apply) cp "{folder}/state.json" "$state" ;;
  destroy) echo '{{"resources": []}}' >"$state" ;;
esac
"""


@dataclass(frozen=True)
class FakeTerraform:
    folder: Path

    @classmethod
    def make(cls, folder: Path, plan: dict[str, object]) -> FakeTerraform:
        """Its state holds one role that does not exist."""
        folder.mkdir(parents=True)
        role = {"mode": "managed", "type": "aws_iam_role", "instances": [{"attributes": {"id": "nobody"}}]}
        (folder / "state.json").write_text(json.dumps({"resources": [role], "outputs": {}}))
        (folder / "plan.json").write_text(json.dumps(plan))
        command = folder / "terraform"
        command.write_text(_SCRIPT.format(folder=folder))
        command.chmod(0o755)
        return cls(folder)

    @property
    def environment(self) -> dict[str, str]:
        return {"TF_CMD": str(self.folder / "terraform")}

    def commands(self) -> list[str]:
        """What it was told to do, in order, without questions about its version."""
        path = self.folder / "commands"
        return [each for each in path.read_text().split() if each != "version"] if path.is_file() else []
