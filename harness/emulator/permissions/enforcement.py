"""Permission checks on the bus, there only while they are switched on.

Who calls: an access key that IAM made is its user, one that STS made is its role's session, a Lambda function's process
is a session of its execution role, a service that calls for a role is a session of that role (if the role trusts it),
a service without a role is itself. `test` and any twelve digits are an account's root. The emulator's own calls (no
request, no service) are not checked.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from harness.emulator.call import Call, Caller, HttpRequest
from harness.emulator.permissions import denial
from harness.emulator.permissions.actions import required_actions
from harness.emulator.permissions.actions.asked import Asked, RequiredAction
from harness.emulator.permissions.actions.roles import passed_roles
from harness.emulator.permissions.directory import Directory, Identity, KeyOwner
from harness.emulator.permissions.evaluation import Decision, OwnPolicies, ResourcePolicy, decide, trusts
from harness.emulator.permissions.facts import Facts
from harness.emulator.permissions.function_sessions import read_session_token
from harness.emulator.permissions.principals import ANONYMOUS, Kind, Principal, root, service, session
from harness.emulator.permissions.request_facts import facts_of, source_facts
from harness.emulator.permissions.service_calls import is_own_call
from harness.emulator.s3_address import place_of
from harness.emulator.service_registry import descriptor_of, principal_owners
from harness.json_object import Json

if TYPE_CHECKING:
    from harness.emulator.world import World

Proceed = Callable[[Call], Awaitable[Json]]

_MOST_DECISIONS = 20_000

# Operations that change neither policies, nor who is who, nor which resources there are.
_HARMLESS_BEGINNINGS = ("Describe", "Get", "Head", "List")
_HARMLESS = frozenset((
    "AbortMultipartUpload", "AssumeRole", "BatchGetItem", "BatchWriteItem", "ChangeMessageVisibility",
    "CompleteMultipartUpload", "CopyObject", "CreateLogStream", "CreateMultipartUpload", "Decrypt", "DeleteItem",
    "DeleteMessage", "DeleteMessageBatch", "DeleteObject", "DeleteObjects", "Encrypt", "FilterLogEvents",
    "GenerateDataKey", "Invoke", "Publish", "PublishBatch", "PutEvents", "PutItem", "PutLogEvents", "PutMetricData",
    "PutObject", "PutRecord", "PutRecordBatch", "PutRecords", "Query", "ReceiveMessage", "Scan", "SendMessage",
    "SendMessageBatch", "SubscribeToShard", "UpdateItem", "UploadPart",
))  # fmt: skip


class Enforcement:
    """Permission checks of one world: an interceptor of the bus. Decisions are remembered until something changes that
    they may depend on."""

    def __init__(self, world: World, directory: Directory) -> None:
        self.world = world
        self.directory = directory
        self._decisions: dict[tuple[Principal, str, str], Decision] = {}
        self._identities: dict[tuple[str, str, str], Identity | None] = {}
        self._owners: dict[str, KeyOwner] = {}

    def forget(self) -> None:
        """Remember nothing of policies: they changed."""
        self._decisions.clear()
        self._identities.clear()
        self._owners.clear()

    # -- the interceptor --------------------------------------------------------------------------------------

    async def intercept(self, call: Call, proceed: Proceed) -> Json:
        """Raises AwsError for what is not allowed, NotEmulated for what can't be evaluated."""
        self.check(call)
        try:
            return await proceed(call)
        finally:
            if not call.operation.startswith(_HARMLESS_BEGINNINGS) and call.operation not in _HARMLESS:
                self.forget()

    def check(self, call: Call) -> None:
        """Everything that the call demands, of its caller. The call's account becomes the caller's own."""
        if is_own_call(call):
            return
        principal = self.principal_of(call)
        if principal is None:
            return
        if call.caller.service is None and principal.account and principal.account != call.account:
            call.caller = replace(call.caller, account=principal.account)
        asked = Asked(call, self.world, self.directory)
        for demand in required_actions(asked):
            if principal.kind is Kind.ANONYMOUS and self._is_public(asked, demand):
                continue
            self.require(principal, demand, call)
        self._check_given_roles(asked)
        if call.service == "s3" and call.operation in ("GetObject", "HeadObject"):
            self._hide_missing(principal, asked)

    def _check_given_roles(self, asked: Asked) -> None:
        """Some services take no role that does not trust them. Raises AwsError."""
        called = descriptor_of(asked.call.service)
        if called.unassumable is None:
            return
        account = asked.call.account
        facts = Facts({"sts:ExternalId": account, "aws:SourceAccount": account})
        for demand in passed_roles(asked):
            if not self.is_trusted(demand.resource, service(called.principal, account), facts):
                raise called.unassumable(demand.resource)

    def require(
        self, principal: Principal, demand: RequiredAction, call: Call, policy: ResourcePolicy | None = None
    ) -> None:
        """Raises AwsError, in the shape of the called service, unless the demand is allowed. `policy` is the
        resource's, where the caller of this knows it better."""
        decision = self.decide(principal, demand, call, policy)
        if not decision.allowed:
            raise denial.denied(call.service, principal, demand, decision)

    def decide(
        self, principal: Principal, demand: RequiredAction, call: Call, policy: ResourcePolicy | None = None
    ) -> Decision:
        """As `require`, without raising."""
        key = (principal, demand.action, demand.resource)
        decision = self._decisions.get(key) if policy is None else None
        if decision is None:
            theirs = policy if policy is not None else self._policy_of(demand)
            identity = self._identity(principal)
            owner = theirs.account or principal.account
            facts = facts_of(principal, identity, demand, owner, call, self.world.clock.now())
            own = identity.policies if identity is not None else OwnPolicies()
            decision = decide(principal, demand.action, demand.resource, facts, own, theirs)
            if policy is None and not facts.is_passing:
                if len(self._decisions) >= _MOST_DECISIONS:
                    self._decisions.clear()
                self._decisions[key] = decision
        return decision

    # -- who calls --------------------------------------------------------------------------------------------

    def principal_of(self, call: Call) -> Principal | None:
        """None for the emulator itself. Raises AwsError for an unknown key, an unsigned request, and a role that can't
        be assumed."""
        caller = call.caller
        if caller.role is not None:
            self.check_assumable(call)
            return session(caller.role, _session_name(caller.service or ""))
        if caller.service is not None:
            return service(caller.service, caller.account)
        if call.http is None and not caller.access_key:
            return None
        return self.principal_of_request(caller, call.http, call.service)

    def principal_of_request(self, caller: Caller, request: HttpRequest | None, called: str) -> Principal:
        """Who sent a request from outside. `called` is the service, for the shape of the error."""
        token = _security_token(request) if request is not None else ""
        of_function = read_session_token(token) if token else None
        if of_function is not None:
            return of_function
        key = caller.access_key
        if not key:
            if called not in ("s3", "execute-api"):
                raise denial.unsigned(called)
            return ANONYMOUS
        if key == "test" or (len(key) == 12 and key.isdigit()):
            return root(caller.account)
        owner = self._owner(key)
        if owner is None or not owner.is_active:
            raise denial.unknown_key(called)
        # A service that goes on for a caller has their key only.
        if request is not None and owner.session_token and owner.session_token != token:
            raise denial.unknown_key(called)
        if owner.expires is not None and owner.expires <= self.world.clock.now():
            raise denial.expired(called)
        if owner.role_arn:
            return session(owner.role_arn, owner.session_name, session_policy=owner.session_policy, issued=owner.issued)
        user = Principal(Kind.USER, owner.account, f"arn:aws:iam::{owner.account}:user/{owner.name}", owner.name)
        identity = self._identity(user)
        return user if identity is None else replace(user, arn=identity.arn)

    def check_assumable(self, call: Call) -> None:
        """Raises CannotAssume unless the role of a call between services exists and trusts the service."""
        caller = call.caller
        assert caller.role is not None
        principal = service(caller.service or "", caller.account)
        if not self.is_trusted(caller.role, principal, Facts(source_facts(call))):
            raise denial.not_assumed(principal, caller.role, call.service)

    def is_trusted(self, role: str, principal: Principal, facts: Facts) -> bool:
        """Whether the role exists and its trust policy lets the principal assume it."""
        identity = self._role(role)
        return identity is not None and trusts(identity.trust, principal, facts)

    def _owner(self, access_key: str) -> KeyOwner | None:
        owner = self._owners.get(access_key)
        if owner is None:
            owner = self.directory.key_owner(access_key)
            if owner is not None:
                self._owners[access_key] = owner
        return owner

    def _identity(self, principal: Principal) -> Identity | None:
        if principal.kind is Kind.SESSION:
            return self._role(principal.role_arn)
        if principal.kind is not Kind.USER:
            return None
        key = ("user", principal.account, principal.name)
        if key not in self._identities:
            self._identities[key] = self.directory.user(principal.account, principal.name)
        return self._identities[key]

    def _role(self, arn: str) -> Identity | None:
        key = ("role", arn, "")
        if key not in self._identities:
            known = arn.startswith("arn:aws:iam::") and ":role/" in arn
            self._identities[key] = self.directory.role(arn) if known else None
        return self._identities[key]

    # -- resources --------------------------------------------------------------------------------------------

    def _policy_of(self, demand: RequiredAction) -> ResourcePolicy:
        """The policy of a demand's resource, wherever it is kept."""
        resource = demand.resource
        if not resource.startswith("arn:"):
            return ResourcePolicy()
        prefix, account = demand.action.partition(":")[0], resource.split(":")[4]
        if demand.action == "sts:AssumeRole":
            identity = self._role(resource)
            return ResourcePolicy(identity.trust if identity is not None else None, account, must=True)
        native = self.world.services.get(prefix)
        if native is not None:
            return ResourcePolicy(native.resource_policy(resource), account)
        if prefix == "s3" or account:
            return self.directory.policy_of(prefix, resource)
        return ResourcePolicy()

    def _is_public(self, asked: Asked, demand: RequiredAction) -> bool:
        """Whether an object's ACL opens it to everybody."""
        place = place_of(asked.call)
        return demand.action == "s3:GetObject" and self.directory.is_public_object(place.bucket, place.key)

    def _hide_missing(self, principal: Principal, asked: Asked) -> None:
        """Who may not list a bucket is not told which keys it does not have (E1)."""
        place, directory = place_of(asked.call), self.directory
        if directory.object_key(place.bucket, place.key) is not None:
            return
        bucket = f"arn:aws:s3:::{place.bucket}"
        if directory.policy_of("s3", bucket).account:
            self.require(principal, RequiredAction("s3:ListBucket", bucket), asked.call)


def _session_name(principal: str) -> str:
    owners = principal_owners().get(principal, ())
    return next((each.session_name for each in owners if each.session_name), principal.partition(".")[0])


def _security_token(request: HttpRequest) -> str:
    """The session token of a signed request or of a presigned URL."""
    token = request.header("x-amz-security-token")
    if not token and "X-Amz-Security-Token" in request.query:
        return parse_qs(request.query)["X-Amz-Security-Token"][0]
    return token
