"""KMS keys, secrets and parameters."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from harness.emulator.permissions.demands.asked import ANYTHING, Asked, Demand
from harness.emulator.permissions.facts import Value


def kms(asked: Asked) -> list[Demand]:
    operation = asked.operation
    facts = _encryption_context(asked.params.get("EncryptionContext"))
    if operation == "ReEncrypt":
        source = asked.text("SourceKeyId")
        first = _key(asked, source) if source else _of_ciphertext(asked)
        target = _key(asked, asked.text("DestinationKeyId"))
        return [Demand("kms:ReEncryptFrom", first, facts), Demand("kms:ReEncryptTo", target, facts)]
    found: list[Demand] = []
    alias = asked.text("AliasName")
    if alias:
        found.append(Demand(f"kms:{operation}", asked.arn(alias)))
    given = asked.text("KeyId", "TargetKeyId")
    if given:
        found.append(Demand(f"kms:{operation}", _key(asked, given), facts))
    elif operation == "Decrypt":
        found.append(Demand("kms:Decrypt", _of_ciphertext(asked), facts))
    return found or asked.on(ANYTHING)


def _key(asked: Asked, given: str) -> str:
    return asked.directory.key_arn(asked.call.account, asked.call.region, given)


def _of_ciphertext(asked: Asked) -> str:
    blob: Any = asked.params.get("CiphertextBlob", b"")
    if isinstance(blob, str):
        try:
            blob = base64.b64decode(blob)
        except binascii.Error:
            blob = b""
    return asked.directory.key_of_ciphertext(asked.call.account, asked.call.region, blob) or ANYTHING


def _encryption_context(context: Any) -> dict[str, Value]:
    pairs = context.items() if isinstance(context, dict) else ()
    return {f"kms:EncryptionContext:{name}": str(value) for name, value in pairs}


def secretsmanager(asked: Asked) -> list[Demand]:
    if asked.operation == "CreateSecret":
        return asked.on(asked.arn(f"secret:{asked.text('Name')}-??????"))
    ids = [asked.text("SecretId")] if asked.text("SecretId") else asked.texts("SecretIdList")
    account, region = asked.call.account, asked.call.region
    if asked.operation == "BatchGetSecretValue":
        arns = [asked.directory.secret_arn(account, region, one) for one in ids]
        return [*asked.on(ANYTHING), *[Demand("secretsmanager:GetSecretValue", arn) for arn in arns]]
    return asked.on(asked.directory.secret_arn(account, region, ids[0]) if ids else ANYTHING)


def ssm(asked: Asked) -> list[Demand]:
    names = asked.texts("Names") or [asked.text("Name", "Path")]
    if asked.text("ResourceId"):
        names = [asked.text("ResourceId")]
    action = f"ssm:{asked.operation}"
    return [Demand(action, _parameter(asked, name) if name else ANYTHING) for name in names]


def _parameter(asked: Asked, name: str) -> str:
    return name if name.startswith("arn:") else asked.arn("parameter/" + name.lstrip("/"))
