"""A resource type: what CloudFormation knows of one kind of resource, written as calls to its service.

An entry is small and declares what it emulates:

    async def create(ctx: Context, props: Json) -> Created:
        name = props.get("QueueName") or ctx.physical_name(80)
        answer = await ctx.call("sqs", "CreateQueue", {"QueueName": name})
        return Created(answer["QueueUrl"], {"Arn": ..., "QueueName": name})

    TYPES = (ResourceType("AWS::SQS::Queue", Structure({"QueueName": STRING}), create, update, delete,
                          replaced_by=("QueueName",), attributes=("Arn", "QueueName")),)

- `props` have their intrinsic functions resolved and are read through the type's shape: right types, nothing unknown.
- The physical id is what `Ref` gives. `attributes` are what `Fn::GetAtt` gives, by AWS's names (`Endpoint.Address`).
- A refused call (`AwsError`) fails the resource with AWS's text; a type's own reason is raised as `ResourceFailed`.
- If creation takes several calls, `ctx.made(id)` after the first one lets a rollback delete what is there.
- A delete that answers "not found" counts as done; no type has to handle that.
"""

from __future__ import annotations

import math
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from harness.emulator.call import Caller
from harness.emulator.callbacks import Callbacks
from harness.emulator.services.cloudformation.resources.shape import Free, Structure
from harness.json_object import Json

CallBus = Callable[[str, str, Json, Caller], Awaitable[Json]]
Pause = Callable[[float, str], Awaitable[None]]
"""Waits seconds of virtual time; the text tells for what."""

# AWS names what it generates `<stack>-<logical id>-<12 random characters>`.
_RANDOM = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_RANDOM_LENGTH = 12
# Seconds between two looks at a resource that is not ready yet.
_LOOK_SECONDS = 5.0


class ResourceFailed(Exception):
    """The resource cannot be made, changed or deleted, for a reason of the type's own."""


class ReplacementNeeded(Exception):
    """Raised by `update` before it changed anything: this difference needs a new resource."""


@dataclass(slots=True)
class Created:
    """A new resource: its physical id (what Ref gives) and its attributes (what Fn::GetAtt gives)."""

    physical_id: str
    attributes: Json = field(default_factory=dict)


@dataclass(slots=True)
class Resource:
    """A resource that exists: `properties` are those it was last created or updated with, as the type's shape read
    them."""

    physical_id: str
    attributes: Json
    properties: Json


class Context:
    """What a resource type may ask for while it works for one resource of one stack."""

    partition = "aws"
    url_suffix = "amazonaws.com"

    def __init__(
        self,
        *,
        bus_call: CallBus,
        pause: Pause,
        rng: random.Random,
        caller: Caller,
        stack_name: str,
        stack_id: str,
        logical_id: str,
        resource_type: str,
        capabilities: list[str],
        callbacks: Callbacks,
    ) -> None:
        self.resource_type = resource_type
        self.capabilities = capabilities
        """What whoever deploys the stack has acknowledged."""
        self.callbacks = callbacks
        self._bus_call = bus_call
        self._pause = pause
        self.rng = rng
        self.caller = caller
        self.stack_name = stack_name
        self.stack_id = stack_id
        self.logical_id = logical_id
        self.made_so_far: Created | None = None

    @property
    def account(self) -> str:
        return self.caller.account

    @property
    def region(self) -> str:
        return self.caller.region

    async def call(self, service: str, operation: str, params: Json) -> Json:
        """Call an AWS operation as whoever operates the stack. Returns the output members; raises AwsError."""
        return await self._bus_call(service, operation, params, self.caller)

    async def call_as_stack(self, service: str, operation: str, params: Json) -> Json:
        """`call` that tells which stack asks, as its source ARN."""
        return await self._bus_call(service, operation, params, replace(self.caller, source_arn=self.stack_id))

    def made(self, physical_id: str, attributes: Json | None = None) -> None:
        """Creation has several steps, and the resource exists from now on: a rollback deletes it. In an update: the
        resource is another one now, and the end of the update deletes the one before."""
        self.made_so_far = Created(physical_id, attributes or {})

    def physical_name(self, max_length: int = 64, *, lower: bool = False) -> str:
        """A generated name `<stack>-<logical id>-<random>` of at most `max_length` characters, lower case for S3."""
        suffix = "".join(self.rng.choices(_RANDOM, k=_RANDOM_LENGTH))
        room = max_length - len(suffix) - 2
        logical = self.logical_id[: max(room - len(self.stack_name), room - room // 2)]
        name = f"{self.stack_name[: room - len(logical)]}-{logical}-{suffix}"
        return name.lower() if lower else name

    def arn(self, service: str, resource: str) -> str:
        """`arn:aws:<service>:<region>:<account>:<resource>` in the stack's region and account."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    async def until(self, ready: Callable[[], Awaitable[bool]], name: str, limit: float = math.inf) -> bool:
        """Wait on the clock until `ready()`, at most `limit` seconds; `name` tells what is waited for. False if it is
        not ready then. Raises what `ready` raises."""
        waited = 0.0
        while not await ready():
            if waited >= limit:
                return False
            await self._pause(_LOOK_SECONDS, name)
            waited += _LOOK_SECONDS
        return True


Create = Callable[[Context, Json], Awaitable[Created]]
Update = Callable[[Context, Resource, Json], Awaitable[Json]]
"""(context, the resource as it is, new properties) → the new attributes. May raise ReplacementNeeded."""
Delete = Callable[[Context, Resource], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class ResourceType:
    """One entry. `update` is None if every change needs a new resource; `replaced_by` are the properties (top level)
    whose change does. `name_property` is the property that names the resource: with it given, a replacement under the
    same name is refused as on AWS, and an IAM resource needs CAPABILITY_NAMED_IAM.
    `attributes` are the names that Fn::GetAtt may ask for."""

    name: str
    properties: Structure | Free
    create: Create
    update: Update | None
    delete: Delete
    replaced_by: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    name_property: str | None = None

    def has_attribute(self, name: str) -> bool:
        """Whether Fn::GetAtt may ask for it. An attribute that ends with `*` stands for all that begin so."""
        return any(name == one or (one.endswith("*") and name.startswith(one[:-1])) for one in self.attributes)
