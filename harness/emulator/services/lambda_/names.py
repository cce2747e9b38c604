"""The four forms of a function name, and ARNs (C1)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.emulator.call import Caller
from harness.emulator.errors import AwsError, constraint, validation_error

_FORM = re.compile(
    r"(?:arn:aws[a-zA-Z-]*:lambda:)?(?:(?P<region>[a-z]{2}(?:-[a-z]+)+-\d):)?(?:(?P<account>\d{12}):)?"
    r"(?:function:)?(?P<name>[a-zA-Z0-9_-]+)(?::(?P<qualifier>\$LATEST|[a-zA-Z0-9_-]+))?"
)


@dataclass(slots=True, frozen=True)
class FunctionName:
    account: str
    region: str
    name: str
    qualifier: str | None

    @property
    def arn(self) -> str:
        """With the qualifier when there is one."""
        arn = f"arn:aws:lambda:{self.region}:{self.account}:function:{self.name}"
        return f"{arn}:{self.qualifier}" if self.qualifier else arn


def parse(text: str, caller: Caller, qualifier: str | None = None) -> FunctionName:
    """A name, `name:qualifier`, partial ARN or full ARN, with the request's own Qualifier.

    Raises ValidationException for anything else, InvalidParameterValueException for two different qualifiers and
    ResourceNotFoundException for another region.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        raise validation_error([constraint(text, "functionName", "Member must be a function name or ARN")])
    named = match["qualifier"]
    if named and qualifier and named != qualifier:
        raise AwsError(
            "InvalidParameterValueException",
            "The derived qualifier from the function name does not match the specified qualifier.",
            members={"Type": "User"},
        )
    region = match["region"] or caller.region
    if region != caller.region:
        raise AwsError(
            "ResourceNotFoundException",
            f"Functions from '{region}' are not reachable in this region ('{caller.region}')",
            404,
            members={"Type": "User"},
        )
    return FunctionName(match["account"] or caller.account, region, match["name"], named or qualifier)


def not_found(name: FunctionName) -> AwsError:
    return AwsError("ResourceNotFoundException", f"Function not found: {name.arn}", 404, members={"Type": "User"})


def alias_not_found(name: FunctionName, alias: str) -> AwsError:
    arn = FunctionName(name.account, name.region, name.name, alias).arn
    return AwsError("ResourceNotFoundException", f"Cannot find alias arn: {arn}", 404, members={"Type": "User"})


def invalid(message: str) -> AwsError:
    """InvalidParameterValueException, the refusal for a value that the shapes allow."""
    return AwsError("InvalidParameterValueException", message, members={"Type": "User"})


def conflict(message: str) -> AwsError:
    return AwsError("ResourceConflictException", message, 409, members={"Type": "User"})
