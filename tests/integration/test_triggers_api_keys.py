"""Sections 1 and 4 of the triggers API's document: the seeding script, and the application outside of Lambda."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.integration.triggers_api import API_KEY, KEYS, SOURCE, SamSuite, TriggersApi

NEW_KEY = "example-seeded-key-42"
LOCAL_KEY = "test-api-key-12345"


def seed(api: TriggersApi, *arguments: str, answer: str = "") -> tuple[int, str]:
    """The script in a process of its own, as the document runs it; returns its exit code and what it printed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON", "DYNAMODB_"))}
    access = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_ENDPOINT_URL": api.aws.url}
    finished = subprocess.run(
        [sys.executable, str(SOURCE / "scripts" / "seed_api_keys.py"), *arguments],
        env=kept | access,
        input=answer,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
    )
    return finished.returncode, finished.stdout


def test_a_production_key_needs_a_yes(api: TriggersApi) -> None:
    """4.1, 6.1: production (the default) asks; anything but yes creates nothing; a malformed key is refused before."""
    code, printed = seed(api, "--api-key", NEW_KEY, answer="no\n")
    assert (code, "Nothing was created." in printed) == (1, True)
    assert seed(api, "--api-key", NEW_KEY)[0] == 1  # nobody there to answer
    code, printed = seed(api, "--api-key", "too short", "--yes")
    assert (code, "16 to 128 letters" in printed) == (2, True)
    assert api.aws.client("dynamodb").scan(TableName=KEYS)["Count"] == 1
    assert api.call("GET", "/v1/inbox", key=NEW_KEY).status_code == 401

    code, printed = seed(api, "--api-key", NEW_KEY, "--source", "tests", "--stage", "prod", answer="y\n")
    assert code == 0, printed
    assert NEW_KEY not in printed
    item = api.aws.client("dynamodb").get_item(TableName=KEYS, Key={"api_key": {"S": NEW_KEY}})["Item"]
    assert (item["is_active"], item["source"]) == ({"BOOL": True}, {"S": "tests"})
    assert item["created_at"]["S"].endswith("+00:00")
    assert api.call("GET", "/v1/inbox", key=NEW_KEY).status_code == 200  # 6.2


def test_a_key_is_never_created_twice(api: TriggersApi) -> None:
    """4.1: a duplicate is told and changes nothing, so that a deactivated key stays so; a stage that is not deployed
    is one sentence."""
    api.put_key(NEW_KEY, active=False)
    code, printed = seed(api, "--api-key", NEW_KEY, "--yes")
    assert (code, "exists already" in printed) == (0, True)
    assert api.call("GET", "/v1/inbox", key=NEW_KEY).status_code == 401
    code, printed = seed(api, "--api-key", NEW_KEY, "--stage", "nowhere", "--region", "us-east-1")
    assert (code, printed.strip()) == (1, "There is no table triggers-api-keys-nowhere; deploy that stage first.")


def application(sam: SamSuite) -> Path:
    return sam.runner.stack.folder / ".aws-sam" / "build" / "TriggersApiFunction"


def environment(sam: SamSuite, **variables: str) -> dict[str, str]:
    """For the application in the tools' environment, which holds boto3 and uvicorn. The package stays as it was built:
    with compiled files in it, it would be another one to SAM."""
    access = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "PYTHONPATH": str(application(sam))}
    return {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", **access, **variables}


@pytest.fixture
def local_url(sam: SamSuite, triggers: TriggersApi) -> Iterator[str]:
    """The application on uvicorn, in local mode, with tables that it made itself at DYNAMODB_ENDPOINT_URL."""
    python = str(sam.runner.sam.bin / "python")
    given = environment(sam, DYNAMODB_ENDPOINT_URL=triggers.aws.url)
    for printed in ("created: triggers-api-events-local, triggers-api-keys-local\n", "created: nothing, both exist\n"):
        done = subprocess.run([python, "-m", "src.tables"], env=given, capture_output=True, text=True, timeout=60)
        assert done.stdout == printed, done.stderr
    command = [python, "-m", "uvicorn", "src.main:app", "--port", "0"]
    server = subprocess.Popen(command, env=given, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        assert server.stderr is not None
        yield next(line.split()[4] for line in server.stderr if "Uvicorn running on" in line)
    finally:
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=30)


def test_the_application_runs_on_uvicorn(local_url: str) -> None:
    """1.2 to 1.4: local mode knows the fixed key and no other, and DynamoDB at the given endpoint."""
    with httpx.Client(base_url=local_url, timeout=60) as client:
        event = {"source": "test", "event_type": "test.created", "payload": {"a": 1}}
        assert client.post("/v1/events", json=event, headers={"X-API-Key": API_KEY}).status_code == 401
        headers = {"X-API-Key": LOCAL_KEY}
        event_id = client.post("/v1/events", json=event, headers=headers).json()["event_id"]
        assert [each["event_id"] for each in client.get("/v1/inbox", headers=headers).json()["events"]] == [event_id]
        preflight = {"Origin": "https://example.com", "Access-Control-Request-Method": "POST"}
        answer = client.options("/v1/events", headers=preflight)
        assert (answer.status_code, answer.headers["access-control-max-age"]) == (200, "3600")
        assert client.get("/v1/health").json()["stage"] == "local"


CALL = """
import json
from src.logs import set_up_logging
from src.main import handler
from src.settings import Settings

event = {"resource": "/{proxy+}", "path": "/v1/health", "httpMethod": "GET", "headers": {}, "requestContext": {},
         "multiValueHeaders": {}, "queryStringParameters": None, "body": None, "isBase64Encoded": False}
print(json.dumps(handler(event, None)))
for wrong in ({"AUTH_MODE": "aws", "DYNAMODB_TABLE_EVENTS": "events"}, {"AUTH_MODE": "none"}, {"LOG_LEVEL": "loud"}):
    try:
        set_up_logging(Settings.read(wrong).log_level)
    except ValueError as error:
        print(error)
"""


def test_the_handler_and_its_settings(sam: SamSuite) -> None:
    """1.5, 1.6: Mangum's handler is called without Lambda. AWS mode without its tables, an unknown mode and an unknown
    log level are errors that name the variable or the value."""
    command = [str(sam.runner.sam.bin / "python"), "-c", CALL]
    given = environment(sam, STAGE="dev")
    finished = subprocess.run(command, env=given, capture_output=True, text=True, timeout=60)
    assert finished.returncode == 0, finished.stderr
    _, answer, *errors = finished.stdout.splitlines()  # the first is the request's log line
    assert (json.loads(answer)["statusCode"], json.loads(json.loads(answer)["body"])["stage"]) == (200, "dev")
    assert errors == [
        "AUTH_MODE=aws needs DYNAMODB_TABLE_KEYS",
        "AUTH_MODE is 'none'; it must be one of local, aws",
        "Unknown level: 'LOUD'",
    ]
