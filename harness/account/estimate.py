"""What a run would cost and how long it would take, told before anything is made."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.account.prices import AS_OF, HOURS_PER_MONTH, REGION, price_of

# Assumed, not measured on AWS: streams and delivery streams take longest, and Terraform works on ten at a time.
_BRINGING_UP_SECONDS = 60.0
_SECONDS_PER_RESOURCE = 2.0
# No prefix and no tag tells these of one run from those of all others.
_OF_THE_WHOLE_ACCOUNT = frozenset(
    {
        "aws_api_gateway_account",
        "aws_iam_account_alias",
        "aws_iam_account_password_policy",
        "aws_s3_account_public_access_block",
    }
)


@dataclass(frozen=True)
class Estimate:
    """`resources` counts Terraform types; `hourly` is in USD for all that has a price; `use` names what is charged by
    use, by type; `unknown` counts resources without a known price. `test_seconds` is what the tests declare."""

    resources: Counter[str]
    hourly: float
    use: Mapping[str, str]
    unknown: Counter[str]
    test_seconds: float

    @classmethod
    def of(cls, plan: Mapping[str, Any], test_seconds: float) -> Estimate:
        """From `terraform show -json` of a plan."""
        resources: Counter[str] = Counter()
        unknown: Counter[str] = Counter()
        use: dict[str, str] = {}
        hourly = 0.0
        for kind, values in planned(plan):
            resources[kind] += 1
            price = price_of(kind, values)
            if price is None:
                unknown[kind] += 1
                continue
            hourly += price.hourly
            if price.use:
                use[kind] = price.use
        return cls(resources, hourly, use, unknown, test_seconds)

    @property
    def seconds(self) -> float:
        """Apply, tests, destroy."""
        return self.test_seconds + 2 * (_BRINGING_UP_SECONDS + _SECONDS_PER_RESOURCE * self.resources.total())

    @property
    def at_least(self) -> float:
        """USD for the run without any use; begun hours count as whole ones."""
        return self.hourly * math.ceil(self.seconds / 3600)

    def lines(self, region: str) -> Iterator[str]:
        count = self.resources.total()
        yield f"{count} resource{'' if count == 1 else 's'}: " + ", ".join(
            f"{number} {kind}" for kind, number in sorted(self.resources.items())
        )
        yield (
            f"duration about {math.ceil(self.seconds / 60)} min: the tests declare {self.test_seconds:g} s; apply and "
            f"destroy are assumed, not measured"
        )
        yield (
            f"cost at least ${self.at_least:.2f} for standing that long (${self.hourly:.4f} an hour; left behind, "
            f"${self.hourly * HOURS_PER_MONTH:.2f} a month), and by use:"
        )
        for kind, text in sorted(self.use.items()):
            yield f"  {kind}: {text}"
        if self.unknown:
            yield "price not known, not in the sum: " + ", ".join(
                f"{number} {kind}" for kind, number in sorted(self.unknown.items())
            )
        if shared := sorted(_OF_THE_WHOLE_ACCOUNT & self.resources.keys()):
            yield f"CHANGES SETTINGS OF THE WHOLE ACCOUNT, which are not brought back: {', '.join(shared)}"
        elsewhere = "" if region == REGION else f", not of {region}"
        yield (
            f"(list prices of {REGION}{elsewhere}, as of {AS_OF}, not all confirmed; without free tier and tax: "
            "check them yourself)"
        )


def planned(plan: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Type and planned values of every resource that the plan makes."""
    for change in plan.get("resource_changes", []):
        if change.get("mode") == "managed" and "create" in change["change"]["actions"]:
            yield change["type"], change["change"].get("after") or {}
