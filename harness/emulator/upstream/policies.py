"""Policies are read when they are put: one that can't be read would make every later call of its resource fail."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

import orjson

from harness.emulator.call import Call, HttpRequest
from harness.emulator.errors import AwsError
from harness.emulator.upstream.refusals import fields

_VERSIONS = ("2008-10-17", "2012-10-17")

# (service, operation) → the member with a policy, and the error for a bad one.
_MEMBERS: dict[tuple[str, str], tuple[str, str, str]] = {
    ("dynamodb", "PutResourcePolicy"): ("Policy", "ValidationException", "Invalid policy document: {}"),
    ("events", "PutPermission"): ("Policy", "ValidationException", "Invalid policy document: {}"),
    ("glue", "PutResourcePolicy"): ("PolicyInJson", "InvalidInputException", "Policy is not valid: {}"),
    ("iam", "CreateRole"): ("AssumeRolePolicyDocument", "MalformedPolicyDocument", "{}"),
    ("iam", "UpdateAssumeRolePolicy"): ("PolicyDocument", "MalformedPolicyDocument", "{}"),
    ("kms", "CreateKey"): ("Policy", "MalformedPolicyDocumentException", "{}"),
    ("kms", "PutKeyPolicy"): ("Policy", "MalformedPolicyDocumentException", "{}"),
    ("logs", "PutResourcePolicy"): ("policyDocument", "InvalidParameterException", "Invalid policy document: {}"),
    ("secretsmanager", "PutResourcePolicy"): (
        "ResourcePolicy", "MalformedPolicyDocumentException", "This resource policy contains a syntax error: {}",
    ),
    ("sns", "CreateTopic"): ("Policy", "InvalidParameter", "Invalid parameter: Policy Error: {}"),
    ("sns", "SetTopicAttributes"): ("Policy", "InvalidParameter", "Invalid parameter: Policy Error: {}"),
    ("sqs", "CreateQueue"): ("Policy", "InvalidAttributeValue", "Invalid value for the parameter Policy."),
    ("sqs", "SetQueueAttributes"): ("Policy", "InvalidAttributeValue", "Invalid value for the parameter Policy."),
}  # fmt: skip
_EMPTY_REMOVES = ("sns", "sqs")
_NAME = re.compile(r"(Attributes?\.(?:entry\.)?\d+)\.(?:Name|key)$")


def check(call: Call, request: HttpRequest) -> None:
    """Raises AwsError for a policy that can't be read, in the words of the service as far as they are known."""
    rule = _MEMBERS.get((call.service, call.operation))
    if rule is None:
        return
    member, code, text = rule
    policy = _found(request, member)
    if policy is None or (policy == "" and call.service in _EMPTY_REMOVES):
        return
    wrong = problem(policy, principal=True)
    if wrong:
        raise AwsError(code, text.format(wrong))


def check_bucket_policy(body: bytes) -> None:
    """Raises MalformedPolicy."""
    if body.lstrip()[:1] != b"{":
        raise AwsError("MalformedPolicy", "Policies must be valid JSON and the first byte must be '{'")
    wrong = problem(body.decode("utf-8", "replace"), principal=True, resource=True)
    if wrong:
        raise AwsError("MalformedPolicy", wrong)


def _found(request: HttpRequest, member: str) -> Any:
    """The member, at the top or among the attributes of a queue or topic."""
    given = fields(request)
    if member in given:
        return given[member]
    attributes = given.get("Attributes")
    if isinstance(attributes, dict):
        return attributes.get(member)
    if given.get("AttributeName") == member:
        return given.get("AttributeValue", "")
    form = dict(parse_qsl(request.body.decode("latin-1") or request.query, keep_blank_values=True))
    for name, value in form.items():
        place = _NAME.match(name)
        if place and value == member:
            return form.get(f"{place[1]}.Value", form.get(f"{place[1]}.value"))
    return None


def problem(policy: Any, *, principal: bool = False, resource: bool = False) -> str:
    """What is wrong with a policy document, empty if it can be evaluated. `principal`, `resource`: each statement must
    name one."""
    try:
        document = orjson.loads(policy) if isinstance(policy, str) else None
        if isinstance(document, str):  # Terraform may hand over the escaped form
            document = orjson.loads(document)
    except orjson.JSONDecodeError:
        document = None
    if not isinstance(document, dict):
        return "Policies must be valid JSON and the first byte must be '{'"
    if "Version" in document and document["Version"] not in _VERSIONS:
        return "The policy must contain a valid version string"
    statements = document.get("Statement")
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not statements:
        return "Missing required field Statement"
    needed = ["Action", *["Principal"] * principal, *["Resource"] * resource]
    return next(filter(None, (_statement_problem(statement, needed) for statement in statements)), "")


def _statement_problem(statement: Any, needed: list[str]) -> str:
    if not isinstance(statement, dict):
        return "Statement must be an object"
    if statement.get("Effect") not in ("Allow", "Deny"):
        return "Missing required field Effect" if "Effect" not in statement else "Invalid effect"
    for name in needed:
        value = statement.get(name, statement.get(f"Not{name}"))
        if value is None:
            return f"Missing required field {name}"
        if name == "Principal" and isinstance(value, dict):
            if not value or not all(_is_text(item) for item in value.values()):
                return "Invalid principal in policy"
        elif not _is_text(value):
            return f"Invalid {name.lower()} in policy"
    condition = statement.get("Condition", {})
    if not isinstance(condition, dict) or not all(isinstance(keys, dict) for keys in condition.values()):
        return "Invalid condition in policy"
    return ""


def _is_text(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and bool(value) and all(type(v) is str for v in value))
