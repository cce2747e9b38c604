"""Who owns what in moto: the look-ups that permission checks need (`permissions.directory`)."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from harness.emulator.permissions.directory import Identity, KeyOwner
from harness.emulator.permissions.evaluation import OwnPolicies, ResourcePolicy
from harness.emulator.upstream.loading import backends
from harness.emulator.upstream.moto_patches.iam import PREFIX, published
from harness.emulator.upstream.s3_rules import is_public
from harness.emulator.upstream.state import MotoState

_GLOBAL = "aws"
_KEY_ID_LENGTH = 36


class MotoDirectory:
    """The `Directory` of one World. A service that was never used holds nothing, and is not loaded for a question."""

    def __init__(self, state: MotoState) -> None:
        self._state = state

    # -- identities -------------------------------------------------------------------------------------------

    def key_owner(self, access_key: str) -> KeyOwner | None:
        with self._state.entered():
            for account, backend in _accounts("iam"):
                for user in backend.users.values():
                    for key in user.access_keys:
                        if key.access_key_id == access_key:
                            secret = key.secret_access_key
                            return KeyOwner(account, user.name, key.status == "Active", secret=secret)
            for account, backend in _accounts("sts"):
                for assumed in backend.assumed_roles:
                    if assumed.access_key_id == access_key:
                        return _session(account, assumed)
        return None

    def user(self, account: str, name: str) -> Identity | None:
        with self._state.entered():
            backend = _backend("iam", account, _GLOBAL)
            user = next((u for u in backend.users.values() if u.name == name), None) if backend is not None else None
            if user is None:
                return None
            documents = _documents(user)
            for group in backend.groups.values():
                if any(member.name == name for member in group.users):
                    documents += _documents(group)
            return Identity(user.arn, OwnPolicies(tuple(documents)), _tags(user.tags or []))

    def role(self, arn: str) -> Identity | None:
        with self._state.entered():
            backend = _backend("iam", arn.split(":")[4], _GLOBAL)
            role = next((r for r in backend.roles.values() if r.arn == arn), None) if backend is not None else None
            if role is None:
                return None
            boundary = role.permissions_boundary_arn
            policies = OwnPolicies(tuple(_documents(role)), _managed_document(backend, boundary) if boundary else None)
            return Identity(arn, policies, _tags(role.tags or []), role.assume_role_policy_document)

    def arn_in_iam(self, account: str, kind: str, name: str) -> str:
        attribute = {"user": "users", "role": "roles", "group": "groups"}.get(kind, "instance_profiles")
        with self._state.entered():
            backend = _backend("iam", account, _GLOBAL)
            for found in getattr(backend, attribute).values() if backend is not None else ():
                if found.name == name:
                    return str(found.arn)
        return f"arn:aws:iam::{account}:{kind}/{name}"

    # -- resources --------------------------------------------------------------------------------------------

    def policy_of(self, service: str, resource: str) -> ResourcePolicy:
        _, _, _, region, account, name = resource.split(":", 5)
        with self._state.entered():
            if service == "s3":
                return _bucket_policy(name.partition("/")[0])
            backend = _backend(service, account, region)
            if backend is None:
                return ResourcePolicy(None, account, must=service == "kms")
            if service == "sqs":
                queue = backend.queues.get(name)
                return ResourcePolicy(queue.policy if queue is not None else None, account)
            if service == "sns":
                topic = backend.topics.get(resource)
                return ResourcePolicy(topic.policy if topic is not None else None, account)
            if service == "kms":
                key = backend.keys.get(name.rpartition("/")[2])
                return ResourcePolicy(key.policy if key is not None else None, account, must=key is not None)
            if service == "secretsmanager":
                secret = next((s for s in backend.secrets.values() if s.arn == resource), None)
                return ResourcePolicy(secret.policy if secret is not None else None, account)
        return ResourcePolicy(None, account)

    def key_arn(self, account: str, region: str, key_id: str) -> str:
        with self._state.entered():
            backend = _backend("kms", account, region)
            alias = key_id.partition(":alias/")[2] if key_id.startswith("arn:") else key_id.removeprefix("alias/")
            if backend is not None and "alias/" in key_id:
                for key in backend.keys.values():
                    if f"alias/{alias}" in key.aliases:
                        return str(key.arn)
        if key_id.startswith("arn:"):
            return key_id
        return f"arn:aws:kms:{region}:{account}:{key_id if 'alias/' in key_id else f'key/{key_id}'}"

    def key_of_ciphertext(self, account: str, region: str, blob: bytes) -> str:
        key_id = blob[:_KEY_ID_LENGTH].decode("ascii", "replace")
        with self._state.entered():
            backend = _backend("kms", account, region)
            key = backend.keys.get(key_id) if backend is not None else None
            return str(key.arn) if key is not None else ""

    def secret_arn(self, account: str, region: str, secret_id: str) -> str:
        if secret_id.startswith("arn:"):
            return secret_id
        with self._state.entered():
            backend = _backend("secretsmanager", account, region)
            for secret in backend.secrets.values() if backend is not None else ():
                if secret.name == secret_id:
                    return str(secret.arn)
        return f"arn:aws:secretsmanager:{region}:{account}:secret:{secret_id}-??????"

    def object_key(self, bucket: str, key: str) -> str | None:
        with self._state.entered():
            item = _object(bucket, key)
            if item is None:
                return None
            return str(item.kms_key_id or "") if item.encryption == "aws:kms" else ""

    def bucket_key(self, bucket: str) -> str:
        with self._state.entered():
            found = _bucket(bucket)
            encryption = found[1].encryption if found is not None else None
            default = (encryption or {}).get("Rule", {}).get("ApplyServerSideEncryptionByDefault", {})
            return str(default.get("KMSMasterKeyID") or "") if default.get("SSEAlgorithm") == "aws:kms" else ""

    def is_public_object(self, bucket: str, key: str) -> bool:
        with self._state.entered():
            found, item = _bucket(bucket), _object(bucket, key)
            if found is None or item is None or item.acl is None:
                return False
            block = found[1].public_access_block
            if found[1].ownership_rule == "BucketOwnerEnforced" or (block is not None and block.ignore_public_acls):
                return False
            return bool(item.acl.public_read)


def _accounts(service: str) -> Iterator[tuple[str, Any]]:
    """Every account's global backend of a service in use."""
    if f"moto.{service}.models" in sys.modules:
        for account, regions in dict.items(backends(service)):
            if dict.__contains__(regions, _GLOBAL):
                yield account, dict.__getitem__(regions, _GLOBAL)


def _backend(service: str, account: str, region: str) -> Any:
    """A backend that is in use; None for one that holds nothing yet."""
    if f"moto.{service}.models" not in sys.modules:
        return None
    regions = dict.get(backends(service), account)
    return dict.get(regions, region) if regions is not None else None


def _session(account: str, assumed: Any) -> KeyOwner:
    expires = assumed.expiration.replace(tzinfo=UTC).timestamp()
    made = assumed.access_key.create_date
    issued = made.replace(tzinfo=UTC).timestamp() if isinstance(made, datetime) else 0.0
    return KeyOwner(
        account,
        role_arn=assumed.role_arn,
        session_name=assumed.session_name,
        session_policy=assumed.policy or "",
        session_token=assumed.session_token,
        secret=assumed.secret_access_key,
        issued=issued,
        expires=expires,
    )


def _documents(holder: Any) -> list[str]:
    """The documents of a user's, group's or role's own and attached policies."""
    own = [document if isinstance(document, str) else json.dumps(document) for document in holder.policies.values()]
    return own + [_default_version(policy) for policy in holder.managed_policies.values()]


def _default_version(policy: Any) -> str:
    return next(str(version.document) for version in policy.versions if version.is_default)


def _managed_document(backend: Any, arn: str) -> str:
    """A boundary's document; one that does not exist allows nothing."""
    if dict.__contains__(backend.managed_policies, arn):
        return _default_version(backend.managed_policies[arn])
    if arn.startswith(PREFIX) and arn in published():
        return json.dumps(published()[arn][1]["Document"])
    return '{"Version":"2012-10-17","Statement":[]}'


def _tags(found: Any) -> dict[str, str]:
    if isinstance(found, dict):
        return {str(name): str(value) for name, value in found.items()}
    return {tag["Key"]: tag["Value"] for tag in found}


def _bucket(name: str) -> tuple[str, Any] | None:
    for account, backend in _accounts("s3"):
        if name in backend.buckets:
            return account, backend.buckets[name]
    return None


def _object(bucket: str, key: str) -> Any:
    """moto's object; None if there is none, or a delete marker in its place."""
    found = _bucket(bucket)
    item = found[1].keys.get(key) if found is not None else None
    return item if hasattr(item, "encryption") else None


def _bucket_policy(name: str) -> ResourcePolicy:
    found = _bucket(name)
    if found is None:
        return ResourcePolicy()
    account, bucket = found
    text = bucket.policy.decode() if isinstance(bucket.policy, bytes) else bucket.policy
    block = bucket.public_access_block
    restricts = block is not None and block.restrict_public_buckets
    return ResourcePolicy(text or None, account, residents_only=bool(restricts and text and is_public(text.encode())))
