"""Access logs and execution logs, written in batches while requests go on (D8)."""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING

from harness.emulator.api_gateway.callers import PRINCIPAL
from harness.emulator.call import Caller
from harness.emulator.errors import AwsError
from harness.emulator.services.apigateway.execution.invocation import Invocation
from harness.json_object import Json

if TYPE_CHECKING:
    from harness.emulator.world import World

log = logging.getLogger(__name__)

# The account, region, destination ARN of one queue.
Destination = tuple[str, str, str]

_BATCH = 1000


class LogWriter:
    """Queues of log lines per destination. A log that cannot be written is reported once and costs no request."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._queues: dict[Destination, list[tuple[float, str]]] = {}
        self._streams: set[tuple[str, str, str, str]] = set()
        self._reported: set[str] = set()

    def forget(self) -> None:
        self._queues.clear()
        self._streams.clear()

    def access(self, invocation: Invocation) -> None:
        """The access log line of a finished request."""
        stage = invocation.stage
        line = stage.access_log_format.render(invocation)
        self._add((stage.account, stage.region, stage.access_log_destination), invocation.now, line)

    def execution(self, invocation: Invocation) -> None:
        """The execution log lines of a finished request."""
        stage = invocation.stage
        group = f"API-Gateway-Execution-Logs_{stage.api_id}/{stage.name}"
        destination = (stage.account, stage.region, f"arn:aws:logs:{stage.region}:{stage.account}:log-group:{group}")
        for line in invocation.log or ():
            self._add(destination, invocation.now, f"({invocation.request_id}) {line}"[:1024])

    def _add(self, destination: Destination, now: float, line: str) -> None:
        queue = self._queues.get(destination)
        if queue is not None:
            queue.append((now, line))
            return
        self._queues[destination] = [(now, line)]
        self._world.clock.spawn(self._drain(destination), name=f"apigateway logs to {destination[2]}")

    async def _drain(self, destination: Destination) -> None:
        try:
            while queue := self._queues.get(destination):
                self._queues[destination] = queue[_BATCH:]
                await self._write(destination, queue[:_BATCH])
        except AwsError as error:
            self._streams.clear()  # whatever is missing may be made again
            if destination[2] not in self._reported:
                self._reported.add(destination[2])
                log.warning("apigateway cannot log to %s: %s", destination[2], error)
        finally:
            self._queues.pop(destination, None)

    async def _write(self, destination: Destination, lines: list[tuple[float, str]]) -> None:
        account, region, arn = destination
        caller = Caller(account, region).on_behalf(PRINCIPAL)
        if arn.split(":")[2] == "firehose":
            name = arn.rpartition("/")[2]
            for start in range(0, len(lines), 500):
                records = [{"Data": f"{line}\n".encode()} for _, line in lines[start : start + 500]]
                await self._call("firehose", "PutRecordBatch", {"DeliveryStreamName": name, "Records": records}, caller)
            return
        group = arn.partition(":log-group:")[2].removesuffix(":*")
        stream = hashlib.md5(group.encode(), usedforsecurity=False).hexdigest()
        if (account, region, group, stream) not in self._streams:
            if group.startswith("API-Gateway-Execution-Logs_"):
                await self._create("CreateLogGroup", {"logGroupName": group}, caller)
            await self._create("CreateLogStream", {"logGroupName": group, "logStreamName": stream}, caller)
            self._streams.add((account, region, group, stream))
        events = [{"timestamp": int(now * 1000), "message": line} for now, line in lines]
        parameters = {"logGroupName": group, "logStreamName": stream, "logEvents": events}
        await self._call("logs", "PutLogEvents", parameters, caller)

    async def _create(self, operation: str, parameters: Json, caller: Caller) -> None:
        try:
            await self._call("logs", operation, parameters, caller)
        except AwsError as error:
            if error.code != "ResourceAlreadyExistsException":
                raise

    async def _call(self, service: str, operation: str, parameters: Json, caller: Caller) -> None:
        await self._world.bus.call(service, operation, parameters, caller)
