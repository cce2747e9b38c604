"""The triggers API, deployed once for all tests by the real SAM CLI, and the handle that its tests hold."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx

from harness.json_object import Json
from harness.problem import Problem
from harness.provision.sam_environment import SamEnvironment
from harness.provision.sam_provision import sam_digest
from harness.provision.sam_runner import SamFinished, SamRunner
from harness.provision.sam_stack import SamStack
from harness.provision.warm import WarmStore
from harness.provision.workspace import Workspace, read_json, write_atomically
from harness.targets.port import port_of
from harness.testing.opening import suite_on
from harness.testing.options import Options
from harness.testing.suite import Suite
from harness.testing.topology import SuiteWorkspace, Unobtainable, once_per_run, provisioning_environment
from tests.integration.deployed import Deployed
from tests.integration.provisioning import ROOT

STACK = "triggers-api"
SOURCE = ROOT / "sam" / STACK
API_KEY = "example-triggers-key-01"
EVENTS = "triggers-api-events-prod"
KEYS = "triggers-api-keys-prod"
LOG_GROUP = "/aws/lambda/triggers-api-prod"
# What `sam build` says when it cannot get the packages or the Python, in contrast to a mistake in the project.
_NO_PACKAGES = ("ResolveDependencies", "Binary validation failed")


@dataclass(frozen=True)
class SamSuite:
    """The emulator of this process with the deployed stack, and SAM CLI in a copy of the project that is built."""

    suite: Suite
    runner: SamRunner

    def own_copy(self, folder: Path) -> OwnCopy:
        """The built project in `folder`, for a test that changes it."""
        shutil.copytree(self.runner.stack.folder, folder, ignore=shutil.ignore_patterns("cache", "deps"))
        return OwnCopy(replace(self.runner, stack=SamStack(folder)))


@dataclass(frozen=True)
class OwnCopy:
    """A built project that belongs to one test."""

    runner: SamRunner

    @property
    def template(self) -> Path:
        return self.runner.stack.folder / ".aws-sam" / "build" / "template.yaml"

    def change(self, old: str, new: str) -> None:
        text = self.template.read_text()
        assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in the built template"
        self.template.write_text(text.replace(old, new))

    def deploy(self, *arguments: str) -> SamFinished:
        return self.runner.run("deploy", "--no-confirm-changeset", "--no-progressbar", *arguments)


@contextmanager
def sam_suite(options: Options) -> Iterator[SamSuite]:
    """Raises Unobtainable where SAM CLI or the packages cannot be had; Problem when the deployment fails."""
    with suite_on(replace(options, stack=None, endpoint_url=None)) as suite:
        yield _deployed(suite, options)


def _deployed(suite: Suite, options: Options) -> SamSuite:
    """From a kept snapshot, else by `sam build` and `sam deploy`; other workers wait and then restore."""
    assert suite.admin is not None
    workspace = SuiteWorkspace(ROOT)
    environ = {"PATH": os.defpath, **provisioning_environment()}
    with workspace.lock("the SAM stack"), once_per_run(workspace.home / "failed-sam-run.json", options.run):
        sam = _sam(environ)
        stack = SamStack(workspace.home / "sam" / STACK)
        _renew(stack.folder)
        runner = SamRunner(stack, suite.aws.url, sam, environ)
        key = sam_digest(stack, sam, suite.target.settings.facts())
        kept = workspace.instance(port_of(suite.aws.url)) / "sam-outputs.json"
        store = WarmStore(workspace)
        # The build is in the folder as long as nobody removed it.
        usable = store.has(key) and (stack.folder / ".aws-sam" / "build").is_dir()
        if not (usable and store.restore(key, suite.admin, kept) is None):
            _build(runner)
            runner.deploy()
            write_atomically(kept, json.dumps(runner.outputs()))
            store.save(key, suite.admin, kept)
    suite.target.remember(f"warm-{key}")
    suite.outputs = read_json(kept)
    return SamSuite(suite, runner)


def _sam(environ: dict[str, str]) -> SamEnvironment:
    project = Workspace(ROOT)
    sam = SamEnvironment.of(project)
    with project.lock("SAM CLI"):
        if not sam.is_installed():
            try:
                sam.install(environ)
            except Problem as problem:
                raise Unobtainable(problem.sentence, problem.detail) from None
    return sam


def _build(runner: SamRunner) -> None:
    try:
        runner.build()
    except Problem as problem:
        if any(sign in problem.detail for sign in _NO_PACKAGES):
            raise Unobtainable(problem.sentence, problem.detail) from None
        raise


def _renew(folder: Path) -> None:
    """Bring the copy of the project up to date; what `sam build` made there stays and spares it most of its work."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        if old.name != ".aws-sam":
            shutil.rmtree(old) if old.is_dir() else old.unlink()
    shutil.copytree(SOURCE, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".aws-sam", "__pycache__"))


class TriggersApi(Deployed):
    """The deployed API. Time stands still."""

    def empty(self) -> None:
        """No events, no logs, one active key."""
        dynamodb, logs = self.aws.client("dynamodb"), self.aws.client("logs")
        for table, key in ((EVENTS, ("event_id", "created_at")), (KEYS, ("api_key",))):
            for item in dynamodb.scan(TableName=table)["Items"]:
                dynamodb.delete_item(TableName=table, Key={name: item[name] for name in key})
        for stream in logs.describe_log_streams(logGroupName=LOG_GROUP)["logStreams"]:
            logs.delete_log_stream(logGroupName=LOG_GROUP, logStreamName=stream["logStreamName"])
        self.put_key(API_KEY, active=True)

    def put_key(self, api_key: str, active: bool) -> None:
        item = {"api_key": {"S": api_key}, "is_active": {"BOOL": active}, "created_at": {"S": "2026-01-01T00:00:00Z"}}
        self.aws.client("dynamodb").put_item(TableName=KEYS, Item=item)

    def call(
        self, method: str, path: str, body: Any = None, key: str | None = API_KEY, **headers: str
    ) -> httpx.Response:
        """One request below the stage's URL. `body`: bytes as they are, anything else as JSON; `headers` by name with
        underscores."""
        content = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if key is not None:
            given["X-API-Key"] = key
        return self.aws.http.request(method, f"{self['ApiUrl']}{path}", content=content, headers=given)

    def ingest(self, **changes: Any) -> Json:
        """The answer to a new event."""
        event = {"source": "test", "event_type": "test.created", "payload": {}, **changes}
        answer = self.call("POST", "/v1/events", event)
        assert answer.status_code == 201, answer.text
        body: Json = answer.json()
        return body

    def stored(self, event_id: str) -> list[Json]:
        """The items of that event in the table, as DynamoDB has them."""
        answer = self.aws.client("dynamodb").query(
            TableName=EVENTS,
            KeyConditionExpression="event_id = :id",
            ExpressionAttributeValues={":id": {"S": event_id}},
        )
        items: list[Json] = answer["Items"]
        return items

    def log_lines(self, request_id: str | None = None) -> list[Json]:
        """The application's own lines in its log group, oldest first; of one request, where named."""
        lines = [json.loads(line) for line in self.log(LOG_GROUP) if line.startswith("{")]
        return [line for line in lines if request_id in (None, line["request_id"])]
