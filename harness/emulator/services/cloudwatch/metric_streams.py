"""Metric streams: stored and read back; no metric is streamed (kept, docs/kept.md)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from harness.emulator.call import Call
from harness.emulator.errors import AwsError
from harness.emulator.service import operation
from harness.emulator.services.cloudwatch.base import CloudWatchBase, combination, invalid, page, without_nothing
from harness.emulator.services.cloudwatch.tags import checked
from harness.emulator.store import Table
from harness.emulator.world import World
from harness.json_object import Json

METRIC_STREAM = "MetricStream"
_NAME = re.compile(r"[A-Za-z0-9\-_]{1,255}")
_FORMATS = ("json", "opentelemetry0.7", "opentelemetry1.0")
_PAGE = 500


@dataclass(slots=True)
class MetricStream:
    """Times are epoch seconds; `state` is `running` or `stopped`."""

    account: str
    region: str
    name: str
    firehose_arn: str
    role_arn: str
    output_format: str
    created: float
    updated: float
    state: str = "running"
    include: list[Json] = field(default_factory=list)
    exclude: list[Json] = field(default_factory=list)
    statistics: list[Json] = field(default_factory=list)
    linked_accounts: bool = False
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str, str]:
        return (self.account, self.region, self.name)

    @property
    def arn(self) -> str:
        return f"arn:aws:cloudwatch:{self.region}:{self.account}:metric-stream/{self.name}"


class MetricStreamOperations(CloudWatchBase):
    """Metric streams of the caller's account and region, by name."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.metric_streams: Table[tuple[str, str, str], MetricStream] = world.store.table("cloudwatch.metric_streams")

    @operation
    def put_metric_stream(
        self,
        call: Call,
        *,
        name: str,
        firehose_arn: str,
        role_arn: str,
        output_format: str,
        include_filters: list[Json] | None = None,
        exclude_filters: list[Json] | None = None,
        tags: list[Json] | None = None,
        statistics_configurations: list[Json] | None = None,
        include_linked_accounts_metrics: bool = False,
    ) -> Json:
        """Make one, or configure it anew: then its state and its tags stay. Raises InvalidParameterValue,
        InvalidParameterCombination (texts unsure)."""
        if _NAME.fullmatch(name) is None:
            raise invalid(f"The value {name} for parameter Name contains invalid characters.")
        if output_format not in _FORMATS:
            raise invalid(f"The value {output_format} for parameter OutputFormat is not supported.")
        for arn, member, service in ((firehose_arn, "FirehoseArn", "firehose"), (role_arn, "RoleArn", "iam")):
            if not arn.startswith("arn:") or arn.split(":")[2:3] != [service]:
                raise invalid(f"The value {arn} for parameter {member} is not valid.")
        if include_filters and exclude_filters:
            raise combination("IncludeFilters and ExcludeFilters are mutually exclusive.")
        now = self.world.clock.now()
        found = self.metric_streams.get((call.account, call.region, name))
        stream = MetricStream(
            call.account,
            call.region,
            name,
            firehose_arn,
            role_arn,
            output_format,
            found.created if found else now,
            now,
            found.state if found else "running",
            include_filters or [],
            exclude_filters or [],
            statistics_configurations or [],
            include_linked_accounts_metrics,
            found.tags if found else checked({pair["Key"]: pair["Value"] for pair in tags or ()}),
        )
        self.keep(call, stream.arn, {METRIC_STREAM: True})
        self.metric_streams.put(stream.key, stream)
        return {"Arn": stream.arn}

    @operation
    def get_metric_stream(self, call: Call, *, name: str) -> Json:
        """Raises ResourceNotFoundException."""
        stream = self.metric_streams.get((call.account, call.region, name))
        if stream is None:
            raise _unknown(name)
        members: Json = {
            "IncludeFilters": stream.include or None,
            "ExcludeFilters": stream.exclude or None,
            "StatisticsConfigurations": stream.statistics or None,
            "IncludeLinkedAccountsMetrics": stream.linked_accounts,
            "RoleArn": stream.role_arn,
        }
        return without_nothing(_entry(stream) | members)

    @operation
    def list_metric_streams(self, call: Call, *, next_token: str | None = None, max_results: int | None = None) -> Json:
        """By name."""
        found = [each for key, each in sorted(self.metric_streams.items()) if key[:2] == (call.account, call.region)]
        shown, following = page(found, max_results or _PAGE, next_token)
        return without_nothing({"Entries": [_entry(each) for each in shown], "NextToken": following})

    @operation
    def delete_metric_stream(self, call: Call, *, name: str) -> None:
        """A name that is none is passed over."""
        stream = self.metric_streams.delete((call.account, call.region, name))
        if stream is not None:
            self.world.kept.forget(self.name, stream.arn)

    @operation
    def start_metric_streams(self, call: Call, *, names: list[str]) -> None:
        """Raises InvalidParameterValue for a name that is none."""
        self._switch(call, names, "running")

    @operation
    def stop_metric_streams(self, call: Call, *, names: list[str]) -> None:
        """Raises InvalidParameterValue for a name that is none."""
        self._switch(call, names, "stopped")

    def _switch(self, call: Call, names: list[str], state: str) -> None:
        keys = [(call.account, call.region, name) for name in names]
        for key in keys:
            if key not in self.metric_streams:  # text unsure
                raise invalid(f"MetricStream {key[2]} does not exist")
        for key in keys:
            stream = self.metric_streams.get(key)
            assert stream is not None
            self.metric_streams.put(key, replace(stream, state=state))


def _entry(stream: MetricStream) -> Json:
    return {
        "Arn": stream.arn,
        "CreationDate": stream.created,
        "LastUpdateDate": stream.updated,
        "Name": stream.name,
        "FirehoseArn": stream.firehose_arn,
        "State": stream.state,
        "OutputFormat": stream.output_format,
    }


def _unknown(name: str) -> AwsError:
    members = {"ResourceType": METRIC_STREAM, "ResourceId": name}
    return AwsError("ResourceNotFoundException", f"MetricStream {name} does not exist", 404, members=members)
