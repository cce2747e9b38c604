"""Published versions and aliases."""

from __future__ import annotations

from dataclasses import replace

from harness.emulator.call import Call
from harness.emulator.service import operation
from harness.emulator.services.lambda_ import configuration, names
from harness.emulator.services.lambda_.base import page
from harness.emulator.services.lambda_.model import LATEST, Alias, Function, FunctionVersion
from harness.emulator.services.lambda_.names import FunctionName
from harness.emulator.services.lambda_.packages import Packages, base64_sha256
from harness.json_object import Json


class Versions(Packages):
    """PublishVersion, ListVersionsByFunction and the alias operations."""

    def show(self, version: FunctionVersion, qualifier: str | None) -> Json:
        """FunctionConfiguration; asked for by alias or version, the ARN shows that qualifier."""
        shown = configuration.describe(version, self.world.clock.now())
        if qualifier is not None:
            shown["FunctionArn"] = f"{version.unqualified_arn}:{qualifier}"
        return shown

    def publish(self, function: Function, description: str | None = None) -> FunctionVersion:
        """A new version from $LATEST; the last one when nothing has changed since."""
        number = str(function.next_version)
        latest = function.latest
        previous = function.versions.get(str(function.next_version - 1))
        if previous is not None and description in (None, previous.description):
            same = replace(
                previous,
                version=LATEST,
                revision_id=latest.revision_id,
                last_modified=latest.last_modified,
                active_at=latest.active_at,
                updated_at=latest.updated_at,
                description=latest.description if description is None else description,
            )
            if same == latest:
                return previous
        published = replace(
            latest,
            version=number,
            revision_id=self.world.new_id(),
            description=latest.description if description is None else description,
        )
        function.versions[number] = published
        function.next_version += 1
        self.functions.put(function.key, function)
        return published

    @operation
    def publish_version(
        self,
        call: Call,
        *,
        function_name: str,
        code_sha256: str | None = None,
        description: str | None = None,
        revision_id: str | None = None,
    ) -> Json:
        function, _ = self.find(call, function_name)
        self.check_revision(revision_id, function.latest.revision_id)
        current = base64_sha256(function.latest.code)
        if code_sha256 and code_sha256 != current:
            raise names.invalid(
                f"CodeSHA256 ({code_sha256}) is different from current CodeSHA256 in $LATEST ({current}). "
                "Please try again with the CodeSHA256 in $LATEST."
            )
        return self.show(self.publish(function, description), None)

    @operation
    def list_versions_by_function(
        self, call: Call, *, function_name: str, marker: str | None = None, max_items: int | None = None
    ) -> Json:
        function, _ = self.find(call, function_name)
        shown = [self.show(function.latest, LATEST)]
        shown += [self.show(version, None) for version in function.versions.values()]
        items, following = page(shown, marker, max_items)
        return {"Versions": items} | ({"NextMarker": following} if following else {})

    # -- aliases ----------------------------------------------------------------------------------------------

    @operation
    def create_alias(
        self,
        call: Call,
        *,
        function_name: str,
        name: str,
        function_version: str,
        description: str = "",
        routing_config: Json | None = None,
    ) -> Json:
        function, parsed = self.find(call, function_name)
        if name in function.aliases:
            arn = f"{function.arn}:{name}"
            raise names.conflict(f"Alias already exists: {arn}")
        weights = (routing_config or {}).get("AdditionalVersionWeights") or {}
        self._check_versions(function, parsed, function_version, weights)
        alias = Alias(name, function_version, description, dict(weights), self.world.new_id())
        function.aliases[name] = alias
        self.functions.put(function.key, function)
        return _show_alias(function, alias)

    @operation
    def get_alias(self, call: Call, *, function_name: str, name: str) -> Json:
        function, parsed = self.find(call, function_name)
        return _show_alias(function, self._alias(function, parsed, name))

    @operation
    def update_alias(
        self,
        call: Call,
        *,
        function_name: str,
        name: str,
        function_version: str | None = None,
        description: str | None = None,
        routing_config: Json | None = None,
        revision_id: str | None = None,
    ) -> Json:
        function, parsed = self.find(call, function_name)
        alias = self._alias(function, parsed, name)
        self.check_revision(revision_id, alias.revision_id)
        weights = None if routing_config is None else routing_config.get("AdditionalVersionWeights") or {}
        self._check_versions(
            function, parsed, function_version or alias.function_version, alias.weights if weights is None else weights
        )
        if function_version is not None:
            alias.function_version = function_version
        if description is not None:
            alias.description = description
        if weights is not None:
            alias.weights = dict(weights)
        alias.revision_id = self.world.new_id()
        self.functions.put(function.key, function)
        return _show_alias(function, alias)

    @operation
    def delete_alias(self, call: Call, *, function_name: str, name: str) -> None:
        """Deleting an alias that is not there succeeds."""
        function, _ = self.find(call, function_name)
        if function.aliases.pop(name, None) is not None:
            function.policies.pop(name, None)
            function.event_invoke.pop(name, None)
            self.unprovision(function, name)
            for url in self.urls_of(function):
                if url.qualifier == name:
                    self.urls.delete(url.url_id)
            self.functions.put(function.key, function)

    @operation
    def list_aliases(
        self,
        call: Call,
        *,
        function_name: str,
        function_version: str | None = None,
        marker: str | None = None,
        max_items: int | None = None,
    ) -> Json:
        function, _ = self.find(call, function_name)
        shown = [
            _show_alias(function, alias)
            for alias in function.aliases.values()
            if function_version in (None, alias.function_version)
        ]
        items, following = page(shown, marker, max_items)
        return {"Aliases": items} | ({"NextMarker": following} if following else {})

    def _alias(self, function: Function, name: FunctionName, alias: str) -> Alias:
        found = function.aliases.get(alias)
        if found is None:
            raise names.alias_not_found(name, alias)
        return found

    def _check_versions(self, function: Function, name: FunctionName, version: str, weights: dict[str, float]) -> None:
        """Whether an alias may lead to `version`, and a share of its events to another one (C6).

        Raises InvalidParameterValueException, ResourceNotFoundException.
        """
        if len(weights) > 1:
            raise names.invalid("Number of items in AdditionalVersionWeights cannot be greater than 1")
        if version in weights:
            raise names.invalid(
                f"Invalid function version {version}. Function version {version} is already included in routing "
                "configuration."
            )
        if weights and version == LATEST:
            raise names.invalid("$LATEST is not supported for an alias pointing to more than 1 version")
        for each in (version, *weights):
            if each != LATEST and each not in function.versions:
                raise names.not_found(replace(name, qualifier=each))


def _show_alias(function: Function, alias: Alias) -> Json:
    shown: Json = {
        "AliasArn": f"{function.arn}:{alias.name}",
        "Name": alias.name,
        "FunctionVersion": alias.function_version,
        "Description": alias.description,
        "RevisionId": alias.revision_id,
    }
    if alias.weights:
        shown["RoutingConfig"] = {"AdditionalVersionWeights": dict(alias.weights)}
    return shown
