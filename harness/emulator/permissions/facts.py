"""The request context: what condition keys and policy variables are worth in one request.

A key that the emulator can tell is present or absent, as on AWS; any other key is refused by name (law 1).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from harness.emulator.errors import NotEmulated
from harness.emulator.permissions.wildcards import literal

Value = str | tuple[str, ...]

# What no request here carries, and none would on AWS without the feature: organisations, VPCs, MFA, federation.
_NEVER = frozenset(
    key.lower()
    for key in (
        "aws:CalledVia", "aws:CalledViaFirst", "aws:CalledViaLast", "aws:ChatbotSourceArn", "aws:FederatedProvider",
        "aws:MultiFactorAuthAge", "aws:PrincipalOrgID", "aws:PrincipalOrgPaths", "aws:ResourceOrgID",
        "aws:ResourceOrgPaths", "aws:SourceIdentity", "aws:SourceOrgID", "aws:SourceOrgPaths", "aws:SourceVpc",
        "aws:SourceVpcArn", "aws:SourceVpce", "aws:VpcSourceIp",
    )
)  # fmt: skip

# What is present where it applies and absent elsewhere.
_KNOWN = frozenset(
    key.lower()
    for key in (
        "aws:CurrentTime", "aws:EpochTime", "aws:MultiFactorAuthPresent", "aws:PrincipalAccount", "aws:PrincipalArn",
        "aws:PrincipalIsAWSService", "aws:PrincipalServiceName", "aws:PrincipalType", "aws:Referer",
        "aws:RequestedRegion", "aws:ResourceAccount", "aws:SecureTransport", "aws:SourceAccount", "aws:SourceArn",
        "aws:SourceIp", "aws:SourceOwner", "aws:TokenIssueTime", "aws:UserAgent", "aws:ViaAWSService", "aws:username",
        "cloudwatch:namespace", "iam:PassedToService", "kms:CallerAccount", "kms:ViaService", "lambda:FunctionArn",
        "lambda:SourceFunctionArn", "s3:delimiter", "s3:max-keys", "s3:prefix", "s3:ResourceAccount", "s3:VersionId",
        "s3:x-amz-acl", "s3:x-amz-copy-source", "s3:x-amz-server-side-encryption",
        "s3:x-amz-server-side-encryption-aws-kms-key-id", "s3:x-amz-storage-class", "sts:ExternalId",
        "sts:RoleSessionName",
    )
)  # fmt: skip

_PREFIXES = ("aws:principaltag/", "kms:encryptioncontext:")

_PASSING = frozenset(
    key.lower()
    for key in (
        "aws:CurrentTime", "aws:EpochTime", "aws:Referer", "aws:RequestedRegion", "aws:SourceAccount", "aws:SourceArn",
        "aws:SourceIp", "aws:SourceOwner", "aws:UserAgent", "aws:ViaAWSService",
    )
)  # fmt: skip
"""Keys that two requests of the same principal for the same resource may differ in."""

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_SIGNS = {"*": literal("*"), "?": literal("?"), "$": "$"}


class Unresolved(Exception):
    """A policy variable without a value: the element that holds it matches nothing."""


class Facts:
    """Values by key, in any case. `is_passing` tells after an evaluation whether its outcome may hold for this request
    only."""

    def __init__(self, values: Mapping[str, Value]) -> None:
        self._values = {key.lower(): value for key, value in values.items()}
        self.is_passing = False

    def get(self, key: str) -> tuple[str, ...] | None:
        """The values of a key; None for an absent one. Raises NotEmulated for a key that nobody here knows."""
        name = key.lower()
        if name in _PASSING or not name.startswith("aws:"):
            self.is_passing = True
        found = self._values.get(name)
        if found is None:
            if name not in _KNOWN and name not in _NEVER and not name.startswith(_PREFIXES):
                raise NotEmulated("iam", f"the condition key {key}")
            return None
        return (found,) if isinstance(found, str) else found

    def filled(self, text: str) -> str:
        """`text` with its policy variables replaced, as a pattern. Raises Unresolved."""
        return _VARIABLE.sub(self._value, text) if "${" in text else text

    def _value(self, variable: re.Match[str]) -> str:
        name, comma, default = variable[1].partition(",")
        name = name.strip()
        if name in _SIGNS:
            return _SIGNS[name]
        found = self.get(name)
        if found is not None and len(found) == 1:
            return literal(found[0])
        if comma:
            return literal(default.strip().strip("'"))
        raise Unresolved(name)
