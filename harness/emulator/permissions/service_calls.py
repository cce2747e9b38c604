"""What AWS services do on their own account, without a role or policy of the customer's in this emulator.

API Gateway's logs go through the account's CloudWatch role or a resource policy that AWS makes itself, and to a
delivery stream through a service-linked role; statistics are the services' own; an event source mapping invokes its
function as the Lambda service itself. The rest is how services here find out what AWS's know: the URL of a queue, the
retention of a source, the state of a delivery stream's key (Firehose uses that by a grant).
"""

from __future__ import annotations

from harness.emulator.call import Call

_LOGS = ("CreateLogGroup", "CreateLogStream", "PutLogEvents")
_LOOKING_UP = frozenset((
    ("firehose.amazonaws.com", "kinesis", "DescribeStreamSummary"),
    ("firehose.amazonaws.com", "kms", "DescribeKey"),
    ("lambda.amazonaws.com", "sqs", "GetQueueUrl"),
))  # fmt: skip
_ACCESS_LOG_STREAM = "amazon-apigateway-"


def is_own_call(call: Call) -> bool:
    """Whether no policy is asked about a call between services."""
    caller = call.caller
    if call.service == "cloudwatch":
        return caller.service is not None and caller.role is None and call.operation == "PutMetricData"
    if (caller.service, call.service, call.operation) in _LOOKING_UP:
        return True
    if caller.service == "lambda.amazonaws.com":
        return call.operation == "Invoke" and ":event-source-mapping:" in (caller.source_arn or "")
    if caller.service != "apigateway.amazonaws.com" or caller.role is not None:
        return False
    if call.service == "logs":
        return call.operation in _LOGS
    name = str(call.params.get("DeliveryStreamName", ""))
    return call.service == "firehose" and call.operation == "PutRecordBatch" and name.startswith(_ACCESS_LOG_STREAM)
