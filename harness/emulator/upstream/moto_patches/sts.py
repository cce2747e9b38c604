"""STS: GetCallerIdentity tells root and the sessions of Lambda functions, which moto takes for a user `moto`."""

from __future__ import annotations

from typing import Any

from harness.emulator.permissions.function_sessions import read_session_token

_NO_KEY = "AKIAEXAMPLE"
"""What moto reads out of a signature with a key that is not 20 characters long: `test`, or an account's number."""


def patch(models: Any) -> None:
    from moto.core.responses import ActionResult
    from moto.iam.models import iam_backends
    from moto.sts import responses

    backend, handlers = models.STSBackend, vars(responses)["TokenResponse"]
    known, answered = backend.get_caller_identity, handlers.get_caller_identity

    def of_key(self: Any, access_key_id: str, region: str) -> tuple[str, str, str]:
        if access_key_id == _NO_KEY:
            return self.account_id, f"arn:aws:iam::{self.account_id}:root", self.account_id
        found: tuple[str, str, str] = known(self, access_key_id, region)
        return found

    def of_request(self: Any) -> Any:
        principal = read_session_token(self.headers.get("X-Amz-Security-Token") or "")
        if principal is None:
            return answered(self)
        roles = iam_backends[principal.account]["aws"].roles.values()
        role_id = next((role.id for role in roles if role.arn == principal.role_arn), principal.name)
        session_name = principal.arn.rpartition("/")[2]
        identity = {"UserId": f"{role_id}:{session_name}", "Account": principal.account, "Arn": principal.arn}
        return ActionResult(identity)

    backend.get_caller_identity = of_key
    handlers.get_caller_identity = of_request
