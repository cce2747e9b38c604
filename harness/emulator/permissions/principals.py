"""Who makes a request, and whether a policy's principal element means them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from harness.emulator.errors import NotEmulated
from harness.emulator.permissions.document import ANYONE, Statement


class Kind(StrEnum):
    ROOT = "root"
    USER = "user"
    SESSION = "session"
    """Of an assumed role."""
    SERVICE = "service"
    """An AWS service on its own account, without a role."""
    ANONYMOUS = "anonymous"


class Named(StrEnum):
    """How closely a principal element names somebody; empty for not at all."""

    NOT = ""
    ANYONE = "anyone"
    ACCOUNT = "account"
    """The account as a whole: its own policies say who of it."""
    ROLE = "role"
    EXACTLY = "exactly"
    """The user, the session, the service."""


@dataclass(slots=True, frozen=True)
class Principal:
    """`arn` as AWS's messages spell it (a service: its name). `name` is the user's or role's name."""

    kind: Kind
    account: str
    arn: str
    name: str = ""
    role_arn: str = ""
    session_policy: str = ""
    issued: float = 0.0
    """When the session began, epoch seconds."""
    function_arn: str = ""
    """The Lambda function that the session was made for."""


def root(account: str) -> Principal:
    return Principal(Kind.ROOT, account, f"arn:aws:iam::{account}:root")


def service(name: str, account: str) -> Principal:
    """`account` is that of the resource on whose behalf the service calls."""
    return Principal(Kind.SERVICE, account, name, name)


def session(role_arn: str, session_name: str, **further: str | float) -> Principal:
    """A session of the role."""
    account = role_arn.split(":")[4]
    name = role_arn.rpartition("/")[2]
    arn = f"arn:aws:sts::{account}:assumed-role/{name}/{session_name}"
    return Principal(Kind.SESSION, account, arn, name, role_arn, **further)  # type: ignore[arg-type]


ANONYMOUS = Principal(Kind.ANONYMOUS, "", "anonymous")


def named(statement: Statement, principal: Principal) -> Named:
    """How the statement's principal element names `principal`. A NotPrincipal element that does not name them
    counts as anyone."""
    if statement.principals is None:
        return Named.NOT
    closest = Named.NOT
    for kind, names in statement.principals:
        for name in names:
            found = _named(kind, name, principal)
            if _CLOSENESS[found] > _CLOSENESS[closest]:
                closest = found
    if statement.but_principals:
        return Named.ANYONE if closest is Named.NOT else Named.NOT
    return closest


_CLOSENESS = {Named.NOT: 0, Named.ANYONE: 1, Named.ACCOUNT: 2, Named.ROLE: 3, Named.EXACTLY: 4}


def _named(kind: str, name: str, principal: Principal) -> Named:
    if kind == "Service":
        exactly = principal.kind is Kind.SERVICE and name in (principal.name, ANYONE)
        return Named.EXACTLY if exactly else Named.NOT
    if kind == "Federated":
        return Named.NOT
    if kind != "AWS":
        raise NotEmulated("iam", f"a principal of type {kind}")
    if name == ANYONE:
        return Named.ANYONE
    if principal.kind in (Kind.SERVICE, Kind.ANONYMOUS):
        return Named.NOT
    if name == principal.arn and principal.kind is not Kind.ROOT:
        return Named.EXACTLY
    if name in (principal.account, f"arn:aws:iam::{principal.account}:root"):
        return Named.EXACTLY if principal.kind is Kind.ROOT else Named.ACCOUNT
    return Named.ROLE if principal.role_arn and name == principal.role_arn else Named.NOT
