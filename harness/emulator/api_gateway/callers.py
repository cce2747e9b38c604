"""Requests to deployed APIs and IAM: who signed one, and whether policies let them invoke a method (D1, D7, C12).

Both kinds of API Gateway and function URLs ask here. An API's resource policy always counts. What the caller's own
policies say counts where permissions are enforced (docs/permissions.md); where they are not, whoever signs a request
may invoke. Signatures are parsed, and verified where that is switched on (docs/signatures.md).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from harness.emulator.call import DEFAULT_ACCOUNT, Call, Caller, HttpRequest
from harness.emulator.errors import AwsError, NotEmulated
from harness.json_object import Json

if TYPE_CHECKING:
    from harness.emulator.permissions.principals import Principal
    from harness.emulator.world import World

PRINCIPAL = "apigateway.amazonaws.com"
"""In whose name API Gateway calls other services."""
_CREDENTIAL = re.compile(r"AWS4-HMAC-SHA256\s.*\bCredential=([^/,\s]+)/")


class Unsigned(Exception):
    """Nobody signed the request."""


class Unknown(Exception):
    """An access key that nobody made, or a session that is over (`expired`)."""

    def __init__(self, message: str, *, expired: bool) -> None:
        super().__init__(message)
        self.message = message
        self.expired = expired


class NotAllowed(Exception):
    """Policies do not let the caller invoke the method."""

    def __init__(self, caller: str, action: str, resource: str, *, explicit: bool) -> None:
        self.message = f"User: {caller} is not authorized to perform: {action} on resource: {resource}"
        if explicit:
            self.message += " with an explicit deny"
        super().__init__(self.message)


@dataclass(slots=True, frozen=True)
class Method:
    """What is invoked: `arn` is `arn:aws:execute-api:<region>:<account>:<api>/<stage>/<METHOD>/<path>`, or a
    function's. `policy` is the resource policy, with whole ARNs; `service` is what requests are signed for."""

    arn: str
    account: str
    region: str
    policy: str | None = None
    action: str = "execute-api:Invoke"
    service: str = "execute-api"
    facts: Json = field(default_factory=dict)
    """What conditions may ask about the request, by the service's own keys."""


@dataclass(slots=True, frozen=True)
class Signer:
    """Who signed. AWS's unique ids (`AIDA…`) are not known here: `user_id` is the user's or role's name, of root the
    account."""

    account: str
    access_key: str
    arn: str
    user_id: str


def check_anonymous(world: World, request: HttpRequest, method: Method) -> None:
    """Hold a method's resource policy, if its API has one, against a request that nobody needs to sign.

    Raises NotAllowed, NotEmulated for a condition that can't be evaluated.
    """
    if method.policy is None:
        return
    from harness.emulator.permissions.principals import ANONYMOUS  # loaded for APIs with policies only

    _check_policies(world, request, method, ANONYMOUS, "")


def check_signed(world: World, request: HttpRequest, method: Method) -> Signer:
    """Who signed, if the policies let them. Raises Unsigned, Unknown, NotAllowed, NotEmulated."""
    access_key = _access_key(request)
    if not access_key:
        raise Unsigned
    if world.signatures is not None:
        try:
            world.signatures.verify(request, method.service, "", "rest")
        except AwsError as error:
            raise Unknown(str(error.message), expired="Expired" in error.code) from error
    from harness.emulator.permissions.principals import root

    account = access_key if len(access_key) == 12 and access_key.isdigit() else DEFAULT_ACCOUNT
    principal = root(account)
    enforcement = world.permissions.enforcement
    if enforcement is not None:
        try:
            caller = Caller(account, method.region, access_key)
            principal = enforcement.principal_of_request(caller, request, method.service)
        except NotEmulated:
            raise
        except AwsError as error:
            raise Unknown(str(error.message), expired="Expired" in error.code) from error
    if enforcement is not None or method.policy is not None:
        _check_policies(world, request, method, principal, access_key)
    return Signer(principal.account, access_key, principal.arn, principal.name or principal.account)


def _check_policies(world: World, request: HttpRequest, method: Method, principal: Principal, access_key: str) -> None:
    from harness.emulator.permissions.actions.asked import RequiredAction
    from harness.emulator.permissions.evaluation import OwnPolicies, ResourcePolicy, decide
    from harness.emulator.permissions.request_facts import facts_of

    demand = RequiredAction(method.action, method.arn, method.facts)
    call = Call(method.service, "Invoke", {}, Caller(method.account, method.region, access_key), "", request)
    theirs = ResourcePolicy(method.policy, method.account)
    enforcement = world.permissions.enforcement
    if enforcement is not None:
        decision = enforcement.decide(principal, demand, call, theirs)
    else:
        facts = facts_of(principal, None, demand, method.account, call, world.clock.now())
        decision = decide(principal, method.action, method.arn, facts, OwnPolicies(), theirs)
    if not decision.allowed:
        raise NotAllowed(principal.arn, method.action, method.arn, explicit=decision.is_explicit)


def _access_key(request: HttpRequest) -> str:
    """The access key in the signature of the header or of the query; empty for an unsigned request."""
    found = _CREDENTIAL.match(request.header("authorization"))
    if found is not None:
        return found[1]
    if "X-Amz-Credential=" in request.query:
        return parse_qs(request.query)["X-Amz-Credential"][0].partition("/")[0]
    return ""
