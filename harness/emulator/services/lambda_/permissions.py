"""Resource policies: AddPermission, GetPolicy, RemovePermission, and the check when a service invokes."""

from __future__ import annotations

import re
from typing import Any

import orjson

from harness.emulator.api_gateway.callers import Signer
from harness.emulator.call import Call, Caller
from harness.emulator.errors import AwsError
from harness.emulator.service import operation
from harness.emulator.services.lambda_ import names
from harness.emulator.services.lambda_.layers import Layers
from harness.emulator.services.lambda_.model import Function, Policy
from harness.emulator.services.lambda_.names import FunctionName
from harness.json_object import Json

_NO_POLICY = "The resource you requested does not exist."


class Permissions(Layers):
    """One policy per qualifier ("" for the function itself)."""

    @operation
    def add_permission(
        self,
        call: Call,
        *,
        function_name: str,
        statement_id: str,
        action: str,
        principal: str,
        source_arn: str | None = None,
        source_account: str | None = None,
        function_url_auth_type: str | None = None,
        invoked_via_function_url: bool | None = None,
        principal_org_id: str | None = None,
        qualifier: str | None = None,
        revision_id: str | None = None,
    ) -> Json:
        """Raises ResourceConflictException when the statement id is taken."""
        function, name = self.find(call, function_name, qualifier)
        self._check_qualifier(function, name)
        if function_url_auth_type and action != "lambda:InvokeFunctionUrl":
            raise names.invalid("FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action")
        policy = function.policies.get(name.qualifier or "") or Policy("")
        if revision_id is not None:
            self.check_revision(revision_id, policy.revision_id)
        if statement_id in policy.statements:
            raise names.conflict(
                f"The statement id ({statement_id}) provided already exists. "
                "Please provide a new statement id, or remove the existing statement."
            )
        statement: Json = {
            "Sid": statement_id,
            "Effect": "Allow",
            "Principal": _principal(principal),
            "Action": action,
            "Resource": name.arn,
        }
        condition: Json = {}
        equal = {
            "AWS:SourceAccount": source_account,
            "aws:PrincipalOrgID": principal_org_id,
            "lambda:FunctionUrlAuthType": function_url_auth_type,
        }
        if any(equal.values()):
            condition["StringEquals"] = {key: value for key, value in equal.items() if value}
        if invoked_via_function_url is not None:
            condition["Bool"] = {"lambda:InvokedViaFunctionUrl": str(invoked_via_function_url).lower()}
        if source_arn:
            condition["ArnLike"] = {"AWS:SourceArn": source_arn}
        if condition:
            statement["Condition"] = condition
        policy.statements[statement_id] = statement
        policy.revision_id = self.world.new_id()
        function.policies[name.qualifier or ""] = policy
        self.functions.put(function.key, function)
        return {"Statement": orjson.dumps(statement).decode()}

    @operation
    def get_policy(self, call: Call, *, function_name: str, qualifier: str | None = None) -> Json:
        function, name = self.find(call, function_name, qualifier)
        policy = function.policies.get(name.qualifier or "")
        if policy is None:
            raise AwsError("ResourceNotFoundException", _NO_POLICY, 404, members={"Type": "User"})
        document = {"Version": "2012-10-17", "Id": "default", "Statement": list(policy.statements.values())}
        return {"Policy": orjson.dumps(document).decode(), "RevisionId": policy.revision_id}

    @operation
    def remove_permission(
        self,
        call: Call,
        *,
        function_name: str,
        statement_id: str,
        qualifier: str | None = None,
        revision_id: str | None = None,
    ) -> None:
        function, name = self.find(call, function_name, qualifier)
        policy = function.policies.get(name.qualifier or "")
        if policy is None:
            raise AwsError("ResourceNotFoundException", "No policy is associated with the given resource.", 404)
        if revision_id is not None:
            self.check_revision(revision_id, policy.revision_id)
        if policy.statements.pop(statement_id, None) is None:
            text = f"Statement {statement_id} is not found in resource policy."
            raise AwsError("ResourceNotFoundException", text, 404, members={"Type": "User"})
        policy.revision_id = self.world.new_id()
        if not policy.statements:
            del function.policies[name.qualifier or ""]
        self.functions.put(function.key, function)

    def _check_qualifier(self, function: Function, name: FunctionName) -> None:
        if name.qualifier and name.qualifier not in function.aliases:
            self.version_of(function, name)

    def resource_policy(self, resource: str) -> str | None:
        """The policy of a layer version, or of a function (its version or alias, when the ARN ends in a qualifier)."""
        parts = resource.split(":")
        if len(parts) == 8 and parts[5] == "layer":
            return self.layer_policy(resource)
        if len(parts) not in (7, 8) or parts[5] != "function":
            return None
        function = self.functions.get((parts[4], parts[3], parts[6]))
        policy = function.policies.get(parts[7] if len(parts) == 8 else "") if function is not None else None
        if policy is None:
            return None
        return orjson.dumps({"Version": "2012-10-17", "Statement": list(policy.statements.values())}).decode()

    def check_invoke_allowed(self, function: Function, name: FunctionName, caller: Caller) -> None:
        """A service principal without a role, and another account, need a statement that allows them.

        Raises AccessDeniedException.
        """
        foreign = caller.account != function.account
        if caller.role is not None or (caller.service is None and not foreign):
            return
        policy = function.policies.get(name.qualifier or "")
        if policy is not None and any(_allows(s, caller) for s in policy.statements.values()):
            return
        who = caller.service or f"arn:aws:iam::{caller.account}:root"
        raise AwsError(
            "AccessDeniedException",
            f"User: {who} is not authorized to perform: lambda:InvokeFunction on resource: {name.arn} because no "
            "resource-based policy allows the lambda:InvokeFunction action",
            403,
        )

    def lets_in_by_url(self, function: Function, name: FunctionName, auth_type: str, signer: Signer | None) -> bool:
        """Whether the policy lets the signer of a request (None: anybody) in by the function's URL (C12)."""
        policy = function.policies.get(name.qualifier or "")
        statements = policy.statements.values() if policy is not None else ()
        return any(_allows_url(statement, auth_type, signer) for statement in statements)


def _allows_url(statement: Json, auth_type: str, signer: Signer | None) -> bool:
    if statement["Action"] not in ("lambda:InvokeFunctionUrl", "lambda:*", "*"):
        return False
    principal = statement["Principal"]
    if principal != "*":
        wanted = principal.get("AWS") if signer is not None else None
        if signer is None or wanted not in (signer.arn, f"arn:aws:iam::{signer.account}:root"):
            return False
    condition = statement.get("Condition", {})
    equal = condition.get("StringEquals", {})
    if equal.keys() - {"lambda:FunctionUrlAuthType"} or "ArnLike" in condition:
        return False  # of an account, an organization or a resource: a request by URL comes from none
    if equal.get("lambda:FunctionUrlAuthType", auth_type) != auth_type:
        return False
    return bool(condition.get("Bool", {}).get("lambda:InvokedViaFunctionUrl", "true") == "true")


def _principal(principal: str) -> Any:
    if principal == "*":
        return "*"
    if principal.isdigit():
        return {"AWS": f"arn:aws:iam::{principal}:root"}
    if principal.startswith("arn:"):
        return {"AWS": principal}
    return {"Service": principal}


def _allows(statement: Json, caller: Caller) -> bool:
    if statement["Action"] not in ("lambda:InvokeFunction", "lambda:*", "*"):
        return False
    principal = statement["Principal"]
    if caller.service is not None:
        if principal != "*" and principal.get("Service") != caller.service:
            return False
    elif principal != "*" and not str(principal.get("AWS", "")).startswith(f"arn:aws:iam::{caller.account}:"):
        return False
    condition = statement.get("Condition", {})
    equal = condition.get("StringEquals", {})
    if "aws:PrincipalOrgID" in equal or condition.get("Bool", {}).get("lambda:InvokedViaFunctionUrl") == "true":
        return False  # no account here is in an organization, and nobody comes by a URL here
    account = equal.get("AWS:SourceAccount")
    if account is not None and account != caller.account:
        return False
    pattern = condition.get("ArnLike", {}).get("AWS:SourceArn")
    return pattern is None or (caller.source_arn is not None and arn_like(pattern, caller.source_arn))


def arn_like(pattern: str, arn: str) -> bool:
    """IAM's ArnLike: six parts compared one by one, `*` and `?` as wildcards within each."""
    wanted, given = pattern.split(":", 5), arn.split(":", 5)
    return len(wanted) == len(given) and all(_like(w, g) for w, g in zip(wanted, given, strict=True))


def _like(pattern: str, text: str) -> bool:
    expression = "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.fullmatch(expression, text, re.DOTALL) is not None
