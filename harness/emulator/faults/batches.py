"""Batches of which some entries fail: the rest is taken, and the answer names each (A5, B3)."""

from __future__ import annotations

from dataclasses import replace

from harness.emulator.faults.fault import Calls, Hit
from harness.json_object import Json

BATCHES: Calls = {"kinesis": frozenset({"PutRecords"}), "firehose": frozenset({"PutRecordBatch"})}

# Count and list in the answer.
_ANSWERS = {"kinesis": ("FailedRecordCount", "Records"), "firehose": ("FailedPutCount", "RequestResponses")}


async def run_without(hit: Hit, failures: dict[int, tuple[str, str]]) -> Json:
    """The call without the entries that fail; `failures` are code and message by index."""
    if not failures:
        hit.missed()
        return await hit.proceed()  # type: ignore[no-any-return]
    call = hit.call
    records: list[Json] = call.params["Records"]
    counter, members = _ANSWERS[call.service]
    taken = [record for index, record in enumerate(records) if index not in failures]
    answer: Json = {} if call.service == "kinesis" else {"Encrypted": False}
    if taken:
        answer = await hit.proceed(replace(call, params={**call.params, "Records": taken}))
    service = hit.world.services.get(call.service)
    if service is not None:
        service.failed(call, [code for code, _ in failures.values()])
    answered = iter(answer.get(members, []))
    entries: list[Json] = []
    for index in range(len(records)):
        failure = failures.get(index)
        entries.append({"ErrorCode": failure[0], "ErrorMessage": failure[1]} if failure else next(answered))
    return {**answer, counter: answer.get(counter, 0) + len(failures), members: entries}
