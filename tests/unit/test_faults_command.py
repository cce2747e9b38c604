"""`harness faults`: what it asks of the admin API, and what it prints."""

from __future__ import annotations

from typing import Any

import pytest
from typer.testing import CliRunner

from harness.cli import app, faults

RULE = {
    "id": "fault-1",
    "fault": "error",
    "match": {"service": "s3"},
    "matched": 3,
    "fired": 2,
    "state": "active",
}


class FakeAdmin:
    def __init__(self) -> None:
        self.asked: list[Any] = []

    def faults(self) -> list[Any]:
        return []

    def fault_kinds(self) -> list[Any]:
        return [{"fault": "error", "summary": "Refused.", "with": {"code": "a text, required"}}]

    def add_faults(self, rules: Any) -> list[Any]:
        self.asked.append(rules)
        return [RULE]

    def clear_faults(self, rule_id: str | None) -> list[Any]:
        self.asked.append(rule_id)
        return [RULE]


@pytest.fixture
def admin(monkeypatch: pytest.MonkeyPatch) -> FakeAdmin:
    fake = FakeAdmin()
    monkeypatch.setattr(faults, "running_target", lambda port: type("Target", (), {"admin": fake}))
    return fake


def run(*arguments: str, given: str | None = None) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["faults", *arguments], input=given)
    return result.exit_code, result.output


def test_what_is_no_json_is_refused(admin: FakeAdmin) -> None:
    code, _ = run("add", "{fault")
    assert (code, admin.asked) == (1, [])


def test_add_list_and_clear(admin: FakeAdmin, capsys: pytest.CaptureFixture[str]) -> None:
    line = 'fault-1              error                  active   matched      3  fired      2  service="s3"\n'
    printed = []
    for arguments, given in (
        (["list"], None),
        (["list", "--kinds"], None),
        (["add", '{"fault": "timeout"}'], None),
        (["add", "-"], "[]"),
        (["clear"], None),
        (["clear", "fault-1"], None),
    ):
        code, output = run(*arguments, given=given)
        assert code == 0
        printed.append(output + capsys.readouterr().out)
    assert printed[0] == "no faults\n"
    assert "error" in printed[1] and "code: a text, required" in printed[1]
    assert printed[2:] == [line] * 4
    assert admin.asked == [{"fault": "timeout"}, [], None, "fault-1"]
