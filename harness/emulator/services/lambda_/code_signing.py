"""Code signing configurations (C14): kept and shown as AWS does it. No signature of a package is looked at."""

from __future__ import annotations

from harness.emulator.call import Call
from harness.emulator.errors import AwsError
from harness.emulator.service import operation
from harness.emulator.services.lambda_ import names
from harness.emulator.services.lambda_.base import LambdaBase, page
from harness.emulator.services.lambda_.configuration import timestamp
from harness.emulator.services.lambda_.model import CodeSigningConfig, Function
from harness.json_object import Json

SETTING = "CodeSigningConfigArn"
_ID_LENGTH = 17
_DEFAULT_POLICY = "Warn"


class CodeSigning(LambdaBase):
    """Configurations, and which functions have one."""

    @operation
    def create_code_signing_config(
        self,
        call: Call,
        *,
        allowed_publishers: Json,
        description: str = "",
        code_signing_policies: Json | None = None,
        tags: dict[str, str] | None = None,
    ) -> Json:
        config_id = f"csc-{self.world.random_token(_ID_LENGTH)}"
        config = CodeSigningConfig(
            config_id=config_id,
            arn=f"arn:aws:lambda:{call.region}:{call.account}:code-signing-config:{config_id}",
            description=description,
            publishers=list(allowed_publishers["SigningProfileVersionArns"]),
            policy=(code_signing_policies or {}).get("UntrustedArtifactOnDeployment", _DEFAULT_POLICY),
            modified_at=self.world.clock.now(),
            tags=dict(tags or {}),
        )
        self.code_signing.put(config.arn, config)
        return {"CodeSigningConfig": _show(config)}

    @operation
    def get_code_signing_config(self, call: Call, *, code_signing_config_arn: str) -> Json:
        return {"CodeSigningConfig": _show(self._code_signing(code_signing_config_arn))}

    @operation
    def update_code_signing_config(
        self,
        call: Call,
        *,
        code_signing_config_arn: str,
        description: str | None = None,
        allowed_publishers: Json | None = None,
        code_signing_policies: Json | None = None,
    ) -> Json:
        config = self._code_signing(code_signing_config_arn)
        if description is not None:
            config.description = description
        if allowed_publishers is not None:
            config.publishers = list(allowed_publishers["SigningProfileVersionArns"])
        if code_signing_policies is not None:
            config.policy = code_signing_policies.get("UntrustedArtifactOnDeployment", config.policy)
        config.modified_at = self.world.clock.now()
        self.code_signing.put(config.arn, config)
        return {"CodeSigningConfig": _show(config)}

    @operation
    def delete_code_signing_config(self, call: Call, *, code_signing_config_arn: str) -> None:
        """Raises ResourceConflictException while functions have it."""
        config = self._code_signing(code_signing_config_arn)
        if self._signed(config.arn):
            raise names.conflict(
                "Cannot delete the code signing configuration because it is used by functions. "
                "Remove the code signing configuration from the functions first."
            )
        self.code_signing.delete(config.arn)

    @operation
    def list_code_signing_configs(self, call: Call, *, marker: str | None = None, max_items: int | None = None) -> Json:
        own = f"arn:aws:lambda:{call.region}:{call.account}:"
        shown = [_show(config) for config in self.code_signing.values() if config.arn.startswith(own)]
        items, following = page(shown, marker, max_items)
        return {"CodeSigningConfigs": items} | ({"NextMarker": following} if following else {})

    @operation
    def list_functions_by_code_signing_config(
        self, call: Call, *, code_signing_config_arn: str, marker: str | None = None, max_items: int | None = None
    ) -> Json:
        config = self._code_signing(code_signing_config_arn)
        arns = [{"FunctionArn": function.arn} for function in self._signed(config.arn)]
        items, following = page(arns, marker, max_items)
        listed = [item["FunctionArn"] for item in items]
        return {"FunctionArns": listed} | ({"NextMarker": following} if following else {})

    @operation
    def put_function_code_signing_config(self, call: Call, *, code_signing_config_arn: str, function_name: str) -> Json:
        config = self._code_signing(code_signing_config_arn)
        function, _ = self.find(call, function_name)
        self.keep(call, function.arn, {SETTING: True})
        function.code_signing_config = config.arn
        self.functions.put(function.key, function)
        return {"CodeSigningConfigArn": config.arn, "FunctionName": function.name}

    @operation
    def get_function_code_signing_config(self, call: Call, *, function_name: str) -> Json:
        """Without an ARN for a function that has none."""
        function, _ = self.find(call, function_name)
        shown = {"CodeSigningConfigArn": function.code_signing_config} if function.code_signing_config else {}
        return {**shown, "FunctionName": function.name}

    @operation
    def delete_function_code_signing_config(self, call: Call, *, function_name: str) -> None:
        function, _ = self.find(call, function_name)
        function.code_signing_config = None
        self.keep(call, function.arn, {SETTING: False})
        self.functions.put(function.key, function)

    def _code_signing(self, arn: str) -> CodeSigningConfig:
        config = self.code_signing.get(arn)
        if config is None:
            raise AwsError(
                "CodeSigningConfigNotFoundException",
                "The code signing configuration cannot be found. Check that the provided configuration is not deleted: "
                f"{arn}.",
                404,
                members={"Type": "User"},
            )
        return config

    def _signed(self, arn: str) -> list[Function]:
        return [function for function in self.functions.values() if function.code_signing_config == arn]

    def check_code_signing(self, arn: str | None) -> None:
        """Raises CodeSigningConfigNotFoundException for a configuration that is not there."""
        if arn:
            self._code_signing(arn)


def _show(config: CodeSigningConfig) -> Json:
    return {
        "CodeSigningConfigId": config.config_id,
        "CodeSigningConfigArn": config.arn,
        "Description": config.description,
        "AllowedPublishers": {"SigningProfileVersionArns": list(config.publishers)},
        "CodeSigningPolicies": {"UntrustedArtifactOnDeployment": config.policy},
        "LastModified": timestamp(config.modified_at),
    }
