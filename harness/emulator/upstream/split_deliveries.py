"""Deliveries of moto between its own services that would end nowhere when the services are split: refused (law 1)."""

from __future__ import annotations

from harness.emulator.call import Call, HttpRequest
from harness.emulator.errors import NotEmulated
from harness.emulator.upstream.refusals import fields

_NOTIFIED = ((b"Queue>", "sqs"), (b"Topic>", "sns"))


def check(call: Call, request: HttpRequest, here: frozenset[str]) -> None:
    """Raises NotEmulated where a service that is here should deliver to one that is not."""
    for service in _receivers(call, request):
        if service not in here:
            raise NotEmulated(call.service, f"{call.operation} with a target in {service}, which is at the upstream,")


def _receivers(call: Call, request: HttpRequest) -> list[str]:
    meant = (call.service, call.operation)
    if meant == ("sns", "Subscribe"):
        protocol = fields(request).get("Protocol")
        return ["sqs"] if protocol == "sqs" else []
    if meant == ("events", "PutTargets"):
        arns = [str(target.get("Arn", "")) for target in fields(request).get("Targets", [])]
        return [arn.split(":")[2] for arn in arns if arn.count(":") >= 5]
    if meant == ("s3", "PutBucketNotificationConfiguration"):
        return [service for mark, service in _NOTIFIED if mark in request.body]
    return []
