"""The settings of a bucket as templates write them, read into S3's own form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.emulator.services.cloudformation.resources.api import Renamed
from harness.emulator.services.cloudformation.resources.shape import (
    BOOLEAN,
    INTEGER,
    STRING,
    STRINGS,
    TAGS,
    ListOf,
    PropertyProblem,
    Shape,
    Structure,
)
from harness.json_object import Json


@dataclass(frozen=True, slots=True)
class _Wrapped:
    """A single value that the API wraps: `index.html` → `{"Suffix": "index.html"}`."""

    member: str
    shape: Shape = STRING

    def read(self, value: Any, path: str) -> Json:
        return {self.member: self.shape.read(value, path)}


ENCRYPTION = Renamed(
    {
        "ServerSideEncryptionConfiguration": (
            "Rules",
            ListOf(
                Renamed(
                    {
                        "BucketKeyEnabled": ("BucketKeyEnabled", BOOLEAN),
                        "ServerSideEncryptionByDefault": (
                            "ApplyServerSideEncryptionByDefault",
                            Structure({"KMSMasterKeyID": STRING, "SSEAlgorithm": STRING}, ("SSEAlgorithm",)),
                        ),
                    }
                )
            ),
        )
    },
    required=("ServerSideEncryptionConfiguration",),
)

CORS = Renamed(
    {
        "CorsRules": (
            "CORSRules",
            ListOf(
                Renamed(
                    {
                        "AllowedHeaders": ("AllowedHeaders", STRINGS),
                        "AllowedMethods": ("AllowedMethods", STRINGS),
                        "AllowedOrigins": ("AllowedOrigins", STRINGS),
                        "ExposedHeaders": ("ExposeHeaders", STRINGS),
                        "Id": ("ID", STRING),
                        "MaxAge": ("MaxAgeSeconds", INTEGER),
                    },
                    required=("AllowedMethods", "AllowedOrigins"),
                )
            ),
        )
    },
    required=("CorsRules",),
)

_LOGGING = Renamed(
    {
        "DestinationBucketName": ("TargetBucket", STRING),
        "LogFilePrefix": ("TargetPrefix", STRING),
    },
    required=("DestinationBucketName",),
)
LOGGING = _Wrapped("LoggingEnabled", _LOGGING)

WEBSITE = Renamed(
    {"ErrorDocument": ("ErrorDocument", _Wrapped("Key")), "IndexDocument": ("IndexDocument", _Wrapped("Suffix"))}
)

_FILTER = Renamed(
    {
        "S3Key": (
            "Key",
            Renamed({"Rules": ("FilterRules", ListOf(Structure({"Name": STRING, "Value": STRING})))}, ("Rules",)),
        )
    },
    required=("S3Key",),
)


def _target(prop: str, member: str) -> ListOf:
    return ListOf(
        Renamed(
            {"Event": ("Events", STRINGS), "Filter": ("Filter", _FILTER), prop: (member, STRING)},
            required=("Event", prop),
        )
    )


NOTIFICATION = Renamed(
    {
        "LambdaConfigurations": ("LambdaFunctionConfigurations", _target("Function", "LambdaFunctionArn")),
        "QueueConfigurations": ("QueueConfigurations", _target("Queue", "QueueArn")),
        "TopicConfigurations": ("TopicConfigurations", _target("Topic", "TopicArn")),
    }
)

_RULE = Structure(
    {
        "AbortIncompleteMultipartUpload": Structure({"DaysAfterInitiation": INTEGER}, ("DaysAfterInitiation",)),
        "ExpirationDate": STRING,
        "ExpirationInDays": INTEGER,
        "ExpiredObjectDeleteMarker": BOOLEAN,
        "Id": STRING,
        "NoncurrentVersionExpiration": Structure({"NewerNoncurrentVersions": INTEGER, "NoncurrentDays": INTEGER}),
        "NoncurrentVersionExpirationInDays": INTEGER,
        "Prefix": STRING,
        "Status": STRING,
        "TagFilters": TAGS,
        "Transitions": ListOf(
            Renamed(
                {
                    "StorageClass": ("StorageClass", STRING),
                    "TransitionDate": ("Date", STRING),
                    "TransitionInDays": ("Days", INTEGER),
                },
                required=("StorageClass",),
            )
        ),
    },
    required=("Status",),
)
_EXPIRATION = {
    "ExpirationDate": "Date",
    "ExpirationInDays": "Days",
    "ExpiredObjectDeleteMarker": "ExpiredObjectDeleteMarker",
}


@dataclass(frozen=True, slots=True)
class _LifecycleRule:
    """A rule's expiration is one structure in the API, and so is its filter."""

    def read(self, value: Any, path: str) -> Json:
        given = _RULE.read(value, path)
        rule: Json = {"Status": given["Status"], "Filter": _rule_filter(given)}
        if "Id" in given:
            rule["ID"] = given["Id"]
        expiration = {member: given[prop] for prop, member in _EXPIRATION.items() if prop in given}
        if expiration:
            rule["Expiration"] = expiration
        if "NoncurrentVersionExpirationInDays" in given:
            rule["NoncurrentVersionExpiration"] = {"NoncurrentDays": given["NoncurrentVersionExpirationInDays"]}
        for prop in ("AbortIncompleteMultipartUpload", "NoncurrentVersionExpiration", "Transitions"):
            if prop in given:
                rule[prop] = given[prop]
        if len(rule) == (3 if "ID" in rule else 2):
            raise PropertyProblem(path, "a rule needs an action")
        return rule


def _rule_filter(given: Json) -> Json:
    tags = given.get("TagFilters", [])
    if tags and ("Prefix" in given or len(tags) > 1):
        prefix = {"Prefix": given["Prefix"]} if "Prefix" in given else {}
        return {"And": {**prefix, "Tags": tags}}
    return {"Tag": tags[0]} if tags else {"Prefix": given.get("Prefix", "")}


LIFECYCLE = Renamed({"Rules": ("Rules", ListOf(_LifecycleRule()))}, required=("Rules",))
