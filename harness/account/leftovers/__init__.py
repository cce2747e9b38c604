"""What a run left on the account, found by its names and its tag with public list APIs, and removed.

Only kinds are looked at whose Terraform types the run's plan named: nobody needs rights for services that they don't
use. Nothing is touched whose name does not begin with the run's prefix and that does not carry its tag.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from harness.account.leftovers.apis import ApiKeys, HttpApis, RestApis, UsagePlans
from harness.account.leftovers.buckets import Buckets
from harness.account.leftovers.functions import EventSourceMappings, Functions
from harness.account.leftovers.keys import Aliases, Keys
from harness.account.leftovers.kind import ClientOf, Leftover, Mark
from harness.account.leftovers.messages import Queues, Topics
from harness.account.leftovers.roles import Policies, Roles
from harness.account.leftovers.streams import DataStreams, DeliveryStreams
from harness.account.leftovers.tables import Tables
from harness.account.leftovers.watching import Alarms, LogGroups
from harness.account.runs import Run
from harness.problem import Problem

__all__ = ["ALL_KINDS", "Swept", "remove_leftovers"]

# What uses others stands before them; logs come after those that write them.
ALL_KINDS: tuple[Leftover, ...] = (
    EventSourceMappings(),
    DeliveryStreams(),
    UsagePlans(),
    ApiKeys(),
    RestApis(),
    HttpApis(),
    Functions(),
    DataStreams(),
    Alarms(),
    Topics(),
    Queues(),
    Tables(),
    Buckets(),
    Roles(),
    Policies(),
    Aliases(),
    Keys(),
    LogGroups(),
)


@dataclass
class Swept:
    """What was removed, such as `bucket ph-1a2b3c4d-orders`, and sentences about what may still be there."""

    removed: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)


def remove_leftovers(client_of: ClientOf, run: Run) -> Swept:
    """Remove all that is the run's; what cannot be looked at or removed is a trouble, and the others go on."""
    swept = Swept()
    for kind in kinds_of(run):
        try:
            names = list(kind.find(client_of, Mark.of(run)))
        except (BotoCoreError, ClientError) as error:
            swept.troubles.append(f"{kind.noun}s cannot be listed: {error}")
            continue
        for name in names:
            try:
                kind.remove(client_of, name)
            except (BotoCoreError, ClientError, Problem) as error:
                swept.troubles.append(f"{kind.noun} {name} cannot be removed: {error}")
            else:
                swept.removed.append(f"{kind.noun} {name}")
    return swept


def kinds_of(run: Run) -> Iterator[Leftover]:
    return (kind for kind in ALL_KINDS if not kind.types.isdisjoint(run.types))
