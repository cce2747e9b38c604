"""KMS keys, secrets and parameters."""

from __future__ import annotations

import base64
import binascii

from harness.emulator.permissions.actions.asked import Asked, RequiredAction
from harness.emulator.permissions.facts import Value
from harness.emulator.service_descriptor import ANYTHING, Resource, ServiceDescriptor

_PARAMETER = Resource(("Name", "Names"), "parameter/")


def _kms(asked: Asked) -> list[RequiredAction]:
    operation = asked.operation
    facts = _encryption_context(asked.params.get("EncryptionContext"))
    if operation == "ReEncrypt":
        source = asked.text("SourceKeyId")
        first = _key(asked, source) if source else _of_ciphertext(asked)
        target = _key(asked, asked.text("DestinationKeyId"))
        return [RequiredAction("kms:ReEncryptFrom", first, facts), RequiredAction("kms:ReEncryptTo", target, facts)]
    found: list[RequiredAction] = []
    alias = asked.text("AliasName")
    if alias:
        found.append(RequiredAction(f"kms:{operation}", asked.arn(alias)))
    given = asked.text("KeyId", "TargetKeyId")
    if given:
        found.append(RequiredAction(f"kms:{operation}", _key(asked, given), facts))
    elif operation == "Decrypt":
        found.append(RequiredAction("kms:Decrypt", _of_ciphertext(asked), facts))
    return found or asked.on(ANYTHING)


def _key(asked: Asked, given: str) -> str:
    return asked.directory.key_arn(asked.call.account, asked.call.region, given)


def _of_ciphertext(asked: Asked) -> str:
    given: object = asked.params.get("CiphertextBlob")
    blob = given if isinstance(given, bytes) else b""
    if isinstance(given, str):
        try:
            blob = base64.b64decode(given)
        except binascii.Error:
            pass
    return asked.directory.key_of_ciphertext(asked.call.account, asked.call.region, blob) or ANYTHING


def _encryption_context(context: object) -> dict[str, Value]:
    pairs = context.items() if isinstance(context, dict) else ()
    return {f"kms:EncryptionContext:{name}": str(value) for name, value in pairs}


def _secretsmanager(asked: Asked) -> list[RequiredAction]:
    if asked.operation == "CreateSecret":
        return asked.on(asked.arn(f"secret:{asked.text('Name')}-??????"))
    ids = [asked.text("SecretId")] if asked.text("SecretId") else asked.texts("SecretIdList")
    account, region = asked.call.account, asked.call.region
    if asked.operation == "BatchGetSecretValue":
        arns = [asked.directory.secret_arn(account, region, one) for one in ids]
        return [*asked.on(ANYTHING), *[RequiredAction("secretsmanager:GetSecretValue", arn) for arn in arns]]
    return asked.on(asked.directory.secret_arn(account, region, ids[0]) if ids else ANYTHING)


def _ssm(asked: Asked) -> list[RequiredAction]:
    names = asked.texts("Names") or [asked.text("Name", "Path")]
    if asked.text("ResourceId"):
        names = [asked.text("ResourceId")]
    action = f"ssm:{asked.operation}"
    return [RequiredAction(action, _parameter(asked, name) if name else ANYTHING) for name in names]


def _parameter(asked: Asked, name: str) -> str:
    return name if name.startswith("arn:") else asked.arn(_PARAMETER.prefix + name.lstrip("/"))


KMS = ServiceDescriptor(
    name="kms",
    protocol="json",
    targets=("TrentService",),
    hosts=("kms",),
    resource=Resource(("KeyId",), "key/"),
    actions=_kms,
)
SECRETSMANAGER = ServiceDescriptor(
    name="secretsmanager",
    protocol="json",
    targets=("secretsmanager",),
    resource=Resource(("SecretId", "Name"), "secret:"),
    actions=_secretsmanager,
)
SSM = ServiceDescriptor(
    name="ssm",
    protocol="json",
    targets=("AmazonSSM",),
    resource=_PARAMETER,
    actions=_ssm,
)
