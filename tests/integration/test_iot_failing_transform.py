"""Kinesis → Firehose → S3 while the transform function itself fails (A9). Nothing may be lost in any of the ways."""

from __future__ import annotations

import base64
import gzip

import pytest

from tests.integration.full_stack import FullStack

RECORDS = [f'{{"device_id": "sensor-{number}"}}'.encode() for number in range(25)]

RAISES = "def lambda_handler(event, context):\n    raise RuntimeError('broken transform')\n"
EXITS = "import os\ndef lambda_handler(event, context):\n    os._exit(3)\n"
NO_SYNTAX = "def lambda_handler(event, context:\n"
NO_IMPORT = "import a_package_that_nobody_has\n"
NEVER_ENDS = "import time\ndef lambda_handler(event, context):\n    time.sleep(300)\n"

ANSWERS = """
def lambda_handler(event, context):
    records = event["records"]
    ids = [record["recordId"] for record in records]
    return {}
"""
_ALL = '{{"records": [{{"recordId": each, {}}} for each in ids]}}'
MISSING = "Lambda.MissingRecordId"


def assert_all_failed(stack: FullStack, codes: set[str], attempts: int) -> None:
    """Every record is under processing-failed once, with its original bytes, and in the backup; none in `data/`."""
    bucket = stack.iot["bucket_name"]
    errors = stack.lines(bucket, stack.iot["error_prefix"])
    assert [base64.b64decode(error["rawData"]) for error in errors] == RECORDS
    assert {error["errorCode"] for error in errors} <= codes
    assert {error["attemptsMade"] for error in errors} == {attempts}
    assert stack.objects(bucket, stack.iot["data_prefix"]) == {}
    backups = stack.objects(bucket, stack.iot["backup_prefix"]).values()
    assert b"".join(map(gzip.decompress, backups)) == b"".join(RECORDS)


@pytest.mark.parametrize("source", [RAISES, EXITS, NO_SYNTAX, NO_IMPORT], ids=["raise", "exit", "syntax", "import"])
def test_a_function_that_fails_is_tried_four_times(stack: FullStack, source: str) -> None:
    """Function errors are retried three times, then the whole batch goes to processing-failed: attemptsMade 4."""
    stack.replace_code(stack.iot["function_name"], source)
    stack.put_records(stack.iot["stream_name"], RECORDS)
    stack.aws.settle()
    assert_all_failed(stack, {"Lambda.FunctionError"}, 4)


def test_a_function_that_times_out_is_tried_four_times(stack: FullStack) -> None:
    """A real timeout of the real process, four times; either of AWS's two recorded codes is right."""
    stack.replace_code(stack.iot["function_name"], NEVER_ENDS, Timeout=1)
    stack.put_records(stack.iot["stream_name"], RECORDS)
    stack.aws.settle()
    assert_all_failed(stack, {"Lambda.FunctionTimedOut", "Lambda.FunctionError"}, 4)
    log = stack.log(stack.iot["function_log_group_name"])
    assert sum("Task timed out after 1.00 seconds" in line for line in log) == 4


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("None", MISSING),
        ("{}", MISSING),
        ('{"records": []}', MISSING),
        (_ALL.replace("each,", "each + 'x',").format('"result": "Dropped"'), MISSING),
        ('{"records": "many"}', "Lambda.JsonProcessingException"),
        ("'Ok'", "Lambda.JsonProcessingException"),
        ("[1, 2]", "Lambda.JsonProcessingException"),
        (_ALL.format('"result": "Fine", "data": ""'), "Lambda.FunctionError"),
        (_ALL.format('"result": "Ok", "data": "?"'), "Lambda.FunctionError"),
        (_ALL.format('"result": "Ok"'), "Lambda.InvalidReturnFormat"),
        (_ALL.format('"result": "Ok", "data": ""').replace("in ids", "in ids * 2"), "Lambda.DuplicatedRecordId"),
    ],
)
def test_a_malformed_answer_fails_the_records_at_once(stack: FullStack, answer: str, code: str) -> None:
    """What a function returned without an error is final: no retry, attemptsMade 1, the original bytes kept."""
    stack.replace_code(stack.iot["function_name"], ANSWERS.replace("{}", answer))
    stack.put_records(stack.iot["stream_name"], RECORDS)
    stack.aws.settle()
    assert_all_failed(stack, {code}, 1)


def test_a_mended_function_takes_what_comes_after(stack: FullStack) -> None:
    """Only the batch that met the broken code is lost to processing-failed; the next one is delivered."""
    function = stack.iot["function_name"]
    stack.replace_code(function, RAISES)
    stack.put_records(stack.iot["stream_name"], RECORDS)
    stack.aws.settle()
    stack.replace_code(function, ANSWERS.replace("{}", _ALL.format('"result": "Ok", "data": "bWVuZGVk"'), 1))
    stack.put_records(stack.iot["stream_name"], RECORDS[:3])
    stack.aws.settle()
    (delivered,) = stack.objects(stack.iot["bucket_name"], stack.iot["data_prefix"]).values()
    assert delivered == b"mended" * 3
    assert len(stack.lines(stack.iot["bucket_name"], stack.iot["error_prefix"])) == len(RECORDS)
