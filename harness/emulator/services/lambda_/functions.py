"""Functions: create, read, update, delete, list."""

from __future__ import annotations

from dataclasses import replace

from harness.emulator.call import Call
from harness.emulator.errors import AwsError, NotEmulated, constraint, validation_error
from harness.emulator.service import operation
from harness.emulator.services.lambda_ import code_signing, configuration, names
from harness.emulator.services.lambda_.base import page
from harness.emulator.services.lambda_.code_signing import CodeSigning
from harness.emulator.services.lambda_.layers import Layers, check_size
from harness.emulator.services.lambda_.model import LATEST, Code, Function, FunctionVersion, UsedLayer
from harness.emulator.services.lambda_.packages import used_code
from harness.emulator.services.lambda_.versions import Versions
from harness.json_object import Json

MAX_NAME = 64


class Functions(Versions, Layers, CodeSigning):
    """The life of a function."""

    @operation
    async def create_function(
        self,
        call: Call,
        *,
        function_name: str,
        role: str,
        code: Json,
        runtime: str | None = None,
        handler: str | None = None,
        description: str | None = None,
        timeout: int | None = None,  # noqa: ASYNC109 (AWS's member)
        memory_size: int | None = None,
        publish: bool = False,
        vpc_config: Json | None = None,
        package_type: str | None = None,
        dead_letter_config: Json | None = None,
        environment: Json | None = None,
        kms_key_arn: str | None = None,
        tracing_config: Json | None = None,
        tags: dict[str, str] | None = None,
        layers: list[str] | None = None,
        file_system_configs: list[Json] | None = None,
        code_signing_config_arn: str | None = None,
        image_config: Json | None = None,
        architectures: list[str] | None = None,
        ephemeral_storage: Json | None = None,
        snap_start: Json | None = None,
        logging_config: Json | None = None,
    ) -> Json:
        """C1. Answers in state Pending; the function is Active for the next call (after `transition_seconds`)."""
        name = names.parse(function_name, call.caller)
        if len(name.name) > MAX_NAME:
            text = f"Member must have length less than or equal to {MAX_NAME}"
            raise validation_error([constraint(name.name, "functionName", text)])
        fields = configuration.read(call.params)
        if not runtime or not handler:
            missing = "Runtime" if not runtime else "Handler"
            raise names.invalid(f"{missing} is mandatory for functions created with deployment packages.")
        if (name.account, name.region, name.name) in self.functions:
            raise names.conflict(f"Function already exist: {name.name}")
        self.check_code_signing(code_signing_config_arn)
        self.layers_of(call, layers or [])
        package = await self.fetch_code(call, code)
        fits = await self.fleet.runs_as_on_aws(runtime)
        try:
            if (name.account, name.region, name.name) in self.functions:  # made while the package was read
                raise names.conflict(f"Function already exist: {name.name}")
            fields["layers"] = self.layers_of(call, layers or [])  # as they are by now
            check_size(package, fields["layers"])
        except AwsError:
            self.forget_unused_code({package.sha256})
            raise
        now = self.world.clock.now()
        defaults: Json = {
            "description": "",
            "timeout": 3,
            "memory_size": 128,
            "environment": None,
            "tracing_mode": "PassThrough",
            "dead_letter_arn": None,
            "architecture": "x86_64",
            "ephemeral_storage": 512,
            "log_format": "Text",
            "log_group": f"/aws/lambda/{name.name}",
            "application_log_level": None,
            "system_log_level": None,
            "kms_key_arn": None,
        }
        latest = FunctionVersion(
            name=name.name,
            account=name.account,
            region=name.region,
            version=LATEST,
            code=package,
            last_modified=now,
            revision_id=self.world.new_id(),
            active_at=now + self.world.transition_seconds,
            **(defaults | fields),
        )
        function = Function(
            name.name,
            name.account,
            name.region,
            latest,
            tags=dict(tags or {}),
            code_signing_config=code_signing_config_arn or None,
        )
        try:
            kept = configuration.kept(fields) | {
                code_signing.SETTING: bool(code_signing_config_arn),
                "Runtime": not fits,
            }
            self.keep(call, function.arn, kept)
        except NotEmulated:
            self.forget_unused_code({package.sha256})
            raise
        self.functions.put(function.key, function)
        version = self.publish(function) if publish else latest
        shown = configuration.describe(version, now)
        shown.pop("LastUpdateStatus", None)
        return shown | configuration.CREATE_PENDING

    @operation
    async def get_function(self, call: Call, *, function_name: str, qualifier: str | None = None) -> Json:
        function, name = self.find(call, function_name, qualifier)
        version = self.version_of(function, name)
        answer: Json = {
            "Configuration": self.show(version, name.qualifier),
            "Code": {"RepositoryType": "S3", "Location": await self.location(version.code)},
        }
        if function.tags and name.qualifier in (None, LATEST):
            answer["Tags"] = dict(function.tags)
        if function.reserved_concurrency is not None:
            answer["Concurrency"] = {"ReservedConcurrentExecutions": function.reserved_concurrency}
        return answer

    @operation
    def get_function_configuration(self, call: Call, *, function_name: str, qualifier: str | None = None) -> Json:
        function, name = self.find(call, function_name, qualifier)
        return self.show(self.version_of(function, name), name.qualifier)

    @operation
    async def update_function_code(
        self,
        call: Call,
        *,
        function_name: str,
        zip_file: bytes | None = None,
        s3_bucket: str | None = None,
        s3_key: str | None = None,
        s3_object_version: str | None = None,
        image_uri: str | None = None,
        architectures: list[str] | None = None,
        publish: bool = False,
        dry_run: bool = False,
        revision_id: str | None = None,
        source_kms_key_arn: str | None = None,
    ) -> Json:
        function, _ = self.find(call, function_name)
        self.check_revision(revision_id, function.latest.revision_id)
        changes: Json = {"code": await self.fetch_code(call, call.params)}
        function, _ = self.find(call, function_name)  # as it is after the package was read
        self.check_revision(revision_id, function.latest.revision_id)
        before = used_code(function)
        self._check_size(changes["code"], function.latest.layers)
        if architectures:
            changes["architecture"] = architectures[0]
        if dry_run:
            return configuration.describe(replace(function.latest, **changes), self.world.clock.now())
        return self._update(function, changes, before, publish)

    @operation
    async def update_function_configuration(
        self,
        call: Call,
        *,
        function_name: str,
        role: str | None = None,
        handler: str | None = None,
        description: str | None = None,
        timeout: int | None = None,  # noqa: ASYNC109 (AWS's member)
        memory_size: int | None = None,
        vpc_config: Json | None = None,
        environment: Json | None = None,
        runtime: str | None = None,
        dead_letter_config: Json | None = None,
        kms_key_arn: str | None = None,
        tracing_config: Json | None = None,
        revision_id: str | None = None,
        layers: list[str] | None = None,
        file_system_configs: list[Json] | None = None,
        image_config: Json | None = None,
        ephemeral_storage: Json | None = None,
        snap_start: Json | None = None,
        logging_config: Json | None = None,
    ) -> Json:
        fits = {} if runtime is None else {"Runtime": not await self.fleet.runs_as_on_aws(runtime)}
        function, _ = self.find(call, function_name)
        self.check_revision(revision_id, function.latest.revision_id)
        changes = configuration.read(call.params)
        if layers is not None:
            changes["layers"] = self.layers_of(call, layers)
            check_size(function.latest.code, changes["layers"])
        self.keep(call, function.arn, configuration.kept(changes) | fits)
        return self._update(function, changes, used_code(function), False)

    def _check_size(self, package: Code, layers: tuple[UsedLayer, ...]) -> None:
        """`check_size`, for a package that was just stored: one that is refused is not kept."""
        try:
            check_size(package, layers)
        except AwsError:
            self.forget_unused_code({package.sha256})
            raise

    def _update(self, function: Function, changes: Json, before: set[str], publish: bool) -> Json:
        now = self.world.clock.now()
        function.latest = replace(
            function.latest,
            **changes,
            last_modified=now,
            revision_id=self.world.new_id(),
            updated_at=now + self.world.transition_seconds,
        )
        self.functions.put(function.key, function)
        self.fleet.retire_function(*function.key, LATEST)
        version = self.publish(function) if publish else function.latest
        self.forget_unused_code(before - used_code(function))
        return configuration.describe(version, now) | configuration.UPDATE_IN_PROGRESS

    @operation
    def delete_function(self, call: Call, *, function_name: str, qualifier: str | None = None) -> Json:
        """Deletes the function, or one published version of it."""
        function, name = self.find(call, function_name, qualifier)
        before = used_code(function)
        if name.qualifier is None:
            self.functions.delete(function.key)
            for url in self.urls_of(function):
                self.urls.delete(url.url_id)
            self.world.kept.forget(self.name, function.arn)
            self.fleet.retire_function(*function.key)
            self.forget_unused_code(before)
            return {"StatusCode": 204}
        if name.qualifier == LATEST:
            raise names.invalid("$LATEST version cannot be deleted without deleting the function.")
        if name.qualifier in function.aliases:
            raise names.invalid("Deletion of aliases is not currently supported.")
        users = [a.name for a in function.aliases.values() if name.qualifier in (a.function_version, *a.weights)]
        if users:
            raise names.conflict(f"Version {name.qualifier} of function is used by aliases: {users}")
        if function.versions.pop(name.qualifier, None) is not None:
            self.functions.put(function.key, function)
            self.unprovision(function, name.qualifier)
            self.fleet.retire_function(*function.key, name.qualifier)
            self.forget_unused_code(before - used_code(function))
        return {"StatusCode": 204}

    @operation
    def list_functions(
        self,
        call: Call,
        *,
        function_version: str | None = None,
        marker: str | None = None,
        max_items: int | None = None,
    ) -> Json:
        shown: list[Json] = []
        for function in self.functions.values():
            if (function.account, function.region) != (call.account, call.region):
                continue
            shown.append(self.show(function.latest, LATEST if function_version else None))
            if function_version:
                shown += [self.show(version, None) for version in function.versions.values()]
        items, following = page(shown, marker, max_items)
        return {"Functions": items} | ({"NextMarker": following} if following else {})
