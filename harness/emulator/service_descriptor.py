"""What the rest of the emulator must know of a service: one frozen value a service.

A native service has it in `services/<name>/descriptor.py` as `DESCRIPTOR`, those behind have theirs in
`upstream/descriptors/`; `service_registry.py` finds them. Recognition, the split, permissions, faults, metrics and the
generated codecs read it, so that a service is named in its own folder and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

from harness.emulator.call_members import CallMembers

if TYPE_CHECKING:
    from harness.emulator.call import Call
    from harness.emulator.errors import AwsError
    from harness.emulator.permissions.actions.asked import Asked, RequiredAction

Protocol = Literal["json", "rest", "query", "s3"]
"""How a service speaks: AWS JSON, REST with JSON, Query (and what newer SDKs send in its place), S3's REST with XML."""

ANYTHING = "*"


class Resource(NamedTuple):
    """How calls name what they are about: the members that hold a name or an ARN, and what stands before the name in
    the ARN (`stream/`)."""

    members: tuple[str, ...] = ()
    prefix: str = ""


NOTHING = Resource()


class Batch(NamedTuple):
    """The answer to a batch of `Records` of which each can fail alone: the members that count the failed and list the
    results, and what the answer says besides where no record was taken."""

    failed: str
    results: str
    besides: Mapping[str, object] = {}


class Encryption(NamedTuple):
    """What a service keeps encrypted with a KMS key: the operations that write or read it, the key that one of their
    calls would use (None where nothing is encrypted), and the answer while that key is disabled."""

    operations: frozenset[str]
    key_of: Callable[[CallMembers], str | None]
    disabled: Callable[[str], AwsError]


def _never(call: Call) -> bool:
    return False


@dataclass(frozen=True, kw_only=True)
class ServiceDescriptor:
    """One service. Everything but the first two has a default that is right for a plain AWS JSON service."""

    name: str
    """botocore's service name."""
    protocol: Protocol

    # -- which requests mean it (edge/recognise.py) -------------------------------------------------------------
    targets: tuple[str, ...] = ()
    """What stands before the operation in X-Amz-Target, or in the path of RPC v2."""
    signing: tuple[str, ...] = ()
    """Names in the scope of its signatures, the usual one first; none: its own name. One that is another service's own
    name means that one, and this service is told apart by its targets or its `path_prefix`."""
    hosts: tuple[str, ...] = ()
    """Names before the region in the host of an endpoint that mean it where nothing is signed."""
    version: str = ""
    """The API version in an unsigned form."""
    paths: re.Pattern[str] | None = None
    """How the path of an unsigned request begins."""
    path_prefix: str = ""
    """What tells its requests from those of another service with the same signing name (`/v2/`)."""

    # -- where it runs (build.py, upstream/split.py) ------------------------------------------------------------
    provider: str = ""
    """The class in `provider.py` beside the descriptor; empty for a service that is behind."""
    rank: int = 2
    """Services start by rank, then by name: what others read from comes before them."""
    is_here_by_default: bool = False
    """Whether it is served here in front of an endpoint behind unless `--native` says otherwise."""

    # -- what a call is about (permissions/, faults/) -----------------------------------------------------------
    resource: Resource = NOTHING
    names: Callable[[CallMembers], list[str]] | None = None
    """Names and ARNs that a fault's `resource` is held against, where `resource` does not tell."""
    actions: Callable[[Asked], list[RequiredAction]] | None = None
    """What the caller must be allowed, where it is not the operation itself on `resource`."""
    principal: str = ""
    """Who calls when this service calls another one: `firehose.amazonaws.com`."""
    session_name: str = ""
    """Of its sessions of a role; none: how the principal begins."""
    gives_external_id: bool = False
    """Whether it assumes roles with the account as external id."""
    passes_roles: frozenset[str] = frozenset()
    """Operations that hand the roles in their members to this service (iam:PassRole)."""
    unassumable: Callable[[str], AwsError] | None = None
    """The answer to a role in those that does not trust the service; None where the service does not look."""
    is_own_call: Callable[[Call], bool] = _never
    """Whether the service makes this call of another one on its own account: no policy is asked."""
    encryption: Encryption | None = None
    key_denied: str = ""
    """The error code where the caller may not use the KMS key; empty: that of any refusal."""

    # -- on the wire and in failures (spec/, faults/) -----------------------------------------------------------
    required: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Input shape → members that AWS demands and botocore's model does not."""
    echoes_values: bool = True
    """Whether a validation error repeats the value that it is about."""
    batches: Mapping[str, Batch] = field(default_factory=dict)
    """Operations that take `Records`, and what each of them answers."""
    answer_seconds: Mapping[str, float] = field(default_factory=dict)
    """Operations that callers wait for longer than an SDK's minute, and how long those inside do (virtual seconds)."""
    answers_api_requests: bool = False
    """Whether it owns deployed APIs and answers their requests (`edge/execute_api.py`)."""

    # -- what is measured (docs/metrics.md) ---------------------------------------------------------------------
    namespace: str = ""
    """Of its metrics in CloudWatch: `AWS/Kinesis`."""

    @property
    def signing_name(self) -> str:
        """The name in the scope of its signatures."""
        return self.signing[0] if self.signing else self.name

    @property
    def is_native(self) -> bool:
        """Whether there is code of it here."""
        return bool(self.provider)

    def names_in(self, asked: CallMembers) -> list[str]:
        """The names and ARNs of the resources that a call is about; empty for a call about none in particular."""
        return self.named_by_members(asked) if self.names is None else self.names(asked)

    def named_by_members(self, asked: CallMembers) -> list[str]:
        """As `names_in`, by `resource` alone."""
        found: list[str] = []
        for member in self.resource.members:
            value = asked.params.get(member)
            for text in value if isinstance(value, list) else [value]:
                if isinstance(text, str) and text:
                    found += name_and_arn(asked.call, text, self.resource.prefix)
        return found

    def actions_of(self, asked: Asked) -> list[RequiredAction]:
        """Every action that a call needs, and on what. Raises NotEmulated for an operation whose permissions nobody
        here knows."""
        if self.actions is not None:
            return self.actions(asked)
        given = asked.text(*self.resource.members)
        return asked.on(asked.named(given, self.resource.prefix) if given else ANYTHING)


def name_and_arn(call: Call, text: str, prefix: str) -> list[str]:
    """A name and its ARN, from either or from a queue's URL."""
    if text.startswith("arn:"):
        last = text.split(":", 5)[-1]
        return [text, last.removeprefix(prefix).partition("/consumer/")[0]]
    name = text.rpartition("/")[2] if "://" in text else text
    return [name, f"arn:aws:{call.service}:{call.region}:{call.account}:{prefix}{name.lstrip('/')}"]
