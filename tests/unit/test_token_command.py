"""`harness token`: the token alone, and a sentence for a claim that is none."""

from __future__ import annotations

from typing import Any

import pytest
from typer.testing import CliRunner

from harness.cli import app
from harness.cli import token as command
from harness.cli.token import claims_of

ISSUER = "https://tenant.example.com/"


class Emulator:
    """Stands in for the running emulator."""

    def __init__(self) -> None:
        self.admin = self
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def token(self, issuer: str, **wanted: Any) -> str:
        self.asked.append((issuer, wanted))
        return "header.claims.signature"


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch) -> Emulator:
    made = Emulator()
    monkeypatch.setattr(command, "running_target", lambda _: made)
    return made


def test_the_token_alone_is_printed(emulator: Emulator) -> None:
    given = ["--audience", "api", "--subject", "ann", "--scope", "read", "--scope", "write", "--claim", "level=3"]
    answer = CliRunner().invoke(app, ["token", "--issuer", ISSUER, *given, "--lifetime", "60"])
    assert (answer.exit_code, answer.output) == (0, "header.claims.signature\n")
    assert emulator.asked == [
        (
            ISSUER,
            {
                "audience": "api",
                "subject": "ann",
                "scopes": ["read", "write"],
                "claims": {"level": 3},
                "lifetime": 60.0,
            },
        )
    ]


def test_what_is_not_given_is_left_to_the_emulator(emulator: Emulator) -> None:
    assert CliRunner().invoke(app, ["token", "--issuer", ISSUER]).exit_code == 0
    wanted = {"audience": None, "subject": None, "scopes": None, "claims": None, "lifetime": None}
    assert emulator.asked == [(ISSUER, wanted)]


def test_several_audiences(emulator: Emulator) -> None:
    CliRunner().invoke(app, ["token", "--issuer", ISSUER, "--audience", "a", "--audience", "b"])
    assert emulator.asked[0][1]["audience"] == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        ("name=Ann", {"name": "Ann"}),
        ("level=3", {"level": 3}),
        ('level="3"', {"level": "3"}),
        ('groups=["a","b"]', {"groups": ["a", "b"]}),
        ("admin=true", {"admin": True}),
        ("exp=null", {"exp": None}),
        ("query=a=b", {"query": "a=b"}),
        ("empty=", {"empty": ""}),
        ("number=NaN", {"number": "NaN"}),
        ("https://example.com/role=x", {"https://example.com/role": "x"}),
    ],
)
def test_claims(text: str, claims: dict[str, Any]) -> None:
    assert claims_of([text]) == claims


@pytest.mark.parametrize("text", ["name", "=x", ""])
def test_a_claim_that_is_none(emulator: Emulator, text: str) -> None:
    answer = CliRunner().invoke(app, ["token", "--issuer", ISSUER, "--claim", text])
    assert answer.exit_code != 0
    assert f"--claim {text} is not NAME=VALUE." in answer.output
    assert emulator.asked == []
