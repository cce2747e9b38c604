"""Settings of services behind that moto stores and nothing here follows: said by name (`harness/emulator/kept.py`).

What would change where a record ends is refused instead (`refusals.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import parse_qs, unquote

from harness.emulator.call import Call, HttpRequest
from harness.emulator.kept import KeptSettings
from harness.emulator.upstream import s3_wire
from harness.emulator.upstream.refusals import fields


class Change(NamedTuple):
    """What a call makes of a resource's kept settings: `settings` as in `KeptSettings.note`, None where the resource
    goes."""

    resource: str
    settings: dict[str, bool] | None


def change(call: Call, request: HttpRequest) -> Change | None:
    """None for a call that has nothing to do with kept settings."""
    rule = _RULES.get((call.service, call.operation))
    return None if rule is None else rule(call, request)


def apply(kept: KeptSettings, call: Call, made: Change) -> None:
    """Note it, once the call has succeeded."""
    if made.settings is None:
        kept.forget(call.service, made.resource)
    else:
        kept.note(call, made.resource, made.settings)


Rule = Callable[[Call, HttpRequest], Change]


def _bucket(setting: str, *, without: bytes | None = None, having: bytes | None = None) -> Rule:
    """A bucket's configuration. A body that has `without`, or lacks `having`, takes it away; so does a DELETE.
    Several of a kind have an id each."""

    def rule(call: Call, request: HttpRequest) -> Change:
        name = setting
        if found := parse_qs(request.query).get("id"):
            name = f"{setting} {found[0]}"
        has = request.method == "PUT"
        if (without is not None and without in request.body) or (having is not None and having not in request.body):
            has = False
        return Change(_bucket_arn(request), {name: has})

    return rule


def _bucket_arn(request: HttpRequest) -> str:
    path = s3_wire.normalised(request).path
    return f"arn:aws:s3:::{unquote(path).lstrip('/').partition('/')[0]}"


def _bucket_gone(call: Call, request: HttpRequest) -> Change:
    return Change(_bucket_arn(request), None)


def _log_group(call: Call, request: HttpRequest) -> Change:
    given = fields(request)
    arn = f"arn:aws:logs:{call.region}:{call.account}:log-group:{given.get('logGroupName', '')}"
    if call.operation == "DeleteLogGroup":
        return Change(arn, None)
    return Change(arn, {"logGroupClass": given.get("logGroupClass", "STANDARD") != "STANDARD"})


def _repository(call: Call, request: HttpRequest) -> Change:
    """No image is stored: no client reaches a registry here."""
    given = fields(request)
    arn = f"arn:aws:ecr:{call.region}:{call.account}:repository/{given.get('repositoryName', '')}"
    return Change(arn, None if call.operation == "DeleteRepository" else {"Repository": True})


_RULES: dict[tuple[str, str], Rule] = {
    ("s3", "PutBucketAccelerateConfiguration"): _bucket("AccelerateConfiguration", without=b">Suspended<"),
    ("s3", "PutBucketAnalyticsConfiguration"): _bucket("AnalyticsConfiguration"),
    ("s3", "DeleteBucketAnalyticsConfiguration"): _bucket("AnalyticsConfiguration"),
    ("s3", "PutBucketIntelligentTieringConfiguration"): _bucket("IntelligentTieringConfiguration"),
    ("s3", "DeleteBucketIntelligentTieringConfiguration"): _bucket("IntelligentTieringConfiguration"),
    ("s3", "PutBucketInventoryConfiguration"): _bucket("InventoryConfiguration"),
    ("s3", "DeleteBucketInventoryConfiguration"): _bucket("InventoryConfiguration"),
    ("s3", "PutBucketLogging"): _bucket("BucketLoggingStatus", having=b"LoggingEnabled>"),
    ("s3", "PutBucketMetricsConfiguration"): _bucket("MetricsConfiguration"),
    ("s3", "DeleteBucketMetricsConfiguration"): _bucket("MetricsConfiguration"),
    ("s3", "PutBucketReplication"): _bucket("ReplicationConfiguration"),
    ("s3", "DeleteBucketReplication"): _bucket("ReplicationConfiguration"),
    ("s3", "PutBucketRequestPayment"): _bucket("RequestPaymentConfiguration", having=b">Requester<"),
    ("s3", "DeleteBucket"): _bucket_gone,
    ("ecr", "CreateRepository"): _repository,
    ("ecr", "DeleteRepository"): _repository,
    ("logs", "CreateLogGroup"): _log_group,
    ("logs", "DeleteLogGroup"): _log_group,
}
