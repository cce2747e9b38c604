"""Rules of faults: what is refused and why, which calls match, when they fire."""

from __future__ import annotations

import asyncio
import pickle
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.emulator.call import Call, Caller, HttpRequest
from harness.emulator.clock import Clock
from harness.emulator.errors import AwsError
from harness.emulator.faults import catalogue
from harness.emulator.faults.fault import CALL
from harness.emulator.faults.reading import BadRule, read_rule
from harness.emulator.faults.resources import names_of
from harness.emulator.faults.rule import Match
from harness.emulator.world import World

ERROR = {"code": "SlowDown"}


def world() -> World:
    return World(clock=Clock("manual", start=1000.0), seed=7)


def read(**document: Any) -> Any:
    return read_rule({"fault": "error", "with": ERROR} | document, world(), "fault-1", "harness")


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"fault": None}, "at 'fault' failed to satisfy constraint: Member must not be null"),
        ({"fault": "eror"}, "Value 'eror' at 'fault' failed to satisfy constraint: Member must satisfy enum value set"),
        ({"wtih": {}}, "at 'wtih' failed to satisfy constraint: Member must be one of: id, fault, match, when, with"),
        ({"id": "a b"}, "Value 'a b' at 'id'"),
        ({"match": []}, "at 'match' failed to satisfy constraint: Member must be an object"),
        ({"match": {"bucket": "x"}}, "at 'match.bucket'"),
        ({"match": {"service": ""}}, "at 'match.service'"),
        ({"match": {"service": []}}, "at 'match.service'"),
        ({"match": {"service": "s4"}}, "Value 's4' at 'match.service' failed to satisfy constraint: Member must be a"),
        ({"match": {"service": "s3", "operation": "PutObjekt"}}, "Value 'PutObjekt' at 'match.operation'"),
        ({"when": {"nth": 0}}, "at 'when.nth'"),
        ({"when": {"nth": [1, "2"]}}, "at 'when.nth'"),
        ({"when": {"nth": True}}, "at 'when.nth'"),
        ({"when": {"probability": 1.5}}, "Value '1.5' at 'when.probability'"),
        ({"when": {"count": 0}}, "Value '0' at 'when.count'"),
        ({"when": {"count": True}}, "Value 'True' at 'when.count'"),
        ({"when": {"after": -1}}, "Value '-1' at 'when.after'"),
        ({"when": {"after": 1, "from": 2}}, "at 'when.from' failed to satisfy constraint: Member must not stand"),
        ({"when": {"from": 20, "until": 10}}, "at 'when' failed to satisfy constraint: The window must end"),
        ({"when": {"seconds": 0}}, "at 'when'"),
        ({"with": {}}, "at 'with.code' failed to satisfy constraint: Member must not be null"),
        ({"with": {"code": ""}}, "at 'with.code'"),
        ({"with": ERROR | {"status": 200}}, "Value '200' at 'with.status'"),
        ({"with": ERROR | {"stauts": 500}}, "at 'with.stauts' failed to satisfy constraint: Member must be one of:"),
        ({"fault": "latency", "with": {"seconds": float("inf")}}, "at 'with.seconds'"),
        ({"fault": "throttle", "match": {"service": "s3"}, "with": {}}, "Value 's3' at 'match.service'"),
        ({"fault": "throttle", "match": {"operation": "GetRecords"}, "with": {}}, "at 'match.operation'"),
        ({"fault": "lambda-exit", "match": {"caller": "x"}, "with": {}}, "at 'match.caller'"),
        ({"fault": "transform-answer", "with": {"answer": "odd"}}, "Value 'odd' at 'with.answer'"),
        ({"fault": "kill-emulator", "with": {}}, "at 'fault' failed to satisfy constraint: The emulator is a thread"),
    ],
)
def test_a_bad_rule_is_refused_with_the_name_of_its_member(document: dict[str, Any], said: str) -> None:
    with pytest.raises(BadRule) as refused:
        read(**document)
    assert said in str(refused.value)
    assert str(refused.value).startswith("1 validation error detected: Value")


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(BadRule, match="3 validation errors detected") as refused:
        read(match={"service": "s4"}, when={"count": 0}, **{"with": {}})
    assert all(member in str(refused.value) for member in ("match.service", "when.count", "with.code"))


def test_of_several_rules_none_is_taken_when_one_is_bad() -> None:
    faults = world().faults
    with pytest.raises(BadRule, match=r"'1\.fault'"):
        faults.add([{"fault": "connection-reset"}, {"fault": "nothing"}])
    with pytest.raises(KeyError, match="twice"):
        faults.add([{"fault": "connection-reset", "id": "twice"}] * 2)
    assert (faults.rules(), faults.active) == ([], False)


def test_every_fault_describes_itself() -> None:
    described = [catalogue.describe(name) for name in catalogue.names()]
    assert len(described) == len(set(catalogue.names())) >= 22
    assert all(each["summary"].endswith(".") for each in described)
    with pytest.raises(KeyError):
        catalogue.load("../registry")


def test_ids_are_made_and_the_given_form_is_kept() -> None:
    faults = world().faults
    first, second = faults.add([{"fault": "timeout"}, {"fault": "timeout", "id": "mine"}])
    assert (first.id, second.id) == ("fault-1", "mine")
    assert second.describe(1000.0) == {
        "id": "mine", "fault": "timeout", "added": 1000.0, "matched": 0, "fired": 0, "state": "active",
    }  # fmt: skip
    faults.remove([first])
    assert faults.add([{"fault": "timeout"}])[0].id == "fault-1"


# -- matching -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("match", "fits"),
    [
        ({}, True),
        ({"service": "kinesis"}, True),
        ({"service": ["s3", "kinesis"]}, True),
        ({"service": "kin*", "operation": "Put?ecords"}, True),
        ({"service": "s3"}, False),
        ({"operation": "PutRecord"}, False),
        ({"caller": "external"}, False),
        ({"caller": "firehose.amazonaws.com"}, True),
        ({"caller": ["external", "*.amazonaws.com"]}, True),
        ({"region": "eu-*"}, False),
    ],
)
def test_what_a_rule_matches(match: dict[str, Any], fits: bool) -> None:
    caller = Caller().on_behalf("firehose.amazonaws.com")
    assert read(match=match).match.fits("kinesis", "PutRecords", caller) is fits


def test_callers_without_a_service_are_external() -> None:
    assert Match(caller=("external",)).fits("s3", "PutObject", Caller())


@pytest.mark.parametrize(
    ("call", "names"),
    [
        (("kinesis", {"StreamName": "s"}), ["s", "arn:aws:kinesis:us-east-1:000000000000:stream/s"]),
        (
            ("kinesis", {"StreamARN": "arn:aws:kinesis:us-east-1:000000000000:stream/s"}),
            ["arn:aws:kinesis:us-east-1:000000000000:stream/s", "s"],
        ),
        (("firehose", {"DeliveryStreamName": "d"}), ["d", "arn:aws:firehose:us-east-1:000000000000:deliverystream/d"]),
        (("s3", {"Bucket": "b", "Key": "k/1"}), ["b", "b/k/1", "arn:aws:s3:::b", "arn:aws:s3:::b/k/1"]),
        (
            ("lambda", {"FunctionName": "arn:aws:lambda:us-east-1:000000000000:function:f:live"}),
            ["f", "arn:aws:lambda:us-east-1:000000000000:function:f", "f:live",
             "arn:aws:lambda:us-east-1:000000000000:function:f:live"],
        ),
        (("lambda", {"FunctionName": "f"}), ["f", "arn:aws:lambda:us-east-1:000000000000:function:f"]),
        (("sqs", {"QueueUrl": "http://x/0/q"}), ["q", "arn:aws:sqs:us-east-1:000000000000:q"]),
        (("execute-api", {"ApiId": "a", "Path": "/v1/items"}), ["a", "a/v1", "a/v1/items"]),
        (("http-sink", {"Name": "one"}), ["one"]),
        (("kinesis", {"ShardIterator": "forged"}), []),
        (("iam", {}), []),
    ],
)  # fmt: skip
def test_a_call_names_its_resources(call: tuple[str, dict[str, Any]], names: list[str]) -> None:
    assert names_of(world(), Call(call[0], "Any", call[1], Caller(), "r")) == names


@pytest.mark.parametrize(
    ("service", "target", "host", "body", "name"),
    [
        ("s3", "/b/k%20k?acl", "localhost", b"", "b/k k"),
        ("s3", "/k", "b.s3.localhost", b"", "b/k"),
        ("sqs", "/", "localhost", b'{"QueueUrl": "http://x/0/q"}', "q"),
        ("sns", "/", "localhost", b"Action=Publish&TopicArn=arn:aws:sns:us-east-1:0:t", "t"),
    ],
)
def test_a_call_that_is_passed_on_undecoded_names_its_resources(
    service: str, target: str, host: str, body: bytes, name: str
) -> None:
    request = HttpRequest("POST", target, [("host", host)], body)
    assert name in names_of(world(), Call(service, "Any", {}, Caller(), "r", request))


@given(st.text(alphabet="ab*?[.", max_size=6), st.text(alphabet="ab[.", max_size=6))
def test_only_star_and_question_mark_are_special(pattern: str, name: str) -> None:
    def fits(p: str, n: str) -> bool:
        if not p:
            return not n
        if p[0] == "*":
            return fits(p[1:], n) or (bool(n) and fits(p, n[1:]))
        return bool(n) and p[0] in ("?", n[0]) and fits(p[1:], n[1:])

    assert Match(resource=(pattern,)).fits_resource([name]) is fits(pattern, name)


# -- when -----------------------------------------------------------------------------------------------------


def fired(when: dict[str, Any], calls: int = 6, now: float = 1000.0) -> list[int]:
    """The numbers of the calls that a rule fires on."""
    rule, rng = read(when=when), random.Random(1)
    return [n for n in range(1, calls + 1) if rule.fires(now, rng)]


def test_when_a_rule_fires() -> None:
    assert fired({}) == [1, 2, 3, 4, 5, 6]
    assert fired({"nth": 3}) == [3]
    assert fired({"nth": [1, 5]}) == [1, 5]
    assert fired({"count": 2}) == [1, 2]
    assert fired({"nth": [2, 4, 6], "count": 2}) == [2, 4]
    assert fired({"probability": 0}) == []
    assert 350 < len(fired({"probability": 0.4}, calls=1000)) < 450
    assert fired({"after": 10}) == []
    assert fired({"after": 10}, now=1010.0) == [1, 2, 3, 4, 5, 6]
    assert fired({"after": 10, "seconds": 5}, now=1015.0) == []
    assert fired({"from": 1000, "until": 1001}, now=1000.5) == [1, 2, 3, 4, 5, 6]


def test_the_state_of_a_rule() -> None:
    rule = read(when={"after": 10, "seconds": 10, "count": 1})
    assert [rule.state(now) for now in (1000.0, 1010.0, 1020.0)] == ["waiting", "active", "over"]
    assert not rule.fires(1000.0, random.Random(1))
    assert (rule.matched, rule.state(1010.0)) == (0, "active")
    assert rule.fires(1010.0, random.Random(1))
    assert not rule.fires(1011.0, random.Random(1))
    assert (rule.matched, rule.fired, rule.state(1012.0)) == (2, 1, "spent")
    nth = read(when={"nth": 1})
    nth.fires(1000.0, random.Random(1))
    assert nth.state(1000.0) == "spent"


def restore(home: World, state: bytes | None) -> None:
    asyncio.run(home.restore(state))


# -- at work --------------------------------------------------------------------------------------------------


def through(home: World, service: str = "s3", operation: str = "PutObject") -> Any:
    async def done(call: Call) -> str:
        return "done"

    return asyncio.run(home.faults.around(CALL, Call(service, operation, {}, Caller(), "r"), None, done))


def test_an_earlier_rule_hides_calls_from_later_ones() -> None:
    home = world()
    first, second = home.faults.add([
        {"fault": "error", "with": {"code": "First"}, "when": {"nth": 1}},
        {"fault": "error", "with": {"code": "Second"}, "when": {"count": 1}},
    ])  # fmt: skip
    with pytest.raises(AwsError, match="First"):
        through(home)
    assert (second.matched, second.fired) == (0, 0)
    with pytest.raises(AwsError, match="Second"):
        through(home)
    assert through(home) == "done"
    assert (first.matched, first.fired, second.matched, second.fired) == (3, 1, 2, 1)


def test_several_rules_act_on_one_call_in_their_order() -> None:
    home = world()
    rules = home.faults.add([
        {"fault": "clock-jump", "with": {"seconds": 5}},
        {"fault": "clock-jump", "with": {"seconds": 7}},
        {"fault": "error", "with": {"code": "Late"}, "when": {"after": 12}},
    ])  # fmt: skip
    with pytest.raises(AwsError, match="Late"):
        through(home)
    assert [(rule.matched, rule.fired) for rule in rules] == [(1, 1)] * 3
    assert home.clock.now() == 1012.0


def test_a_rule_does_not_kill_the_process_that_it_came_to_with_a_snapshot() -> None:
    home = world()
    home.faults.may_kill = True
    (rule,) = home.faults.add([{"fault": "kill-emulator"}])
    home.faults.may_kill = False
    assert through(home) == "done"
    assert (rule.matched, rule.fired) == (1, 0)


def test_the_bus_has_an_interceptor_only_while_there_are_rules_for_calls() -> None:
    home = world()
    assert home.bus.interceptors == []
    home.faults.add([{"fault": "lambda-exit"}])
    assert (home.bus.interceptors, home.faults.active) == ([], True)
    rules = home.faults.add([{"fault": "timeout"}, {"fault": "timeout"}])
    assert len(home.bus.interceptors) == 1
    home.faults.remove(rules[:1])
    assert len(home.bus.interceptors) == 1
    home.faults.remove(home.faults.rules())
    assert (home.bus.interceptors, home.faults.active) == ([], False)


def test_a_snapshot_keeps_rules_and_counters() -> None:
    home = world()
    home.faults.add([{"fault": "error", "with": {"code": "Gone"}, "when": {"count": 1}}])
    with pytest.raises(AwsError):
        through(home)
    state = home.dump()
    restore(home, None)
    assert (home.faults.rules(), home.bus.interceptors) == ([], [])
    restore(home, state)
    (rule,) = home.faults.rules()
    assert (rule.fired, rule.state(home.clock.now())) == (1, "spent")
    assert through(home) == "done"
    assert rule.matched == 2


def test_every_fault_pickles() -> None:
    needed = {
        "error": ERROR, "latency": {"seconds": 1}, "clock-jump": {"seconds": 1},
        "transform-answer": {"answer": "not-json"},
    }  # fmt: skip
    home = world()
    home.faults.may_kill = True
    for name in catalogue.names():
        (rule,) = home.faults.add([{"fault": name, "with": needed.get(name, {})}])
        assert pickle.loads(pickle.dumps(rule)).fault == rule.fault
