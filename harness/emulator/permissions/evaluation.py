"""Whether policies allow an action: an explicit deny anywhere wins, then something must allow it.

Within an account an allow of the identity's policies or of the resource's is enough; across accounts both must allow.
A permissions boundary and a session policy limit what the identity's policies give, and what the resource's policy
gives to a role as a whole. KMS keys and roles (`must`) are different: without their own policy's leave nothing works,
and naming the account there only hands the decision to the account's policies.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.emulator.permissions.conditions import hold
from harness.emulator.permissions.document import Statement, statements
from harness.emulator.permissions.facts import Facts, Unresolved
from harness.emulator.permissions.principals import Kind, Named, Principal, named
from harness.emulator.permissions.wildcards import like

_ROOT_KEEPS = frozenset(("s3:DeleteBucketPolicy", "s3:GetBucketPolicy", "s3:PutBucketPolicy"))
"""What a bucket's policy can't take from its owner's root, so that nobody is locked out."""

_IDENTITY, _RESOURCE = "identity-based policy", "resource-based policy"
_BOUNDARY, _SESSION = "permissions boundary", "session policy"


@dataclass(slots=True, frozen=True)
class OwnPolicies:
    """What an identity brings: its policies (its groups' too), and the boundary, if it has one."""

    documents: tuple[str, ...] = ()
    boundary: str | None = None


@dataclass(slots=True, frozen=True)
class ResourcePolicy:
    """What a resource says. `account` owns it (empty: whoever asks). `residents_only`: its policy speaks to no one from
    outside the account, whatever is written there (S3's RestrictPublicBuckets)."""

    text: str | None = None
    account: str = ""
    must: bool = False
    residents_only: bool = False


@dataclass(slots=True, frozen=True)
class Decision:
    """`reason` is the end of AWS's message: what comes after the resource."""

    allowed: bool
    reason: str = ""
    is_explicit: bool = False


_ALLOWED = Decision(True)


def decide(
    principal: Principal, action: str, resource: str, facts: Facts, own: OwnPolicies, theirs: ResourcePolicy
) -> Decision:
    """Raises NotEmulated for a condition that can't be evaluated, AwsError for a document that is no policy."""
    foreign = theirs.account not in ("", principal.account)
    if principal.kind is Kind.ROOT and action in _ROOT_KEEPS and not foreign:
        return _ALLOWED
    texts = [(_IDENTITY, document) for document in own.documents]
    if own.boundary is not None:
        texts.append((_BOUNDARY, own.boundary))
    if principal.session_policy:
        texts.append((_SESSION, principal.session_policy))
    allowing: set[str] = set()
    for where, text in texts:
        for statement in _about(text, action, resource, facts):
            if not _applies(statement, facts):
                continue
            if not statement.allows:
                return _explicit(where)
            allowing.add(where)
    given = Named.NOT
    if theirs.text is not None:
        for statement in _about(theirs.text, action, resource, facts):
            how = named(statement, principal)
            if how is Named.NOT or not _applies(statement, facts):
                continue
            if not statement.allows:
                return _explicit(_RESOURCE)
            given = closer(given, how)
    if theirs.residents_only and (foreign or principal.kind is Kind.ANONYMOUS):
        given = Named.NOT

    if principal.kind in (Kind.SERVICE, Kind.ANONYMOUS):
        return _ALLOWED if given is not Named.NOT else _missing(_RESOURCE, action)
    limits = [
        name
        for name, is_set in ((_BOUNDARY, own.boundary is not None), (_SESSION, bool(principal.session_policy)))
        if is_set and name not in allowing
    ]
    if (theirs.must or foreign) and given is Named.NOT:
        return _missing(_RESOURCE, action)
    if not foreign and given is Named.EXACTLY:
        return _ALLOWED
    by_resource = not foreign and given in (Named.ROLE, Named.ANYONE)
    if not by_resource and principal.kind is not Kind.ROOT and _IDENTITY not in allowing:
        return _missing(_IDENTITY, action)
    return _missing(limits[0], action) if limits else _ALLOWED


def trusts(text: str, principal: Principal, facts: Facts) -> bool:
    """Whether a role's trust policy lets the principal assume it, as far as that policy goes."""
    allowed = False
    for statement in _about(text, "sts:AssumeRole", "", facts):
        if named(statement, principal) is not Named.NOT and _applies(statement, facts):
            if not statement.allows:
                return False
            allowed = True
    return allowed


def closer(one: Named, other: Named) -> Named:
    """The closer of two namings."""
    order = list(Named)
    return one if order.index(one) >= order.index(other) else other


def _about(text: str, action: str, resource: str, facts: Facts) -> Iterable[Statement]:
    """The statements whose actions and resources fit."""
    for statement in statements(text):
        fits = any(like(pattern, action, ignore_case=True) for pattern in statement.actions)
        if fits != statement.but_actions and _reaches(statement, resource, facts):
            yield statement


def _reaches(statement: Statement, resource: str, facts: Facts) -> bool:
    if statement.resources is None:
        return True
    return _any_resource(statement, resource, facts) != statement.but_resources


def _any_resource(statement: Statement, resource: str, facts: Facts) -> bool:
    for pattern in statement.resources or ():
        try:
            filled = facts.filled(pattern) if statement.has_variables else pattern
        except Unresolved:
            continue
        if like(filled, resource):
            return True
    return False


def _applies(statement: Statement, facts: Facts) -> bool:
    return not statement.tests or hold(statement.tests, facts, has_variables=statement.has_variables)


def _explicit(where: str) -> Decision:
    return Decision(False, f"with an explicit deny in {_article(where)}", is_explicit=True)


def _article(where: str) -> str:
    return f"an {where}" if where == _IDENTITY else f"a {where}"


def _missing(where: str, action: str) -> Decision:
    return Decision(False, f"because no {where} allows the {action} action")
