"""Evaluation: deny wins, then identity or resource within an account, both across accounts, limits by boundaries."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.emulator.errors import AwsError
from harness.emulator.permissions.document import statements
from harness.emulator.permissions.evaluation import Decision, OwnPolicies, ResourcePolicy, decide, trusts
from harness.emulator.permissions.facts import Facts
from harness.emulator.permissions.function_sessions import read_session_token, session_token
from harness.emulator.permissions.principals import ANONYMOUS, Kind, Principal, root, service, session

HERE, THERE = "000000000000", "111111111111"
BOB = Principal(Kind.USER, HERE, f"arn:aws:iam::{HERE}:user/bob", "bob")
ROLE = f"arn:aws:iam::{HERE}:role/worker"
WORKER = session(ROLE, "now")
QUEUE = f"arn:aws:sqs:us-east-1:{HERE}:q"
ACTION = "sqs:SendMessage"


def policy(*items: dict[str, Any]) -> str:
    return orjson.dumps({"Version": "2012-10-17", "Statement": items}).decode()


def allow(action: Any = ACTION, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any = ACTION, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return allow(action, resource, **more) | {"Effect": "Deny"}


def decided(
    principal: Principal = BOB,
    own: list[str] | None = None,
    theirs: str | None = None,
    *,
    boundary: str | None = None,
    account: str = HERE,
    must: bool = False,
    residents_only: bool = False,
) -> Decision:
    resource = ResourcePolicy(theirs, account, must, residents_only)
    return decide(principal, ACTION, QUEUE, Facts({}), OwnPolicies(tuple(own or []), boundary), resource)


def test_nothing_allows() -> None:
    assert decided() == Decision(False, f"because no identity-based policy allows the {ACTION} action")


def test_the_identitys_policy_allows() -> None:
    assert decided(own=[policy(allow())]).allowed
    assert decided(own=[policy(allow("SQS:send*", QUEUE))]).allowed
    assert not decided(own=[policy(allow(resource=QUEUE + "2"))]).allowed
    assert not decided(own=[policy(allow("sqs:Receive*"))]).allowed


def test_not_action_and_not_resource() -> None:
    by_action = {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}
    assert decided(own=[policy(by_action)]).allowed
    assert not decided(own=[policy(by_action | {"NotAction": "sqs:*"})]).allowed
    by_resource = {"Effect": "Allow", "Action": "*", "NotResource": QUEUE}
    assert not decided(own=[policy(by_resource)]).allowed


def test_a_deny_wins_wherever_it_stands() -> None:
    allowing, denying = policy(allow()), policy(deny())
    by_them = policy(deny(Principal={"AWS": BOB.arn}))
    assert decided(own=[allowing, denying]).reason == "with an explicit deny in an identity-based policy"
    assert decided(own=[allowing], theirs=by_them).reason == "with an explicit deny in a resource-based policy"
    assert (
        decided(own=[allowing], boundary=policy(allow(), deny())).reason
        == "with an explicit deny in a permissions boundary"
    )


def test_a_deny_for_everybody_stops_root_too() -> None:
    assert decided(root(HERE)).allowed
    stopped = decided(root(HERE), theirs=policy(deny(Principal="*")))
    assert stopped == Decision(False, "with an explicit deny in a resource-based policy", is_explicit=True)


@pytest.mark.parametrize("principal", [{"AWS": BOB.arn}, "*", {"AWS": ["x", BOB.arn]}])
def test_a_resource_policy_alone_is_enough_within_the_account(principal: Any) -> None:
    assert decided(theirs=policy(allow(Principal=principal))).allowed


def test_naming_the_account_hands_the_decision_to_it() -> None:
    named = policy(allow(Principal={"AWS": f"arn:aws:iam::{HERE}:root"}))
    assert not decided(theirs=named).allowed
    assert decided(own=[policy(allow())], theirs=named).allowed
    assert not decided(theirs=policy(allow(Principal={"AWS": HERE}))).allowed


def test_across_accounts_both_sides_must_allow() -> None:
    stranger = Principal(Kind.USER, THERE, f"arn:aws:iam::{THERE}:user/eve", "eve")
    mine, theirs = policy(allow()), policy(allow(Principal={"AWS": THERE}))
    assert decided(stranger, [mine], theirs).allowed
    assert decided(stranger, [], theirs).reason == f"because no identity-based policy allows the {ACTION} action"
    assert decided(stranger, [mine]).reason == f"because no resource-based policy allows the {ACTION} action"
    assert not decided(root(THERE)).allowed
    assert decided(root(THERE), theirs=theirs).allowed


def test_a_boundary_limits_what_policies_give() -> None:
    inside, outside = policy(allow()), policy(allow("s3:*"))
    assert decided(WORKER, [policy(allow())], boundary=inside).allowed
    limited = decided(WORKER, [policy(allow())], boundary=outside)
    assert limited.reason == f"because no permissions boundary allows the {ACTION} action"
    by_role, by_session = policy(allow(Principal={"AWS": ROLE})), policy(allow(Principal={"AWS": WORKER.arn}))
    assert not decided(WORKER, theirs=by_role, boundary=outside).allowed
    assert decided(WORKER, theirs=by_role).allowed
    assert decided(WORKER, theirs=by_session, boundary=outside).allowed


def test_a_session_policy_limits_the_session() -> None:
    small = session(ROLE, "now", session_policy=policy(allow("s3:*")))
    assert decided(small, [policy(allow())]).reason == f"because no session policy allows the {ACTION} action"
    wide = session(ROLE, "now", session_policy=policy(allow()))
    assert decided(wide, [policy(allow())]).allowed


def test_keys_need_their_own_policys_leave() -> None:
    mine = policy(allow())
    assert not decided(root(HERE), must=True).allowed
    assert decided(own=[mine], must=True).reason == f"because no resource-based policy allows the {ACTION} action"
    delegating = policy(allow(Principal={"AWS": f"arn:aws:iam::{HERE}:root"}))
    assert decided(own=[mine], theirs=delegating, must=True).allowed
    assert not decided(theirs=delegating, must=True).allowed
    assert decided(theirs=policy(allow(Principal={"AWS": BOB.arn})), must=True).allowed


def test_services_and_strangers_need_a_resource_policy() -> None:
    sns = service("sns.amazonaws.com", HERE)
    assert not decided(sns).allowed
    assert decided(sns, theirs=policy(allow(Principal={"Service": "sns.amazonaws.com"}))).allowed
    assert not decided(sns, theirs=policy(allow(Principal={"Service": "events.amazonaws.com"}))).allowed
    assert decided(ANONYMOUS, theirs=policy(allow(Principal="*"))).allowed
    assert not decided(ANONYMOUS, theirs=policy(allow(Principal={"AWS": HERE}))).allowed
    assert not decided(ANONYMOUS, theirs=policy(allow(Principal="*")), residents_only=True).allowed


def test_not_principal_denies_all_but_some() -> None:
    but_bob = {"Effect": "Deny", "Action": "*", "Resource": "*", "NotPrincipal": {"AWS": BOB.arn}}
    assert decided(own=[policy(allow())], theirs=policy(but_bob)).allowed
    assert not decided(WORKER, [policy(allow())], policy(but_bob)).allowed


def test_trust_policies() -> None:
    firehose = service("firehose.amazonaws.com", HERE)
    trust = policy({
        "Effect": "Allow",
        "Principal": {"Service": "firehose.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": HERE}},
    })  # fmt: skip
    assert trusts(trust, firehose, Facts({"sts:ExternalId": HERE}))
    assert not trusts(trust, firehose, Facts({"sts:ExternalId": THERE}))
    assert not trusts(trust, service("lambda.amazonaws.com", HERE), Facts({"sts:ExternalId": HERE}))


@pytest.mark.parametrize(
    "text",
    [
        "nothing",
        "[]",
        '{"Statement":[{"Effect":"Perhaps","Action":"*","Resource":"*"}]}',
        '{"Statement":[{"Effect":"Allow","Resource":"*"}]}',
        '{"Statement":[{"Effect":"Allow","Action":"*","NotAction":"*","Resource":"*"}]}',
        '{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Conditions":{}}]}',
        '{"Statement":[{"Effect":"Allow","Action":{"a":1},"Resource":"*"}]}',
    ],
)
def test_what_is_no_policy_is_an_error(text: str) -> None:
    with pytest.raises(AwsError, match="MalformedPolicyDocument"):
        statements(text)


def test_a_functions_token_tells_role_and_function() -> None:
    function = f"arn:aws:lambda:us-east-1:{HERE}:function:f"
    principal = read_session_token(session_token(ROLE, function))
    assert principal is not None
    assert principal.arn == f"arn:aws:sts::{HERE}:assumed-role/worker/f"
    assert (principal.role_arn, principal.function_arn) == (ROLE, function)
    assert read_session_token("test") is None
    assert read_session_token("harness-function-%%%") is None


_ACTIONS = st.sampled_from([ACTION, "sqs:*", "sqs:Receive*", "s3:GetObject", "*"])
_RESOURCES = st.sampled_from([QUEUE, "*", "arn:aws:sqs:*:*:q", "arn:aws:s3:::b"])
_PRINCIPALS = st.sampled_from(
    ["*", {"AWS": BOB.arn}, {"AWS": ROLE}, {"AWS": WORKER.arn}, {"AWS": HERE}, {"AWS": THERE}]
)
_STATEMENTS = st.builds(
    lambda effect, action, resource: {"Effect": effect, "Action": action, "Resource": resource},
    st.sampled_from(["Allow", "Deny"]),
    _ACTIONS,
    _RESOURCES,
)
_OWN = st.lists(_STATEMENTS, max_size=4)
_THEIRS = st.lists(st.builds(lambda s, p: s | {"Principal": p}, _STATEMENTS, _PRINCIPALS), max_size=4)
_WHO = st.sampled_from([BOB, WORKER, root(HERE), root(THERE), Principal(Kind.USER, THERE, "arn:aws:iam::1:user/x")])


@given(_WHO, _OWN, _THEIRS, _STATEMENTS, st.booleans())
def test_denies_only_take_and_allows_only_give(
    who: Principal, own: list[dict[str, Any]], theirs: list[dict[str, Any]], more: dict[str, Any], must: bool
) -> None:
    before = decided(who, [policy(*own)], policy(*theirs), must=must).allowed
    after = decided(who, [policy(*own, more)], policy(*theirs), must=must).allowed
    assert after <= before if more["Effect"] == "Deny" else after >= before


@given(_WHO, _OWN, _THEIRS, _OWN)
def test_a_boundary_never_gives(
    who: Principal, own: list[dict[str, Any]], theirs: list[dict[str, Any]], boundary: list[dict[str, Any]]
) -> None:
    free = decided(who, [policy(*own)], policy(*theirs)).allowed
    assert decided(who, [policy(*own)], policy(*theirs), boundary=policy(*boundary)).allowed <= free


@given(_WHO, _OWN, _THEIRS)
def test_the_order_of_statements_does_not_matter(
    who: Principal, own: list[dict[str, Any]], theirs: list[dict[str, Any]]
) -> None:
    one = decided(who, [policy(*own)], policy(*theirs))
    other = decided(who, [policy(*reversed(own))], policy(*reversed(theirs)))
    assert one == other
