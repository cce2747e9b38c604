"""Event source mappings: their operations (C8). What they do is in `mapping/`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from harness.emulator.call import Call, Caller
from harness.emulator.errors import AwsError
from harness.emulator.service import operation
from harness.emulator.services.lambda_ import names
from harness.emulator.services.lambda_.base import page
from harness.emulator.services.lambda_.destinations import Destinations
from harness.emulator.services.lambda_.mapping.event_filter import EventFilter
from harness.emulator.services.lambda_.mapping.reader import MappingReader
from harness.emulator.services.lambda_.model import EventSourceMapping, FunctionVersion, MappingCheckpoint
from harness.json_object import Json

if TYPE_CHECKING:
    from harness.emulator.world import World

_DEFAULT_BATCH = 100


class EventSourceMappings(Destinations):
    """Kinesis streams and their fan-out consumers as event sources."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._readers: dict[str, MappingReader] = {}

    @operation
    async def create_event_source_mapping(
        self,
        call: Call,
        *,
        function_name: str,
        event_source_arn: str | None = None,
        enabled: bool = True,
        batch_size: int | None = None,
        filter_criteria: Json | None = None,
        maximum_batching_window_in_seconds: int | None = None,
        parallelization_factor: int | None = None,
        starting_position: str | None = None,
        starting_position_timestamp: float | None = None,
        destination_config: Json | None = None,
        maximum_record_age_in_seconds: int | None = None,
        bisect_batch_on_function_error: bool | None = None,
        maximum_retry_attempts: int | None = None,
        tags: dict[str, str] | None = None,
        tumbling_window_in_seconds: int | None = None,
        function_response_types: list[str] | None = None,
    ) -> Json:
        """Answers in state Creating; records put after the answer reach the function."""
        function, name = self.find(call, function_name)
        self.version_of(function, name)
        if event_source_arn is None:
            raise names.invalid("Unrecognized event source.")
        self._check_source(event_source_arn)
        now = self.world.clock.now()
        if starting_position is None:
            raise names.invalid(
                "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: "
                "Member must not be null."
            )
        if starting_position == "AT_TIMESTAMP" and starting_position_timestamp is None:
            raise names.invalid("StartingPositionTimestamp must be specified for AT_TIMESTAMP")
        if starting_position_timestamp is not None:
            if starting_position != "AT_TIMESTAMP":
                raise names.invalid("StartingPositionTimestamp can only be specified for AT_TIMESTAMP")
            if starting_position_timestamp > now:
                raise names.invalid("StartingPositionTimestamp must not be in the future")
        mapping = EventSourceMapping(
            uuid=self.world.new_id(),
            account=call.account,
            region=call.region,
            source_arn=event_source_arn,
            function_arn=name.arn,
            enabled=enabled,
            starting_position=starting_position,
            starting_timestamp=starting_position_timestamp,
            batch_size=_DEFAULT_BATCH,
            batching_window=0,
            parallelization_factor=1,
            maximum_record_age=-1,
            maximum_retry_attempts=-1,
            bisect=False,
            on_failure=None,
            report_failures=False,
            filters=[],
            last_modified=now,
            tags=dict(tags or {}),
        )
        self._apply(mapping, call.params)
        for other in self._own_mappings(call):
            if (other.source_arn, other.function_arn) == (event_source_arn, name.arn):
                raise names.conflict(
                    f'The event source arn (" {event_source_arn} ") and function (" {name.name} ") provided mapping '
                    f"already exists. Please update or delete the existing mapping with UUID {other.uuid}"
                )
        checkpoints = await self._first_checkpoints(mapping)
        self.mappings.put(mapping.key, mapping)
        for shard_id, checkpoint in checkpoints.items():
            self.checkpoints.put((mapping.uuid, shard_id), checkpoint)
        if enabled:
            self._start_reading(mapping)
        return self._show(mapping) | {"State": "Creating"}

    @operation
    def get_event_source_mapping(self, call: Call, *, uuid: str) -> Json:
        return self._show(self._mapping(call, uuid))

    @operation
    def update_event_source_mapping(
        self,
        call: Call,
        *,
        uuid: str,
        function_name: str | None = None,
        enabled: bool | None = None,
        batch_size: int | None = None,
        filter_criteria: Json | None = None,
        maximum_batching_window_in_seconds: int | None = None,
        parallelization_factor: int | None = None,
        destination_config: Json | None = None,
        maximum_record_age_in_seconds: int | None = None,
        bisect_batch_on_function_error: bool | None = None,
        maximum_retry_attempts: int | None = None,
        tumbling_window_in_seconds: int | None = None,
        function_response_types: list[str] | None = None,
    ) -> Json:
        """A batch in flight is finished with the old settings; reading goes on at the checkpoint with the new ones."""
        mapping = self._mapping(call, uuid)
        if function_name is not None:
            function, name = self.find(call, function_name)
            self.version_of(function, name)
            mapping.function_arn = name.arn
        self._apply(mapping, call.params)
        state = "Updating"
        if enabled is not None and enabled != mapping.enabled:
            mapping.enabled = enabled
            state = "Enabling" if enabled else "Disabling"
        mapping.pending_state = state
        mapping.last_modified = self.world.clock.now()
        self.mappings.put(mapping.key, mapping)
        reader = self._readers.pop(uuid, None)
        still_running = reader.stop() if reader is not None else set()
        if mapping.enabled:
            self._start_reading(mapping, still_running)
        return self._show(mapping) | {"State": state}

    @operation
    def delete_event_source_mapping(self, call: Call, *, uuid: str) -> Json:
        mapping = self._mapping(call, uuid)
        reader = self._readers.pop(uuid, None)
        if reader is not None:
            reader.stop()
        self.mappings.delete(mapping.key)
        for key in self.checkpoints:
            if key[0] == uuid:
                self.checkpoints.delete(key)
        return self._show(mapping) | {"State": "Deleting"}

    @operation
    def list_event_source_mappings(
        self,
        call: Call,
        *,
        event_source_arn: str | None = None,
        function_name: str | None = None,
        marker: str | None = None,
        max_items: int | None = None,
    ) -> Json:
        arn = names.parse(function_name, call.caller).arn if function_name else None
        shown = [
            self._show(mapping)
            for mapping in self._own_mappings(call)
            if event_source_arn in (None, mapping.source_arn) and arn in (None, mapping.function_arn)
        ]
        items, following = page(shown, marker, max_items, 100)
        return {"EventSourceMappings": items} | ({"NextMarker": following} if following else {})

    # -- reading ----------------------------------------------------------------------------------------------

    def resume_mappings(self) -> None:
        """Go on with what the store holds."""
        self._readers.clear()
        for mapping in self.mappings.values():
            if mapping.enabled:
                self._start_reading(mapping)

    def version_for(self, mapping: EventSourceMapping) -> FunctionVersion:
        """The function version that the mapping invokes. Raises ResourceNotFoundException."""
        name = names.parse(mapping.function_arn, Caller(mapping.account, mapping.region))
        function = self.functions.get((name.account, name.region, name.name))
        if function is None:
            raise names.not_found(name)
        return self.version_of(function, name)

    def _start_reading(self, mapping: EventSourceMapping, after: set[asyncio.Task[Any]] | None = None) -> None:
        reader = self._readers[mapping.uuid] = MappingReader(self, mapping)
        reader.start(after or set())

    async def _first_checkpoints(self, mapping: EventSourceMapping) -> dict[str, MappingCheckpoint]:
        """One per shard that is there now; for LATEST with the place where reading begins.

        Raises InvalidParameterValueException.
        """
        client = MappingReader(self, mapping).client
        checkpoints: dict[str, MappingCheckpoint] = {}
        try:
            for shard in await client.shards():
                checkpoint = checkpoints[shard.id] = MappingCheckpoint(
                    mapping.starting_position, mapping.starting_timestamp, parents=shard.parents
                )
                if mapping.starting_position != "LATEST":
                    continue
                checkpoint.ended = shard.ended
                if not shard.ended:
                    checkpoint.iterator = await client.iterator(shard.id, "LATEST")
                    checkpoint.iterator_at = self.world.clock.now()
        except AwsError as error:
            if error.code == "ResourceNotFoundException":
                raise names.invalid(f"Stream not found: {mapping.source_arn}") from error
            if error.code.startswith("AccessDenied"):
                raise names.invalid(
                    f"Cannot access stream {mapping.source_arn}. Please ensure the role can perform the GetRecords, "
                    "GetShardIterator, DescribeStream, ListShards, and ListStreams Actions on your stream in IAM."
                ) from error
            raise
        return checkpoints

    # -- settings ---------------------------------------------------------------------------------------------

    def _check_source(self, arn: str) -> None:
        parts = arn.split(":")
        if len(parts) < 6 or parts[0] != "arn":
            raise names.invalid("Unrecognized event source.")
        if parts[2] != "kinesis":
            raise self.refuse(f"EventSourceArn of {parts[2]}")

    def _apply(self, mapping: EventSourceMapping, given: Json) -> None:
        """Take over the members that are set. Raises InvalidParameterValueException."""
        for member, field in (
            ("BatchSize", "batch_size"),
            ("MaximumBatchingWindowInSeconds", "batching_window"),
            ("ParallelizationFactor", "parallelization_factor"),
            ("TumblingWindowInSeconds", "tumbling_window"),
            ("MaximumRecordAgeInSeconds", "maximum_record_age"),
            ("MaximumRetryAttempts", "maximum_retry_attempts"),
            ("BisectBatchOnFunctionError", "bisect"),
        ):
            if given.get(member) is not None:
                setattr(mapping, field, given[member])
        if mapping.tumbling_window and mapping.parallelization_factor > 1:
            raise self.refuse("TumblingWindowInSeconds with ParallelizationFactor")
        if 0 <= mapping.maximum_record_age < 60:
            raise names.invalid(
                f"Invalid value {mapping.maximum_record_age} for MaximumRecordAgeInSeconds: must be -1 or at least 60."
            )
        if (destinations := given.get("DestinationConfig")) is not None:
            if (destinations.get("OnSuccess") or {}).get("Destination"):
                raise names.invalid("Unsupported DestinationConfig parameter for given event source mapping type.")
            arn = (destinations.get("OnFailure") or {}).get("Destination") or None
            if arn is not None and arn.split(":")[2] not in ("sqs", "sns", "s3"):
                raise names.invalid(f"The destination {arn} is not supported.")
            mapping.on_failure = arn
        if (types := given.get("FunctionResponseTypes")) is not None:
            mapping.report_failures = "ReportBatchItemFailures" in types
        if (criteria := given.get("FilterCriteria")) is not None:
            patterns = [item.get("Pattern", "") for item in criteria.get("Filters") or []]
            EventFilter(patterns)
            mapping.filters = patterns

    def _own_mappings(self, call: Call) -> list[EventSourceMapping]:
        return [m for m in self.mappings.values() if (m.account, m.region) == (call.account, call.region)]

    def _mapping(self, call: Call, uuid: str) -> EventSourceMapping:
        mapping = self.mappings.get((call.account, call.region, uuid))
        if mapping is None:
            text = "The resource you requested does not exist."
            raise AwsError("ResourceNotFoundException", text, 404, members={"Type": "User"})
        return mapping

    def _show(self, mapping: EventSourceMapping) -> Json:
        state = "Enabled" if mapping.enabled else "Disabled"
        if self.world.clock.now() < mapping.last_modified + self.world.transition_seconds:
            state = mapping.pending_state
        on_failure = {"Destination": mapping.on_failure} if mapping.on_failure else {}
        shown: Json = {
            "UUID": mapping.uuid,
            "StartingPosition": mapping.starting_position,
            "BatchSize": mapping.batch_size,
            "MaximumBatchingWindowInSeconds": mapping.batching_window,
            "ParallelizationFactor": mapping.parallelization_factor,
            "EventSourceArn": mapping.source_arn,
            "FunctionArn": mapping.function_arn,
            "LastModified": mapping.last_modified,
            "LastProcessingResult": mapping.last_result,
            "State": state,
            "StateTransitionReason": "User action",
            "DestinationConfig": {"OnFailure": on_failure},
            "MaximumRecordAgeInSeconds": mapping.maximum_record_age,
            "BisectBatchOnFunctionError": mapping.bisect,
            "MaximumRetryAttempts": mapping.maximum_retry_attempts,
            "TumblingWindowInSeconds": mapping.tumbling_window,
            "FunctionResponseTypes": ["ReportBatchItemFailures"] if mapping.report_failures else [],
            "EventSourceMappingArn": mapping.arn,
        }
        if mapping.starting_timestamp is not None:
            shown["StartingPositionTimestamp"] = mapping.starting_timestamp
        if mapping.filters:
            shown["FilterCriteria"] = {"Filters": [{"Pattern": pattern} for pattern in mapping.filters]}
        return shown
