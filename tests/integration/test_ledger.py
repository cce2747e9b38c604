"""What goes in comes out, and only once: records with random results, counted from outside.

The seed is printed when a test fails; HARNESS_TEST_SEED repeats a run.
"""

from __future__ import annotations

import base64
import gzip
import json
import os
import random
import re
from collections import Counter
from collections.abc import Iterable

import pytest

from tests.integration.full_stack import FullStack, data_of
from tests.integration.test_event_ingestion import batch, event

RECORDS = 1000
_ID = re.compile(rb"id-(\d{6})")

# Does with each record what the record asks for: `{"id": "id-000001", "wants": "Ok"}`.
OBEDIENT = """
import base64, json
def lambda_handler(event, context):
    answers = []
    for record in event["records"]:
        wants = json.loads(base64.b64decode(record["data"]))["wants"]
        answer = {"recordId": record["recordId"], "result": wants, "data": record["data"]}
        if wants == "Twice":
            answer["result"] = "Ok"
            answers.append(answer)
        if wants == "NoData":
            answer = {"recordId": record["recordId"], "result": "Ok"}
        if wants != "Missing":
            answers.append(answer)
    return {"records": answers}
"""


class Ledger:
    """Every id that was sent must be found at exactly one place, exactly once."""

    def __init__(self, sent: Iterable[int]) -> None:
        self.sent = Counter(iter(sent))
        self.found: dict[str, Counter[int]] = {}

    def credit(self, fate: str, content: Iterable[bytes]) -> None:
        """Count the ids in the content of a sink."""
        ids = (int(number) for each in content for number in _ID.findall(each))
        self.found.setdefault(fate, Counter()).update(ids)

    def credit_ids(self, fate: str, ids: Iterable[int]) -> None:
        """Count ids whose fate shows nowhere, such as dropped ones."""
        self.found.setdefault(fate, Counter()).update(ids)

    def assert_balanced(self) -> None:
        total: Counter[int] = sum(self.found.values(), Counter())
        lost, extra = self.sent - total, total - self.sent
        counts = {fate: found.total() for fate, found in self.found.items()}
        assert not lost and not extra, f"{counts}: lost {sorted(lost)[:20]}, too often {sorted(extra)[:20]}"


@pytest.fixture
def dice() -> random.Random:
    seed = int(os.environ.get("HARNESS_TEST_SEED") or random.SystemRandom().randrange(2**32))
    print(f"HARNESS_TEST_SEED={seed}")
    return random.Random(seed)


def test_iot_readings_of_all_kinds(stack: FullStack, dice: random.Random) -> None:
    """In = delivered + failed + dropped with the real transform; its own log counts the same, the backup has all."""
    kinds = {number: dice.choice(["good", "humid", "garbage"]) for number in range(RECORDS)}
    stack.put_records(stack.iot["stream_name"], [_reading(number, kind, dice) for number, kind in kinds.items()])
    stack.aws.settle()

    bucket = stack.iot["bucket_name"]
    ledger = Ledger(kinds)
    ledger.credit("delivered", stack.objects(bucket, "data/").values())
    errors = stack.lines(bucket, stack.iot["error_prefix"])
    ledger.credit("failed", (base64.b64decode(error["rawData"]) for error in errors))
    ledger.credit_ids("dropped", (number for number, kind in kinds.items() if kind == "humid"))
    ledger.assert_balanced()

    fates = {"good": "delivered", "garbage": "failed", "humid": "dropped"}
    assert {number: fate for fate, found in ledger.found.items() for number in found} == {
        number: fates[kind] for number, kind in kinds.items()
    }
    told = [re.search(r"Transformed: (\{.*\})", line) for line in stack.log(stack.iot["function_log_group_name"])]
    sums: Counter[str] = sum((Counter(json.loads(match[1])) for match in told if match), Counter())
    names = {"Ok": "delivered", "ProcessingFailed": "failed", "Dropped": "dropped"}
    assert {names[result]: count for result, count in sums.items()} == {
        fate: found.total() for fate, found in ledger.found.items()
    }
    copies = Ledger(kinds)
    copies.credit("backup", map(gzip.decompress, stack.objects(bucket, stack.iot["backup_prefix"]).values()))
    copies.assert_balanced()


def test_iot_with_random_answers_of_the_transform(stack: FullStack, dice: random.Random) -> None:
    """Each record meets its own fate among all that an answer can say (A9), whatever its neighbours met."""
    fates = {
        "Ok": "delivered",
        "Dropped": "dropped",
        "ProcessingFailed": "Lambda.ProcessingFailedStatus",
        "Missing": "Lambda.MissingRecordId",
        "Twice": "Lambda.DuplicatedRecordId",
        "NoData": "Lambda.InvalidReturnFormat",
    }
    wants = {number: dice.choice(list(fates)) for number in range(RECORDS)}
    stack.replace_code(stack.iot["function_name"], OBEDIENT)
    stack.put_records(
        stack.iot["stream_name"],
        [json.dumps({"id": f"id-{number:06}", "wants": want}).encode() for number, want in wants.items()],
    )
    stack.aws.settle()

    bucket = stack.iot["bucket_name"]
    ledger = Ledger(wants)
    ledger.credit("delivered", stack.objects(bucket, "data/").values())
    for error in stack.lines(bucket, stack.iot["error_prefix"]):
        ledger.credit(error["errorCode"], [base64.b64decode(error["rawData"])])
    ledger.credit_ids("dropped", (number for number, want in wants.items() if want == "Dropped"))
    ledger.assert_balanced()
    assert {number: fate for fate, found in ledger.found.items() for number in found} == {
        number: fates[want] for number, want in wants.items()
    }


def test_log_relay_with_an_unsteady_endpoint(stack: FullStack, dice: random.Random) -> None:
    """In = acknowledged + in the backup, with posts of all kinds, over minutes, and an endpoint that often fails."""
    # What the endpoint will answer is decided before: only acknowledged requests count as delivered.
    # Long outages use up the retry time of some batches, short ones do not.
    script: list[int] = []
    while len(script) < 400:
        script += [dice.choice([200, 500, 503])] * dice.choice([1, 2, 12])
    stack.answer_with(*({"status": status} for status in script))
    kinds = {number: dice.choice(["object", "text", "marked"]) for number in range(RECORDS)}
    numbers = list(kinds)
    while numbers:
        some, numbers = numbers[: (size := dice.randrange(50, 250))], numbers[size:]
        answers = stack.post_all(stack.log_relay["api_invoke_url"], [_log(number, kinds[number]) for number in some])
        assert {answer.status for answer in answers} == {200}
        stack.aws.advance(dice.uniform(1, 90))
    stack.aws.settle()

    deliveries = stack.deliveries()
    taken = [each for each, status in zip(deliveries, script, strict=False) if status == 200]
    errors = stack.lines(stack.log_relay["firehose_bucket_name"])
    ledger = Ledger(kinds)
    ledger.credit("delivered", map(base64.b64decode, data_of(taken)))
    for error in errors:
        ledger.credit(error["errorCode"], [base64.b64decode(error["rawData"])])
    ledger.assert_balanced()
    marked = {number for number, kind in kinds.items() if kind == "marked"}
    assert set(ledger.found["Lambda.ProcessingFailedStatus"]) == marked
    assert set(ledger.found) <= {"delivered", "Lambda.ProcessingFailedStatus", "HttpEndpoint.DestinationException"}


def test_events_of_all_types_with_some_poison(stack: FullStack, dice: random.Random) -> None:
    """In = processed + dead-lettered, where a dead letter stands for all records between its two positions."""
    types = ("orders", "payments", "user_activity")
    places: dict[str, list[tuple[str, int]]] = {each: [] for each in types}
    poison: set[int] = set()
    number = 0
    while number < RECORDS:
        event_type, size = dice.choice(types), dice.randrange(1, 60)
        bodies = [event(event_type, each) for each in range(number, number + size)]
        if dice.random() < 0.2:
            spoilt = dice.randrange(size)
            bodies[spoilt] = {"poison": number + spoilt}
            poison.add(number + spoilt)
        answer = stack.post(stack.events["batch_urls"][event_type], batch(*bodies))
        positions = [record["SequenceNumber"] for record in answer.json()["Records"]]
        places[event_type] += zip(positions, range(number, number + size), strict=True)
        number += size
        stack.aws.advance(dice.uniform(0, 20))
    stack.aws.settle()

    for event_type in types:
        ledger = Ledger(each for _, each in places[event_type])
        dead: set[int] = set()
        for letter in stack.dead_letters(event_type):
            info = letter["KinesisBatchInfo"]
            first, last = int(info["startSequenceNumber"]), int(info["endSequenceNumber"])
            covered = [each for position, each in places[event_type] if first <= int(position) <= last]
            assert len(covered) == info["batchSize"]
            assert poison & set(covered)
            ledger.credit_ids("dead-lettered", covered)
            dead.update(covered)
        name = {"orders": "order_id", "payments": "payment_id", "user_activity": "user_id"}[event_type]
        # A failing batch is logged up to its poison in every attempt; that is no success.
        ledger.credit_ids("processed", (each for e in stack.processed(event_type) if (each := e[name]) not in dead))
        ledger.assert_balanced()
        assert poison & {each for _, each in places[event_type]} <= dead


def _reading(number: int, kind: str, dice: random.Random) -> bytes:
    if kind == "garbage":
        return b"id-%06d is no reading" % number + dice.randbytes(dice.randrange(20)).replace(b"id-", b"")
    humidity = dice.uniform(80.1, 100) if kind == "humid" else dice.uniform(0, 80)
    reading = {"device_id": f"id-{number:06}", "temperature": dice.uniform(-40, 60), "humidity": humidity}
    return json.dumps(reading).encode()


def _log(number: int, kind: str) -> object:
    if kind == "text":
        return f"plain text of id-{number:06}".encode()
    return {"id": f"id-{number:06}"} | ({"_force_failure": True} if kind == "marked" else {})
