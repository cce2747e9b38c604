"""What the suite takes for granted and other places than our emulator do not give: roles that its ARNs name are there,
and what is created is active at once.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError, WaiterError

_ROLE = re.compile(r"arn:aws:iam::\d{12}:role/([\w+=,.@-]+)")
_TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
_NAME = "tests.elsewhere"
# Operation → the member that names what it makes, and botocore's waiter for that.
_WAITED_FOR = {
    "CreateFunction": ("FunctionName", "function_active_v2"),
    "CreateStream": ("StreamName", "stream_exists"),
    "CreateTable": ("TableName", "table_exists"),
}
_WAIT = {"Delay": 1, "MaxAttempts": 10}


def adapt(client: Any, client_of: Callable[[str], Any]) -> None:
    """Make up for it in this client's calls; `client_of` makes clients that nobody watches."""
    service = client.meta.service_model.service_name

    def before(params: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        if model.name in _WAITED_FOR:
            context[_NAME] = params.get(_WAITED_FOR[model.name][0])
        named = _ROLE.fullmatch(str(params.get("Role"))) if model.name == "CreateFunction" else None
        if named is not None:
            policy = json.dumps({"Version": "2012-10-17", "Statement": [_TRUST]})
            with contextlib.suppress(ClientError):  # it is there, or there are no roles
                client_of("iam").create_role(RoleName=named[1], AssumeRolePolicyDocument=policy)

    def after(http_response: Any, model: Any, context: dict[str, Any], **_: Any) -> None:
        if http_response.status_code < 300 and isinstance(context.get(_NAME), str):
            member, waiter = _WAITED_FOR[model.name]
            with contextlib.suppress(WaiterError):  # the test will see what became of it
                client_of(service).get_waiter(waiter).wait(**{member: context[_NAME]}, WaiterConfig=_WAIT)

    if service in ("lambda", "kinesis", "dynamodb"):
        client.meta.events.register("provide-client-params", before)
        client.meta.events.register("after-call", after)
