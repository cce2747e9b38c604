"""What exists at the beginning of a round, and names for requests that should find something."""

from __future__ import annotations

import io
import json
import random
import zipfile
from typing import Any

_KEPT = 6  # names of one kind; the latest stand in for the oldest

ROLE = "arn:aws:iam::000000000000:role/r"
POLICY = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}
)
TEMPLATE = json.dumps(
    {
        "Parameters": {"P": {"Type": "String", "Default": "v", "AllowedPattern": "[a-z]*"}},
        "Conditions": {"C": {"Fn::Equals": [{"Ref": "P"}, "v"]}},
        "Resources": {
            "Q": {"Type": "AWS::SQS::Queue", "Condition": "C"},
            "S": {"Type": "AWS::Kinesis::Stream", "Properties": {"ShardCount": 1}},
            "T": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Fn::Sub": "${P}-${AWS::Region}"}}},
        },
        "Outputs": {"U": {"Value": {"Ref": "S"}}},
    }
)
OPENAPI = json.dumps(
    {
        "openapi": "3.0.1",
        "info": {"title": "t", "version": "1"},
        "paths": {
            "/a/{id}": {
                "get": {
                    "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
                    "responses": {"200": {"description": "ok"}},
                    "x-amazon-apigateway-integration": {
                        "type": "mock",
                        "requestTemplates": {"application/json": '{"statusCode": 200}'},
                        "responses": {"default": {"statusCode": "200"}},
                    },
                }
            }
        },
    }
)


def package(body: str = "def handler(event, context):\n    return event\n") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr(zipfile.ZipInfo("main.py"), body)
    return out.getvalue()


class Pool:
    """Values by lower-case member name."""

    def __init__(self) -> None:
        self.package = package()
        self.recorded: list[tuple[str, str, dict[str, Any]]] = []
        """Valid requests: (service, operation, parameters)."""
        self._names: dict[str, list[Any]] = {
            "rolearn": [ROLE], "role": [ROLE], "executionrolearn": [ROLE], "iamrolearn": [ROLE],
            "runtime": ["python3.11"], "handler": ["main.handler"], "architectures": ["x86_64"],
            "assumerolepolicydocument": [POLICY], "policydocument": [POLICY], "policy": [POLICY],
            "templatebody": [TEMPLATE], "statementid": ["one", "two"], "principal": ["apigateway.amazonaws.com"],
            "action": ["lambda:InvokeFunction"], "maxresults": [1, 10], "limit": [1, 10], "maxrecords": [10],
            "maxitems": [10], "nexttoken": [""], "marker": [""], "waittimeseconds": [0, 1], "timeoutinminutes": [1],
            "httpmethod": ["GET", "POST", "ANY"], "statuscode": ["200", "400"], "selectionpattern": ["4..", ""],
            "path": ["/a/b"], "patternname": ["one"], "timezone": ["UTC"], "cidr": ["127.0.0.1/32"],
            "shardcount": [1, 2], "targetshardcount": [1, 2, 3], "intervalinseconds": [60], "sizeinmbs": [1, 5],
            "keyspec": ["AES_256"], "destinationid": ["destinationId-000000000001"], "delayseconds": [0],
            "currentdeliverystreamversionid": ["1", "2"], "requestid": ["one"], "clientrequesttoken": [],
            "versionid": ["null"], "partitionkey": ["k"], "shardtosplit": ["shardId-000000000000"],
            "eventpattern": ['{"source": ["a"]}'], "scheduleexpression": ["rate(5 minutes)"], "kmskeyid": [],
            "messagebody": ["body"], "message": ["text"], "filterpattern": ["", "ERROR"], "uploadid": ["none"],
        }  # fmt: skip

    def known(self, name: str, rng: random.Random) -> Any:
        """A value that may be right for a member of this name; None if nothing is known of it."""
        found = self._names.get(name.lower())
        return rng.choice(found) if found else None

    def add(self, **names: Any) -> None:
        """Values by member name; a list is several."""
        for name, value in names.items():
            kept = self._names.setdefault(name.lower(), [])
            for each in value if isinstance(value, list) else [value]:
                if each not in kept:
                    kept.append(each)
            del kept[:-_KEPT]

    def combinations(self, names: list[str]) -> list[dict[str, Any]]:
        """Parameters with these members: one of each known value where one is asked for, the latest where more are."""
        if not names:
            return [{}]
        if any(not self._names.get(name.lower()) for name in names):
            return []
        if len(names) == 1:
            return [{names[0]: value} for value in self._names[names[0].lower()]]
        return [{name: self._names[name.lower()][0] for name in names}]

    def learn(self, answer: Any) -> None:
        """Take the names, ids and ARNs of an answer."""
        if not isinstance(answer, dict):
            return
        for name, value in list(answer.items())[:40]:
            if isinstance(value, str) and 0 < len(value) < 400:
                if name.lower().endswith(("arn", "id", "url", "name", "token", "iterator", "handle", "lock")):
                    self.add(**{name: value})
            elif isinstance(value, dict) and name != "ResponseMetadata":
                self.learn(value)
