"""What a run left on the account, found by its names and its tag with public list APIs, and removed.

Only kinds are looked at whose Terraform types the run's plan named: nobody needs rights for services that they don't
use. Nothing is touched whose name does not begin with the run's prefix and that does not carry its tag.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from harness.account.runs import RUN_TAG, Run
from harness.aws_resources.kind import ClientOf, Found, ResourceKind
from harness.aws_resources.table import ALL_KINDS
from harness.problem import Problem

# What goes with another resource of the run, beside types whose names begin with the other's.
_PARTS = {
    "aws_api_gateway_rest_api": frozenset(
        f"aws_api_gateway_{part}"
        for part in (
            "authorizer",
            "deployment",
            "gateway_response",
            "integration",
            "integration_response",
            "method",
            "method_response",
            "method_settings",
            "model",
            "request_validator",
            "resource",
            "stage",
        )
    ),
    "aws_apigatewayv2_api": frozenset(
        f"aws_apigatewayv2_{part}" for part in ("authorizer", "deployment", "integration", "model", "route", "stage")
    ),
    "aws_cloudwatch_log_group": frozenset(
        f"aws_cloudwatch_log_{part}" for part in ("metric_filter", "stream", "subscription_filter")
    ),
    "aws_lambda_function": frozenset({"aws_lambda_alias", "aws_lambda_permission"}),
}


@dataclass(frozen=True)
class Mark:
    """How a run's resources are told from all others: every name begins with its prefix, and its tag holds its id."""

    prefix: str
    run_id: str

    @classmethod
    def of(cls, run: Run) -> Mark:
        return cls(run.prefix, run.id)

    def names(self, name: str) -> bool:
        return name.startswith(self.prefix)

    def tags(self, tags: Mapping[str, str]) -> bool:
        return tags.get(RUN_TAG) == self.run_id

    def owns(self, found: Found) -> bool:
        return any(map(self.names, found.names)) or self.tags(found.tags())


@dataclass
class Swept:
    """What was removed, such as `bucket ph-1a2b3c4d-orders`, and sentences about what may still be there."""

    removed: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)


def remove_leftovers(client_of: ClientOf, run: Run) -> Swept:
    """Remove all that is the run's; what cannot be looked at or removed is a trouble, and the others go on."""
    swept, mark = Swept(), Mark.of(run)
    for kind in kinds_of(run):
        try:
            ids = [found.id for found in kind.find(client_of) if mark.owns(found) and not found.is_going()]
        except (BotoCoreError, ClientError) as error:
            swept.troubles.append(f"{kind.noun}s cannot be listed: {error}")
            continue
        for id in ids:
            try:
                kind.remove(client_of, id)
            except (BotoCoreError, ClientError, Problem) as error:
                swept.troubles.append(f"{kind.noun} {id} cannot be removed: {error}")
            else:
                swept.removed.append(f"{kind.noun} {id}")
    return swept


def kinds_of(run: Run) -> Iterator[ResourceKind]:
    return (kind for kind in ALL_KINDS if not kind.types.isdisjoint(run.types))


def not_looked_for(run: Run) -> list[str]:
    """Terraform types of the run that no kind here finds and that go with nothing that one finds: only Terraform's
    state knows of them."""
    types = {kind for kind in run.types if kind.startswith("aws_")}
    found = {kind for each in ALL_KINDS for kind in each.types} & types
    return sorted(kind for kind in types - found if not any(_is_part(kind, owner) for owner in found))


def _is_part(kind: str, owner: str) -> bool:
    return kind.startswith(f"{owner}_") or kind in _PARTS.get(owner, ())
