"""What is known about a record after it was sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.json_object import Json

Status = Literal["acknowledged", "refused", "throttled", "unknown"]

THROTTLES = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "ServiceUnavailableException",
        "ThrottlingException",
        "Throttling",
        "LimitExceededException",
        "KMSThrottlingException",
        "TooManyRequestsException",
        "SlowDown",
    }
)

NOT_IMPLEMENTED = 501  # the emulator's NotEmulated, LocalStack's as well


@dataclass(frozen=True, slots=True)
class Outcome:
    """`refused` and `throttled`: the record was certainly not taken. `unknown`: nobody can say (time-out, reset, 5xx).

    `code` and `message` come from AWS or name the transport's error; `shard` and `sequence` place an acknowledged
    record in its stream, where the answer told them.
    """

    status: Status
    code: str = ""
    message: str = ""
    shard: str = ""
    sequence: str = ""


UNANSWERED = Outcome("unknown", "NotAnswered")


def of_entry(entry: Json) -> Outcome:
    """Of one entry in the answer of PutRecords or PutRecordBatch (B3, A5): entries that failed were not taken."""
    code = entry.get("ErrorCode")
    if code:
        return Outcome("throttled" if code in THROTTLES else "refused", code, entry.get("ErrorMessage", ""))
    return Outcome("acknowledged", shard=entry.get("ShardId", ""), sequence=entry.get("SequenceNumber", ""))


def of_error(error: Exception, retried_by_client: bool) -> Outcome:
    """Of a boto3 call that raised.

    When the client itself tries again, an earlier attempt may have been taken whose answer got lost: then even a
    refusal proves nothing, unless the client says that it was its first attempt. Firehose answers 503 `Slow down.` when
    a stream is over its quota (A5): that is throttling; any other 5xx is unknown.
    """
    from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ParamValidationError

    if isinstance(error, ParamValidationError):
        return Outcome("refused", "ParamValidation", str(error))
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        attempts = error.response.get("ResponseMetadata", {}).get("RetryAttempts", 0)
        code = error.response.get("Error", {}).get("Code", "")
        message = error.response.get("Error", {}).get("Message", "")
        slow_down = code == "ServiceUnavailableException" and message.startswith("Slow down")
        if attempts or not (400 <= status < 500 or status == NOT_IMPLEMENTED or slow_down):
            return Outcome("unknown", code, message)
        return Outcome("throttled" if code in THROTTLES or status == 429 else "refused", code, message)
    never_sent = isinstance(error, EndpointConnectionError | ConnectTimeoutError) and not retried_by_client
    return Outcome("refused" if never_sent else "unknown", type(error).__name__, str(error))
