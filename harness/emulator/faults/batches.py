"""Batches of which some entries fail: the rest is taken, and the answer names each (A5, B3)."""

from __future__ import annotations

from dataclasses import replace

from harness.emulator.faults.fault import Calls, Hit
from harness.emulator.service_registry import descriptor_of, native
from harness.json_object import Json

BATCHES: Calls = {each.name: frozenset(each.batches) for each in native() if each.batches}


async def run_without(hit: Hit, failures: dict[int, tuple[str, str]]) -> Json:
    """The call without the entries that fail; `failures` are code and message by index."""
    if not failures:
        hit.missed()
        return await hit.proceed()  # type: ignore[no-any-return]
    call = hit.call
    records: list[Json] = call.params["Records"]
    batch = descriptor_of(call.service).batches[call.operation]
    taken = [record for index, record in enumerate(records) if index not in failures]
    answer: Json = dict(batch.besides)
    if taken:
        answer = await hit.proceed(replace(call, params={**call.params, "Records": taken}))
    service = hit.world.services.get(call.service)
    if service is not None:
        service.failed(call, [code for code, _ in failures.values()])
    answered = iter(answer.get(batch.results, []))
    entries: list[Json] = []
    for index in range(len(records)):
        failure = failures.get(index)
        entries.append({"ErrorCode": failure[0], "ErrorMessage": failure[1]} if failure else next(answered))
    return {**answer, batch.failed: answer.get(batch.failed, 0) + len(failures), batch.results: entries}
