"""`harness token`: a JWT of an issuer on the internet, for which a built-in one stands (docs/authorizers.md)."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from harness.cli.options import Port, default_port, running_target
from harness.json_object import Json
from harness.problem import Problem


def token(
    issuer: Annotated[str, typer.Option(metavar="URL", help="The issuer, as the authorizer names it.")],
    audience: Annotated[
        list[str] | None,
        typer.Option(metavar="A", help="Whom it is for: the authorizer's first audience unless given; repeatable."),
    ] = None,
    subject: Annotated[str | None, typer.Option(metavar="S", help="Who shows it: test-user unless given.")] = None,
    scope: Annotated[list[str] | None, typer.Option(metavar="S", help="What it allows; repeatable.")] = None,
    claim: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="A claim more, or instead; the value as JSON where it is some, else as text; null leaves the claim "
            "out; repeatable.",
        ),
    ] = None,
    lifetime: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="Of the emulator's clock: 3600 unless given.")
    ] = None,
    port: Port = default_port,
) -> None:
    """Print a token that a JWT authorizer takes."""
    claims = claims_of(claim or [])
    admin = running_target(port).admin
    audiences = audience[0] if audience and len(audience) == 1 else audience
    # Alone on the line and without colours: $(harness token ...) is what it is for.
    typer.echo(
        admin.token(
            issuer,
            audience=audiences or None,
            subject=subject,
            scopes=scope or None,
            claims=claims or None,
            lifetime=lifetime,
        )
    )


def claims_of(texts: list[str]) -> Json:
    """`["level=3", "name=Ann"]` → `{"level": 3, "name": "Ann"}`. Raises Problem for a text without a name."""
    claims: Json = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise Problem(f"--claim {text} is not NAME=VALUE.")
        claims[name] = _value(value)
    return claims


def _value(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_text_only)
    except ValueError:
        return text


def _text_only(constant: str) -> Any:
    """NaN and Infinity are no JSON."""
    raise ValueError(constant)
