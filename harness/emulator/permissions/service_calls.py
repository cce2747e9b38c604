"""What AWS services do on their own account, without a role or policy of the customer's in this emulator.

Statistics are the services' own. The rest is said by each service's descriptor: what AWS does by a grant, a role that
is its own or a policy that it makes itself, and how services here find out what AWS's know.
"""

from __future__ import annotations

from harness.emulator.call import Call
from harness.emulator.service_registry import principal_owners


def is_own_call(call: Call) -> bool:
    """Whether no policy is asked about a call between services."""
    caller = call.caller
    if caller.service is None:
        return False
    if (call.service, call.operation) == ("cloudwatch", "PutMetricData"):
        return caller.role is None
    return any(each.is_own_call(call) for each in principal_owners().get(caller.service, ()))
