"""What permissions need to know of the upstream: who owns an access key, what policies somebody or something has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from harness.emulator.permissions.evaluation import OwnPolicies, ResourcePolicy


@dataclass(slots=True, frozen=True)
class KeyOwner:
    """Of an access key: a user (`name`), or a session of a role (`role_arn`, and what is said of sessions below)."""

    account: str
    name: str = ""
    is_active: bool = True
    role_arn: str = ""
    session_name: str = ""
    session_policy: str = ""
    session_token: str = ""
    secret: str = field(default="", repr=False)
    issued: float = 0.0
    expires: float | None = None
    """Epoch seconds."""


@dataclass(slots=True, frozen=True)
class Identity:
    """A user or a role. `trust` is a role's trust policy."""

    arn: str
    policies: OwnPolicies
    tags: Mapping[str, str] = field(default_factory=dict)
    trust: str = ""


class Directory(Protocol):
    """Read only; answers from the state as it is now."""

    def key_owner(self, access_key: str) -> KeyOwner | None:
        """None for a key that nobody made."""

    def user(self, account: str, name: str) -> Identity | None:
        """None for a user that does not exist."""

    def role(self, arn: str) -> Identity | None:
        """None for a role that does not exist."""

    def arn_in_iam(self, account: str, kind: str, name: str) -> str:
        """The ARN of a user, role, group or instance profile by its name, with its path if it exists."""

    def policy_of(self, service: str, resource: str) -> ResourcePolicy:
        """The policy of a bucket (also by the ARN of an object), queue, topic, key or secret, by ARN."""

    def key_arn(self, account: str, region: str, key_id: str) -> str:
        """The ARN of a KMS key by id, ARN, alias or alias ARN; of an unknown one, the ARN it would have."""

    def key_of_ciphertext(self, account: str, region: str, blob: bytes) -> str:
        """The ARN of the key that made a ciphertext; empty if nobody can tell."""

    def secret_arn(self, account: str, region: str, secret_id: str) -> str:
        """The ARN of a secret by name or ARN; of an unknown one, with question marks for its last characters."""

    def object_key(self, bucket: str, key: str) -> str | None:
        """The ARN of the customer's KMS key that an object is encrypted with; empty for none, None if there is no such
        object."""

    def bucket_key(self, bucket: str) -> str:
        """The KMS key (any form) of a bucket's default encryption; empty for none."""

    def is_public_object(self, bucket: str, key: str) -> bool:
        """Whether an object's ACL lets anybody read it, and the bucket does not ignore that."""
