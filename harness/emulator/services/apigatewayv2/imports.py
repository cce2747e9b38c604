"""ImportApi and ReimportApi: HTTP APIs out of OpenAPI 3.0 documents (D9).

A document is imported as a whole or not at all. As on AWS an authorizer whose issuer can't be reached is a warning:
it is left out, and so are the routes that ask for it.
"""

from __future__ import annotations

from dataclasses import replace

from harness.emulator.api_gateway.answers import bad_request
from harness.emulator.api_gateway.imports import check_base_path_mode, invalid_input, parsed
from harness.emulator.api_gateway.openapi import MAX_PATHS, Document, InvalidDocument
from harness.emulator.call import Call
from harness.emulator.errors import AwsError, NotEmulated
from harness.emulator.service import operation
from harness.emulator.services.apigatewayv2 import importing
from harness.emulator.services.apigatewayv2.apis import Apis
from harness.emulator.services.apigatewayv2.authorizers import Authorizers, with_defaults
from harness.emulator.services.apigatewayv2.integrations import Integrations
from harness.emulator.services.apigatewayv2.integrations import with_defaults as integration_with_defaults
from harness.emulator.services.apigatewayv2.routes import Routes
from harness.emulator.services.apigatewayv2.state import Api
from harness.json_object import Json


class Imports(Apis, Integrations, Authorizers, Routes):
    @operation
    async def import_api(
        self, call: Call, *, body: str, basepath: str | None = None, fail_on_warnings: bool | None = None
    ) -> Json:
        document = await self._read(body)
        if not document.info.get("title"):
            raise bad_request("API name must be non-empty")
        api = Api(call.account, call.region, self.new_attributes(call, str(document.info["title"])))
        return await self._import(api, document, basepath or "ignore", bool(fail_on_warnings))

    @operation
    async def reimport_api(
        self, call: Call, *, api_id: str, body: str, basepath: str | None = None, fail_on_warnings: bool | None = None
    ) -> Json:
        """Replace the API's definition. Its id, stages and deployments stay."""
        document = await self._read(body)
        old = self.find(call, api_id)
        # Description, version and CORS are the definition's; the rest of the API's members stay.
        kept = {
            name: value for name, value in old.attributes.items() if name not in ("CorsConfiguration", "Description")
        }
        api = replace(old, attributes=kept, integrations={}, routes={}, authorizers={})
        return await self._import(api, document, basepath or "ignore", bool(fail_on_warnings))

    async def _read(self, body: str) -> Document:
        document = await parsed(self.world.aside, body.encode())
        if document.has_too_many_paths:
            raise bad_request(f"The document has more than {MAX_PATHS} paths, the quota of routes of one API.")
        return document

    async def _import(self, api: Api, document: Document, base_path_mode: str, fail_on_warnings: bool) -> Json:
        """Raises BadRequestException, NotEmulated; the API is stored if nothing was raised."""
        check_base_path_mode(base_path_mode)
        if not document.is_3:
            raise invalid_input()
        warnings: list[str] = []
        errors: list[str] = []
        try:
            api.attributes |= importing.attributes(document, warnings)
            self.check_attributes(api.attributes)
            api.attributes["Tags"] = {**api.attributes.get("Tags", {}), **importing.tags(document)}
            ids = await self._import_authorizers(api, document, warnings)
            self._import_routes(api, document, base_path_mode, ids, warnings, errors)
        except InvalidDocument as error:
            raise invalid_input() from error
        if errors:
            raise bad_request("Errors found during import:\n\t" + "\n\t".join(errors))
        if fail_on_warnings and warnings:
            raise bad_request("Warnings found during import:\n\t" + "\n\t".join(warnings))
        self.changed(api)
        return {**api.attributes, **({"Warnings": warnings} if warnings else {})}

    async def _import_authorizers(self, api: Api, document: Document, warnings: list[str]) -> dict[str, str]:
        """Scheme name → id of its authorizer; an empty id where the issuer can't be reached."""
        ids: dict[str, str] = {}
        for name, given in importing.authorizers(document).items():
            authorizer = {"AuthorizerId": self.new_id(6), **given}
            with_defaults(authorizer)
            self.check_authorizer(api, authorizer)
            try:
                await self.check_issuer(authorizer)
            except AwsError as error:
                warnings.append(f"Unable to create authorizer '{name}': {error.message}")
                ids[name] = ""
                continue
            ids[name] = authorizer["AuthorizerId"]
            api.authorizers[ids[name]] = authorizer
        return ids

    def _import_routes(
        self,
        api: Api,
        document: Document,
        base_path_mode: str,
        ids: dict[str, str],
        warnings: list[str],
        errors: list[str],
    ) -> None:
        for path, item in document.paths():
            importing.check_extensions(item, f"of the path {path}", frozenset({"any-method"}))
        for found in document.operations():
            key = importing.route_key(found, document, base_path_mode)
            try:
                authorization = importing.authorization(document, found, ids, warnings)
            except LookupError as error:
                warnings.append(f"Unable to create route '{key}': authorizer {error} was not created.")
                continue
            route: Json = {
                "ApiKeyRequired": False,
                "RouteId": self.new_id(),
                "RouteKey": key,
                **authorization,
            }
            if found.document.get("operationId"):
                route["OperationName"] = str(found.document["operationId"])
            try:
                integration = importing.integration(document, found, warnings)
                if integration is not None:
                    integration = integration_with_defaults(self.new_id(), integration)
                    self._check_integration(integration)
                    api.integrations[integration["IntegrationId"]] = integration
                    route["Target"] = f"integrations/{integration['IntegrationId']}"
                self._check_route(api, route)
                api.routes[route["RouteId"]] = route
            except NotEmulated:
                raise
            except AwsError as error:
                errors.append(f"Unable to create route '{key}': {error.message}")
