"""Layers (C11): versions that are published, listed, shared with other accounts, and taken by functions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from harness.emulator.call import Call, Caller
from harness.emulator.errors import AwsError
from harness.emulator.service import operation
from harness.emulator.services.lambda_ import names
from harness.emulator.services.lambda_.archive import MAX_UNZIPPED_BYTES
from harness.emulator.services.lambda_.base import page
from harness.emulator.services.lambda_.configuration import timestamp
from harness.emulator.services.lambda_.model import Code, LayerVersion, Policy, UsedLayer
from harness.emulator.services.lambda_.packages import Packages, base64_sha256
from harness.json_object import Json

MAX_LAYERS = 5
GET_LAYER_VERSION = "lambda:GetLayerVersion"

_NAME = re.compile(r"(?:arn:aws[a-zA-Z-]*:lambda:([a-z0-9-]+):(\d{12}):layer:)?([a-zA-Z0-9_-]{1,140})")
_ARN = re.compile(r"arn:aws[a-zA-Z-]*:lambda:([a-z0-9-]+):(\d{12}):layer:([a-zA-Z0-9_-]+):(\d+)")


@dataclass(slots=True, frozen=True)
class _LayerName:
    account: str
    region: str
    name: str

    @property
    def arn(self) -> str:
        return f"arn:aws:lambda:{self.region}:{self.account}:layer:{self.name}"


class Layers(Packages):
    """Each version is a row of its own; a function keeps the content of those that it uses."""

    @operation
    async def publish_layer_version(
        self,
        call: Call,
        *,
        layer_name: str,
        content: Json,
        description: str = "",
        compatible_runtimes: list[str] | None = None,
        license_info: str | None = None,
        compatible_architectures: list[str] | None = None,
    ) -> Json:
        """The next version. Runtimes and architectures are told to whoever lists layers: no function is held to them.

        Raises InvalidParameterValueException.
        """
        name = _name(layer_name, call.caller)
        code = await self.fetch_code(call, content)
        counter = (call.account, call.region, name.name)
        number = (self.layer_counts.get(counter) or 0) + 1
        self.layer_counts.put(counter, number)
        layer = LayerVersion(
            account=call.account,
            region=call.region,
            name=name.name,
            version=number,
            code=code,
            description=description,
            license_info=license_info,
            runtimes=tuple(compatible_runtimes or ()),
            architectures=tuple(compatible_architectures or ()),
            created_at=self.world.clock.now(),
        )
        self.layers.put(layer.key, layer)
        return await self._with_content(layer)

    @operation
    async def get_layer_version(self, call: Call, *, layer_name: str, version_number: int) -> Json:
        return await self._with_content(self._shared(call, _name(layer_name, call.caller), version_number))

    @operation
    async def get_layer_version_by_arn(self, call: Call, *, arn: str) -> Json:
        found = _ARN.fullmatch(arn)
        if found is None:
            raise _not_there()
        name = _LayerName(found[2], found[1], found[3])
        return await self._with_content(self._shared(call, name, int(found[4])))

    @operation
    def delete_layer_version(self, call: Call, *, layer_name: str, version_number: int) -> None:
        """Functions that use the version keep it. One that is not there is deleted without an error."""
        name = _name(layer_name, call.caller)
        _check_number(version_number)
        key = (name.account, name.region, name.name, version_number)
        layer = self.layers.get(key)
        if layer is not None:
            self.layers.delete(key)
            self.forget_unused_code({layer.code.sha256})

    @operation
    def list_layers(
        self,
        call: Call,
        *,
        compatible_runtime: str | None = None,
        compatible_architecture: str | None = None,
        marker: str | None = None,
        max_items: int | None = None,
    ) -> Json:
        """Each layer with its latest version that fits."""
        latest: dict[str, LayerVersion] = {}
        for layer in self._own_layers(call, compatible_runtime, compatible_architecture):
            if layer.name not in latest or latest[layer.name].version < layer.version:
                latest[layer.name] = layer
        shown: list[Json] = [
            {"LayerName": name, "LayerArn": latest[name].layer_arn, "LatestMatchingVersion": _show(latest[name])}
            for name in sorted(latest)
        ]
        items, following = page(shown, marker, max_items)
        return {"Layers": items} | ({"NextMarker": following} if following else {})

    @operation
    def list_layer_versions(
        self,
        call: Call,
        *,
        layer_name: str,
        compatible_runtime: str | None = None,
        compatible_architecture: str | None = None,
        marker: str | None = None,
        max_items: int | None = None,
    ) -> Json:
        """The newest first."""
        name = _name(layer_name, call.caller)
        if (name.account, name.region, name.name) not in self.layer_counts:
            raise _not_there()
        found = self._own_layers(call, compatible_runtime, compatible_architecture)
        layers = sorted((layer for layer in found if layer.name == name.name), key=lambda layer: -layer.version)
        items, following = page([_show(layer) for layer in layers], marker, max_items)
        return {"LayerVersions": items} | ({"NextMarker": following} if following else {})

    def _own_layers(self, call: Call, runtime: str | None, architecture: str | None) -> Iterator[LayerVersion]:
        for layer in self.layers.values():
            if (layer.account, layer.region) != (call.account, call.region):
                continue
            if runtime in (None, *layer.runtimes) and architecture in (None, *layer.architectures):
                yield layer

    # -- permissions ------------------------------------------------------------------------------------------

    @operation
    def add_layer_version_permission(
        self,
        call: Call,
        *,
        layer_name: str,
        version_number: int,
        statement_id: str,
        action: str,
        principal: str,
        organization_id: str | None = None,
        revision_id: str | None = None,
    ) -> Json:
        """Raises ResourceConflictException when the statement id is taken."""
        layer = self._layer(_name(layer_name, call.caller), version_number)
        policy = layer.policy or Policy("")
        self._check_layer_revision(revision_id, policy)
        if statement_id in policy.statements:
            raise names.conflict(
                f"The statement id ({statement_id}) provided already exists. "
                "Please provide a new statement id, or remove the existing statement."
            )
        statement: Json = {
            "Sid": statement_id,
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{principal}:root"} if principal.isdigit() else principal,
            "Action": action,
            "Resource": layer.arn,
        }
        if organization_id:
            statement["Condition"] = {"StringEquals": {"aws:PrincipalOrgID": organization_id}}
        policy.statements[statement_id] = statement
        policy.revision_id = self.world.new_id()
        layer.policy = policy
        self.layers.put(layer.key, layer)
        return {"Statement": orjson.dumps(statement).decode(), "RevisionId": policy.revision_id}

    @operation
    def get_layer_version_policy(self, call: Call, *, layer_name: str, version_number: int) -> Json:
        policy = self._layer(_name(layer_name, call.caller), version_number).policy
        if policy is None:
            raise _no_policy()
        return {"Policy": _document(policy, "default"), "RevisionId": policy.revision_id}

    @operation
    def remove_layer_version_permission(
        self, call: Call, *, layer_name: str, version_number: int, statement_id: str, revision_id: str | None = None
    ) -> None:
        layer = self._layer(_name(layer_name, call.caller), version_number)
        if layer.policy is None:
            raise _no_policy()
        self._check_layer_revision(revision_id, layer.policy)
        if layer.policy.statements.pop(statement_id, None) is None:
            raise _gone(f"Statement {statement_id} is not found in resource policy.")
        layer.policy.revision_id = self.world.new_id()
        if not layer.policy.statements:
            layer.policy = None
        self.layers.put(layer.key, layer)

    def _check_layer_revision(self, given: str | None, policy: Policy) -> None:
        if given is not None and given != policy.revision_id:
            raise AwsError(
                "PreconditionFailedException",
                "The Revision Id provided does not match the latest Revision Id. "
                "Call the GetLayerPolicy API to retrieve the latest Revision Id",
                412,
                members={"Type": "User"},
            )

    def layer_policy(self, arn: str) -> str | None:
        """The policy of a layer version as a document; None if it has none."""
        found = _ARN.fullmatch(arn)
        layer = self.layers.get((found[2], found[1], found[3], int(found[4]))) if found is not None else None
        return _document(layer.policy) if layer is not None and layer.policy is not None else None

    # -- look-ups ---------------------------------------------------------------------------------------------

    def _layer(self, name: _LayerName, number: int) -> LayerVersion:
        _check_number(number)
        layer = self.layers.get((name.account, name.region, name.name, number))
        if layer is None:
            raise _gone(f"Layer version {name.arn}:{number} does not exist.")
        return layer

    def _shared(self, call: Call, name: _LayerName, number: int) -> LayerVersion:
        """The layer version, if the caller may have it. Raises ResourceNotFoundException, AccessDeniedException."""
        _check_number(number)
        layer = self.layers.get((name.account, name.region, name.name, number))
        if call.account != name.account and (layer is None or not _allows(layer, call.account)):
            raise _denied(call.account, f"{name.arn}:{number}")
        if layer is None:
            raise _not_there()
        return layer

    def layers_of(self, call: Call, arns: list[str]) -> tuple[UsedLayer, ...]:
        """What a function with `Layers` uses (C11).

        Raises InvalidParameterValueException, AccessDeniedException.
        """
        if len(arns) > MAX_LAYERS:
            raise names.invalid(f"Cannot reference more than {MAX_LAYERS} layers.")
        used: dict[str, UsedLayer] = {}
        for arn in arns:
            found = _ARN.fullmatch(arn)
            if found is None:
                raise names.invalid(f"Layer version {arn} does not exist.")
            region, account = found[1], found[2]
            layer = self.layers.get((account, region, found[3], int(found[4])))
            if account != call.account and (layer is None or region != call.region or not _allows(layer, call.account)):
                raise _denied(call.account, arn)
            if region != call.region:
                raise names.invalid(
                    "Layers are not in the same region as the function. "
                    f"Layers are expected to be in region {call.region}."
                )
            if layer is None:
                raise names.invalid(f"Layer version {arn} does not exist.")
            if layer.layer_arn in used:
                raise names.invalid(
                    "Two different versions of the same layer are not allowed to be referenced in the same function. "
                    f"{used[layer.layer_arn].arn} and {arn} are versions of the same layer."
                )
            used[layer.layer_arn] = UsedLayer(layer.arn, layer.code)
        return tuple(used.values())

    async def _with_content(self, layer: LayerVersion) -> Json:
        content = {
            "Location": await self.location(layer.code),
            "CodeSha256": base64_sha256(layer.code),
            "CodeSize": layer.code.size,
        }
        return {"Content": content, "LayerArn": layer.layer_arn} | _show(layer)


def check_size(code: Code, layers: tuple[UsedLayer, ...]) -> None:
    """Raises InvalidParameterValueException when a function and its layers are too large together (C11)."""
    size = code.unzipped + sum(layer.code.unzipped for layer in layers)
    if layers and size > MAX_UNZIPPED_BYTES:
        raise names.invalid(
            f"Function code combined with layers exceeds the maximum allowed size of {MAX_UNZIPPED_BYTES} bytes. "
            f"The actual size is {size} bytes."
        )


def _name(text: str, caller: Caller) -> _LayerName:
    """A layer's name or ARN."""
    found = _NAME.fullmatch(text)
    if found is None:
        raise _not_there()
    return _LayerName(found[2] or caller.account, found[1] or caller.region, found[3])


def _check_number(number: int) -> None:
    if number < 1:
        raise names.invalid("Layer Version Cannot be less than 1.")


def _allows(layer: LayerVersion, account: str) -> bool:
    """Whether the policy gives the version to an account. No account here belongs to an organization."""
    given: list[Any] = [
        s["Principal"] for s in (layer.policy or Policy("")).statements.values() if "Condition" not in s
    ]
    return "*" in given or {"AWS": f"arn:aws:iam::{account}:root"} in given


def _show(layer: LayerVersion) -> Json:
    """LayerVersionsListItem."""
    shown: Json = {
        "LayerVersionArn": layer.arn,
        "Version": layer.version,
        "Description": layer.description,
        "CreatedDate": timestamp(layer.created_at),
    }
    if layer.runtimes:
        shown["CompatibleRuntimes"] = list(layer.runtimes)
    if layer.architectures:
        shown["CompatibleArchitectures"] = list(layer.architectures)
    if layer.license_info is not None:
        shown["LicenseInfo"] = layer.license_info
    return shown


def _document(policy: Policy, policy_id: str | None = None) -> str:
    named = {"Id": policy_id} if policy_id else {}
    document = {"Version": "2012-10-17", **named, "Statement": list(policy.statements.values())}
    return orjson.dumps(document).decode()


def _gone(message: str) -> AwsError:
    return AwsError("ResourceNotFoundException", message, 404, members={"Type": "User"})


def _not_there() -> AwsError:
    return _gone("The resource you requested does not exist.")


def _no_policy() -> AwsError:
    return _gone("No policy is associated with the given resource.")


def _denied(account: str, arn: str) -> AwsError:
    return AwsError(
        "AccessDeniedException",
        f"User: arn:aws:iam::{account}:root is not authorized to perform: {GET_LAYER_VERSION} on resource: {arn} "
        f"because no resource-based policy allows the {GET_LAYER_VERSION} action",
        403,
    )
