"""The session token of a Lambda function's process: it tells role and function when the process calls back.

It needs no table: it holds after a restart, and whatever the mode was when the process began. Not a secret, and not
signed: signatures are not verified anywhere in the emulator.
"""

from __future__ import annotations

import base64
import binascii

from harness.emulator.permissions.principals import Principal, session

_PREFIX = "harness-function-"


def session_token(role_arn: str, function_arn: str) -> str:
    """AWS_SESSION_TOKEN of the function's process."""
    return _PREFIX + base64.urlsafe_b64encode(f"{role_arn} {function_arn}".encode()).decode()


def read_session_token(token: str) -> Principal | None:
    """The function's session; None for any other token. The session has the function's name."""
    if not token.startswith(_PREFIX):
        return None
    try:
        role, _, function = base64.urlsafe_b64decode(token[len(_PREFIX) :]).decode().partition(" ")
    except (binascii.Error, UnicodeDecodeError):
        return None
    if role.count(":") < 5 or function.count(":") < 6:
        return None
    return session(role, function.split(":")[6], function_arn=":".join(function.split(":")[:7]))
