"""What the Lambda service stores: one record per function, per event source mapping, per queued asynchronous event."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from harness.emulator.kinesis_consumer.checkpoint import Checkpoint
from harness.json_object import Json

LATEST = "$LATEST"


@dataclass(slots=True, frozen=True)
class Code:
    """A deployment package: `sha256` (hex) is its key in `lambda.code`, or `folder` for hot reload (then no bytes)."""

    sha256: str
    size: int
    folder: str | None = None
    unzipped: int = 0
    """Bytes of its files."""


@dataclass(slots=True, frozen=True)
class UsedLayer:
    """A layer version of a function. It keeps the content: deleting a layer version takes it from no function."""

    arn: str
    code: Code


@dataclass(slots=True, frozen=True)
class Vpc:
    """Where a function shall run; both are empty when it was taken out of its VPC."""

    subnet_ids: tuple[str, ...]
    security_group_ids: tuple[str, ...]
    ipv6: bool = False


@dataclass(slots=True, frozen=True)
class FunctionVersion:
    """Configuration and code of one version. Never changed in place: an update replaces the object, and whoever holds
    a warm process for the old one can tell by identity."""

    name: str
    account: str
    region: str
    version: str
    runtime: str
    handler: str
    role: str
    code: Code
    description: str
    timeout: int
    memory_size: int
    environment: dict[str, str] | None
    tracing_mode: str
    dead_letter_arn: str | None
    architecture: str
    ephemeral_storage: int
    log_format: str
    log_group: str
    application_log_level: str | None
    system_log_level: str | None
    kms_key_arn: str | None
    last_modified: float
    revision_id: str
    active_at: float = 0.0
    """Virtual time from which State is Active."""
    updated_at: float = 0.0
    """Virtual time from which LastUpdateStatus is Successful."""
    vpc: Vpc | None = None
    """None if it never had one."""
    snap_start: str = "None"
    """`None` or `PublishedVersions`."""
    layers: tuple[UsedLayer, ...] = ()
    """In order: what a later one holds wins (C11)."""

    @property
    def unqualified_arn(self) -> str:
        return f"arn:aws:lambda:{self.region}:{self.account}:function:{self.name}"

    @property
    def qualified_arn(self) -> str:
        return f"{self.unqualified_arn}:{self.version}"


@dataclass(slots=True)
class Alias:
    name: str
    function_version: str
    description: str
    weights: dict[str, float]
    revision_id: str


@dataclass(slots=True)
class FunctionUrl:
    """The URL of a function, or of one of its aliases (C12)."""

    url_id: str
    account: str
    region: str
    name: str
    qualifier: str | None
    auth_type: str
    cors: Json | None
    invoke_mode: str
    created_at: float
    modified_at: float


@dataclass(slots=True, frozen=True)
class ProvisionedConcurrency:
    """What was asked for a version or an alias; `ready_at`: virtual time from which it is READY."""

    executions: int
    modified_at: float
    ready_at: float


@dataclass(slots=True)
class CodeSigningConfig:
    """Whose signatures code needs, and what shall happen without (`Warn` or `Enforce`)."""

    config_id: str
    arn: str
    description: str
    publishers: list[str]
    policy: str
    modified_at: float
    tags: dict[str, str]


@dataclass(slots=True)
class EventInvokeConfig:
    """Asynchronous invocation settings of one qualifier (C7)."""

    last_modified: float
    maximum_retry_attempts: int | None = None
    maximum_event_age: int | None = None
    on_success: str | None = None
    on_failure: str | None = None
    destination_config: Json | None = None


@dataclass(slots=True)
class Policy:
    """A resource policy of a function or of one qualifier: statement id → statement, in order."""

    revision_id: str
    statements: dict[str, Json] = field(default_factory=dict)


@dataclass(slots=True)
class LayerVersion:
    """One version of a layer, with its resource policy if it has one (C11)."""

    account: str
    region: str
    name: str
    version: int
    code: Code
    description: str
    license_info: str | None
    runtimes: tuple[str, ...]
    architectures: tuple[str, ...]
    created_at: float
    policy: Policy | None = None

    @property
    def layer_arn(self) -> str:
        return f"arn:aws:lambda:{self.region}:{self.account}:layer:{self.name}"

    @property
    def arn(self) -> str:
        return f"{self.layer_arn}:{self.version}"

    @property
    def key(self) -> tuple[str, str, str, int]:
        return (self.account, self.region, self.name, self.version)


@dataclass(slots=True)
class Function:
    """Everything about one function name. `policies` and `event_invoke` are keyed by qualifier ("" for none)."""

    name: str
    account: str
    region: str
    latest: FunctionVersion
    versions: dict[str, FunctionVersion] = field(default_factory=dict)
    next_version: int = 1
    aliases: dict[str, Alias] = field(default_factory=dict)
    policies: dict[str, Policy] = field(default_factory=dict)
    event_invoke: dict[str, EventInvokeConfig] = field(default_factory=dict)
    reserved_concurrency: int | None = None
    recursive_loop: str = "Terminate"
    tags: dict[str, str] = field(default_factory=dict)
    provisioned: dict[str, ProvisionedConcurrency] = field(default_factory=dict)
    """By version or alias."""
    code_signing_config: str | None = None
    """The ARN."""

    @property
    def arn(self) -> str:
        return self.latest.unqualified_arn

    @property
    def key(self) -> tuple[str, str, str]:
        return (self.account, self.region, self.name)


@dataclass(slots=True)
class AsyncEvent:
    """One event of the asynchronous queue. `arn` is the function ARN as invoked, with qualifier if there was one."""

    request_id: str
    account: str
    region: str
    name: str
    qualifier: str | None
    payload: bytes
    enqueued_at: float
    attempts: int = 0
    """How many times the function ran for it."""
    throttles: int = 0
    next_at: float | None = None
    """When the next attempt is due; None: at once."""


@dataclass(slots=True)
class TumblingWindow:
    """An open window of a shard, in epoch seconds, and the state that its next event carries."""

    start: float
    end: float
    state: Any = field(default_factory=dict)


@dataclass(slots=True)
class MappingCheckpoint(Checkpoint):
    """How far a mapping has come in one shard, and the tumbling window that is open there."""

    window: TumblingWindow | None = None


@dataclass(slots=True)
class EventSourceMapping:
    """A Kinesis event source mapping (C8). Checkpoints are rows of their own: they change with every batch."""

    uuid: str
    account: str
    region: str
    source_arn: str
    """Of a stream, or of an enhanced fan-out consumer."""
    function_arn: str
    enabled: bool
    starting_position: str
    starting_timestamp: float | None
    batch_size: int
    batching_window: int
    parallelization_factor: int
    maximum_record_age: int
    maximum_retry_attempts: int
    bisect: bool
    on_failure: str | None
    report_failures: bool
    filters: list[str]
    last_modified: float
    tumbling_window: int = 0
    pending_state: str = "Creating"
    """The state until `transition_seconds` after the last change."""
    last_result: str = "No records processed"
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        return f"arn:aws:lambda:{self.region}:{self.account}:event-source-mapping:{self.uuid}"

    @property
    def stream_arn(self) -> str:
        """The stream's ARN; the source's may be that of a fan-out consumer of it."""
        return self.source_arn.partition("/consumer/")[0]

    @property
    def key(self) -> tuple[str, str, str]:
        return (self.account, self.region, self.uuid)
