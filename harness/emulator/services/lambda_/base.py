"""What the parts of the Lambda provider share: tables and look-ups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.emulator.call import Call, Caller
from harness.emulator.errors import AwsError
from harness.emulator.service import Service
from harness.emulator.services.lambda_ import names
from harness.emulator.services.lambda_.execution.fleet import Fleet
from harness.emulator.services.lambda_.metrics import FunctionMetrics
from harness.emulator.services.lambda_.model import (
    LATEST,
    AsyncEvent,
    CodeSigningConfig,
    EventSourceMapping,
    Function,
    FunctionUrl,
    FunctionVersion,
    LayerVersion,
    MappingCheckpoint,
)
from harness.emulator.services.lambda_.names import FunctionName
from harness.emulator.store import Table
from harness.json_object import Json

if TYPE_CHECKING:
    from harness.emulator.world import World

SERVICE_PRINCIPAL = "lambda.amazonaws.com"


class LambdaBase(Service):
    """Tables, look-ups and the fleet of execution environments."""

    name = "lambda"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.functions: Table[tuple[str, str, str], Function] = world.store.table("lambda.functions")
        self.code: Table[str, bytes] = world.store.table("lambda.code")
        self.layers: Table[tuple[str, str, str, int], LayerVersion] = world.store.table("lambda.layers")
        self.layer_counts: Table[tuple[str, str, str], int] = world.store.table("lambda.layer_counts")
        """How many versions a layer ever had: no number comes twice."""
        self.code_signing: Table[str, CodeSigningConfig] = world.store.table("lambda.code_signing")
        self.urls: Table[str, FunctionUrl] = world.store.table("lambda.urls")
        self.events: Table[str, AsyncEvent] = world.store.table("lambda.async_events")
        self.mappings: Table[tuple[str, str, str], EventSourceMapping] = world.store.table("lambda.mappings")
        self.checkpoints: Table[tuple[str, str], MappingCheckpoint] = world.store.table("lambda.checkpoints")
        self.fleet = Fleet(world)
        self.metrics = FunctionMetrics(world)

    def find(self, call: Call, function_name: str, qualifier: str | None = None) -> tuple[Function, FunctionName]:
        """The function and its parsed name. Raises ResourceNotFoundException."""
        name = names.parse(function_name, call.caller, qualifier)
        function = self.functions.get((name.account, name.region, name.name))
        if function is None:
            raise names.not_found(name)
        return function, name

    def version_of(self, function: Function, name: FunctionName, *, routed: bool = False) -> FunctionVersion:
        """The version that the name's qualifier means; `routed`: a weighted alias chooses by the world's rng.

        Raises ResourceNotFoundException.
        """
        qualifier = name.qualifier
        if qualifier is None or qualifier == LATEST:
            return function.latest
        alias = function.aliases.get(qualifier)
        if alias is not None:
            chosen = alias.function_version
            if alias.weights and routed:
                point = self.world.rng.random()
                for version, weight in alias.weights.items():
                    point -= weight
                    if point < 0:
                        chosen = version
                        break
            return function.latest if chosen == LATEST else function.versions[chosen]
        published = function.versions.get(qualifier)
        if published is None:
            raise names.not_found(name)
        return published

    def urls_of(self, function: Function) -> list[FunctionUrl]:
        """The function's URLs, its aliases' too."""
        return [url for url in self.urls.values() if (url.account, url.region, url.name) == function.key]

    def unprovision(self, function: Function, qualifier: str) -> None:
        """Forget the provisioned concurrency of a version or an alias."""
        if function.provisioned.pop(qualifier, None) is not None:
            self.world.kept.forget(self.name, f"{function.arn}:{qualifier}")
            self.functions.put(function.key, function)

    def check_revision(self, given: str | None, current: str) -> None:
        """Optimistic locking. Raises PreconditionFailedException."""
        if given is not None and given != current:
            raise AwsError(
                "PreconditionFailedException",
                "The Revision Id provided does not match the latest Revision Id. "
                "Call the GetFunction/GetAlias API to retrieve the latest Revision Id",
                412,
                members={"Type": "User"},
            )

    def as_lambda(self, caller: Caller, role: str, source_arn: str | None = None) -> Caller:
        """The Lambda service acting with the function's execution role."""
        return caller.on_behalf(SERVICE_PRINCIPAL, role=role, source_arn=source_arn)


def page(items: list[Json], marker: str | None, limit: int | None, most: int = 50) -> tuple[list[Json], str | None]:
    """One page of `items` and the marker of the next (the position as text)."""
    start = int(marker) if marker and marker.isdigit() else 0
    end = start + min(limit or most, most)
    return items[start:end], str(end) if end < len(items) else None
