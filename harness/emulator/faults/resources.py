"""The names of the resources that a call is about: what a rule's `resource` patterns are held against.

A resource has its name and its ARN; an S3 object is `bucket`, `bucket/key` and both ARNs. Each service's descriptor
knows which members of a call say it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.emulator.call_members import CallMembers
from harness.emulator.service_registry import descriptor_of

if TYPE_CHECKING:
    from harness.emulator.call import Call
    from harness.emulator.world import World


def names_of(world: World, call: Call) -> list[str]:
    """Names and ARNs; empty for a call about no resource in particular."""
    # What is no service, but a site that rules find by a service's name (docs/faults.md).
    if call.service == "execute-api":
        return _execute_api(call.params["ApiId"], call.params["Path"])
    if call.service == "http-sink":
        return [call.params["Name"]]
    return descriptor_of(call.service).names_in(CallMembers(call, world))


def _execute_api(api: str, path: str) -> list[str]:
    """`api`, `api/stage` and `api/stage/path` of a request to a deployed API."""
    return [api, f"{api}/{path.split('/')[1]}", f"{api}{path}"]
