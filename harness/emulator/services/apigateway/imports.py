"""ImportRestApi and PutRestApi: APIs out of OpenAPI documents.

An import works on a copy of the API and is kept as a whole or not at all. What a document asks for and is not emulated
is refused by name, as it would be by the operation that sets it alone.
"""

from __future__ import annotations

import copy
import dataclasses

from harness.emulator.api_gateway.answers import bad_request
from harness.emulator.api_gateway.imports import check_base_path_mode, invalid_input, parsed
from harness.emulator.api_gateway.openapi import Document, InvalidDocument
from harness.emulator.call import Call
from harness.emulator.errors import AwsError
from harness.emulator.service import operation
from harness.emulator.services.apigateway.importing.paths import ImportedPaths
from harness.emulator.services.apigateway.importing.progress import Import
from harness.emulator.services.apigateway.importing.schemas import import_models
from harness.emulator.services.apigateway.importing.security import ImportedSecurity
from harness.emulator.services.apigateway.importing.settings import (
    import_gateway_responses,
    import_settings,
    import_validators,
)
from harness.emulator.services.apigateway.models import DEFAULT_MODELS
from harness.emulator.services.apigateway.rest_apis import RestApis, api_answer
from harness.emulator.services.apigateway.state import RestApi
from harness.json_object import Json

_TOO_MANY = (
    "Maximum number of resources for this API has been reached. Please contact AWS if you need additional resources."
)


class Imports(RestApis, ImportedPaths, ImportedSecurity):
    """Create an API from a document, or merge one into an API, or replace an API's definition by one."""

    @operation
    async def import_rest_api(
        self,
        call: Call,
        *,
        body: bytes,
        fail_on_warnings: bool | None = None,
        parameters: dict[str, str] | None = None,
    ) -> Json:
        document = await self._read(body)
        title = str(document.info.get("title") or "")
        if not title:
            raise bad_request("API name must be non-empty")
        options = self._options(parameters)
        types = [options["endpointConfigurationTypes"]] if "endpointConfigurationTypes" in options else ["EDGE"]
        api = self._new_api(
            call,
            name=title,
            apiKeySource="HEADER",
            endpointConfiguration={"types": types, "ipAddressType": "ipv4"},
            disableExecuteApiEndpoint=False,
        )
        progress = self._import(api, document, options, bool(fail_on_warnings))
        self._by_id[api.id] = progress.api
        self._save(progress.api)
        return _with_warnings(progress)

    @operation
    async def put_rest_api(
        self,
        call: Call,
        *,
        rest_api_id: str,
        body: bytes,
        mode: str | None = None,
        fail_on_warnings: bool | None = None,
        parameters: dict[str, str] | None = None,
    ) -> Json:
        """`mode` is `merge` (the default: what the document names is added or replaced) or `overwrite`."""
        self._api(call, rest_api_id)
        document = await self._read(body)
        api = self._api(call, rest_api_id)  # others had their turn meanwhile
        options = self._options(parameters)
        progress = self._import(_copy(api, emptied=mode == "overwrite"), document, options, bool(fail_on_warnings))
        for part in ("document", *_PARTS):
            setattr(api, part, getattr(progress.api, part))
        self._save(api)
        return {"tags": {}, **_with_warnings(progress)}

    async def _read(self, body: bytes) -> Document:
        document = await parsed(self.world.aside, body)
        if document.has_too_many_paths:
            raise AwsError("LimitExceededException", _TOO_MANY, 429)
        return document

    def _import(self, api: RestApi, document: Document, options: dict[str, str], fail_on_warnings: bool) -> Import:
        """Import into `api`. Raises BadRequestException, NotEmulated."""
        progress = Import(
            api,
            document,
            options.get("basepath", "ignore"),
            self._new_id,
            documentation_ignored=options.get("ignore") == "documentation",
        )
        try:
            import_settings(progress)
            self._check_api(api.document)
            import_models(progress)
            import_validators(progress)
            self._import_authorizers(progress)
            import_gateway_responses(progress)
            self._import_paths(progress)
        except InvalidDocument as error:
            raise invalid_input() from error
        progress.finish(fail_on_warnings)
        return progress

    def _options(self, parameters: dict[str, str] | None) -> dict[str, str]:
        """The import's `parameters`; of the query they come in, the operation's own members are left out."""
        options = {name: value for name, value in (parameters or {}).items() if name not in ("mode", "failonwarnings")}
        for name in options:
            if name not in ("basepath", "endpointConfigurationTypes", "ignore"):
                raise self.refuse(f"the import parameter {name}")
        check_base_path_mode(options.get("basepath", "ignore"))
        if options.get("ignore", "documentation") != "documentation":
            raise bad_request("Invalid ignore parameter specified")
        return options


_PARTS = ("resources", "models", "validators", "authorizers", "gateway_responses")


def _copy(api: RestApi, *, emptied: bool) -> RestApi:
    """A copy to import into; emptied of its definition, it keeps its settings, its root and the default models."""
    copied = dataclasses.replace(api, document=copy.deepcopy(api.document))
    for part in _PARTS:
        setattr(copied, part, {} if emptied else copy.deepcopy(getattr(api, part)))
    if emptied:
        root = api.document["rootResourceId"]
        copied.resources = {root: {**api.resources[root], "resourceMethods": {}}}
        defaults = {model["name"] for model in DEFAULT_MODELS}
        copied.models = {name: model for name, model in api.models.items() if name in defaults}
    return copied


def _with_warnings(progress: Import) -> Json:
    answer = api_answer(progress.api)
    if progress.warnings:
        answer["warnings"] = list(dict.fromkeys(progress.warnings))
    return answer
