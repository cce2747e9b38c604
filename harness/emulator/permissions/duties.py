"""What AWS services do on their own account, without a role or policy of the customer's in this emulator.

API Gateway's logs go through the account's CloudWatch role or a resource policy that AWS makes itself, and to a
delivery stream through a service-linked role; statistics are the services' own.
"""

from __future__ import annotations

from harness.emulator.call import Call

_LOGS = ("CreateLogGroup", "CreateLogStream", "PutLogEvents")
_ACCESS_LOG_STREAM = "amazon-apigateway-"


def is_own_duty(call: Call) -> bool:
    """Whether no policy is asked about a call that a service makes without a role."""
    if call.service == "cloudwatch":
        return call.operation == "PutMetricData"
    if call.caller.service != "apigateway.amazonaws.com":
        return False
    if call.service == "logs":
        return call.operation in _LOGS
    name = str(call.params.get("DeliveryStreamName", ""))
    return call.service == "firehose" and call.operation == "PutRecordBatch" and name.startswith(_ACCESS_LOG_STREAM)
