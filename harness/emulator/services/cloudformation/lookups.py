"""What a template has looked up outside itself: parameters of the Parameter Store, dynamic references."""

from __future__ import annotations

import json
import re
from typing import Any

from harness.emulator.call import Call, Caller
from harness.emulator.errors import AwsError, NotEmulated
from harness.emulator.services.cloudformation.errors import validation_error
from harness.emulator.services.cloudformation.preparation import Draft, Values
from harness.emulator.services.cloudformation.template_source import TemplateSource
from harness.json_object import Json

_DYNAMIC = re.compile(r"\{\{resolve:([a-z-]+):([^{}]*)\}\}")
_SECRET_ARN_PARTS = 7


class Lookups(TemplateSource):
    """Asks SSM and Secrets Manager as whoever operates the stack."""

    async def values_of(
        self, call: Call, draft: Draft, given: list[Json], previous: dict[str, str] | None, role_arn: str | None
    ) -> Values:
        """The values of a template's parameters. Raises ValidationError."""
        values = draft.values(given, previous)
        names = {one: values[one] for one, parameter in draft.parameters.items() if parameter.is_stored}
        caller = self.operator(call.caller, role_arn, "")
        looked_up: dict[str, str] = {}
        for parameter, name in names.items():
            try:
                looked_up[parameter] = await self._parameter(caller, name)
            except AwsError as error:
                if error.code not in ("ParameterNotFound", "ParameterVersionNotFound"):
                    raise
                raise validation_error(
                    f"Unable to fetch parameters [{name}] from parameter store for this account."
                ) from None
        return Values(values, looked_up)

    async def with_dynamic_references(self, value: Any, caller: Caller) -> Any:
        """The value with every `{{resolve:…}}` in its text replaced. Raises AwsError, NotEmulated."""
        found = dict.fromkeys(_references(value))
        if not found:
            return value
        known = {each: await self._resolved(caller, *each) for each in found}
        return _replaced(value, known)

    async def _resolved(self, caller: Caller, service: str, text: str) -> str:
        if service in ("ssm", "ssm-secure"):
            return await self._parameter(caller, text)
        if service == "secretsmanager":
            return await self._secret(caller, text)
        raise NotEmulated("cloudformation", f"dynamic reference {{{{resolve:{service}:…}}}}")

    async def _parameter(self, caller: Caller, name: str) -> str:
        answer = await self.call("ssm", "GetParameter", {"Name": name, "WithDecryption": True}, caller)
        return str(answer["Parameter"]["Value"])

    async def _secret(self, caller: Caller, text: str) -> str:
        """`id:SecretString:key:stage:version`; all but the id may be left out, and the id may be an ARN."""
        parts = text.split(":")
        id_parts = _SECRET_ARN_PARTS if parts[0] == "arn" else 1
        secret, rest = ":".join(parts[:id_parts]), [*parts[id_parts:], "", "", "", ""]
        kind, key, stage, version = rest[:4]
        if kind not in ("", "SecretString"):
            whole = f"{{{{resolve:secretsmanager:{text}}}}}"
            raise validation_error(f"Could not parse SecretString dynamic reference {whole}")
        params: Json = {"SecretId": secret}
        if stage:
            params["VersionStage"] = stage
        if version:
            params["VersionId"] = version
        answer = await self.call("secretsmanager", "GetSecretValue", params, caller)
        content = str(answer.get("SecretString", ""))
        if not key:
            return content
        try:
            value = json.loads(content)[key]
        except (ValueError, KeyError, TypeError):
            raise validation_error("Could not find a value associated with JSONKey in SecretString") from None
        return value if isinstance(value, str) else json.dumps(value)


def _references(value: Any) -> list[tuple[str, str]]:
    if isinstance(value, str):
        return [(found[1], found[2]) for found in _DYNAMIC.finditer(value)]
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [found for item in items for found in _references(item)]


def _replaced(value: Any, known: dict[tuple[str, str], str]) -> Any:
    if isinstance(value, str):
        return _DYNAMIC.sub(lambda found: known[found[1], found[2]], value)
    if isinstance(value, dict):
        return {name: _replaced(item, known) for name, item in value.items()}
    if isinstance(value, list):
        return [_replaced(item, known) for item in value]
    return value
