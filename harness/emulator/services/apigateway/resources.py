"""Resources: the tree of paths of an API."""

from __future__ import annotations

import re

from harness.emulator.api_gateway.answers import bad_request, conflict
from harness.emulator.call import Call
from harness.emulator.service import operation
from harness.emulator.services.apigateway.base import ApiGatewayBase
from harness.emulator.services.apigateway.patch import Patchable, text
from harness.emulator.services.apigateway.state import RestApi, page
from harness.json_object import Json

_PART = re.compile(r"[a-zA-Z0-9._:-]+|\{[a-zA-Z0-9._:-]+\+?\}")
_BAD_PART = (
    "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and curly braces at the "
    "beginning and the end."
)
_PATCHABLE = Patchable(scalars={"/pathPart": text, "/parentId": text}, listed=("/parentId", "/pathPart"))


class Resources(ApiGatewayBase):
    """Create, read, move and delete resources."""

    @operation
    def create_resource(self, call: Call, *, rest_api_id: str, parent_id: str, path_part: str) -> Json:
        api = self._api_of_resource(call, rest_api_id)
        resource = add_resource(api, api.resource(parent_id), path_part, self._new_id())
        self._save(api)
        return _answer(resource, [])

    @operation
    def get_resource(self, call: Call, *, rest_api_id: str, resource_id: str, embed: list[str] | None = None) -> Json:
        return _answer(self._api_of_resource(call, rest_api_id).resource(resource_id), embed or [])

    @operation
    def get_resources(
        self,
        call: Call,
        *,
        rest_api_id: str,
        position: str | None = None,
        limit: int | None = None,
        embed: list[str] | None = None,
    ) -> Json:
        resources = sorted(self._api(call, rest_api_id).resources.values(), key=lambda item: item["path"])
        return page([_answer(resource, embed or []) for resource in resources], position, limit)

    @operation
    def update_resource(
        self, call: Call, *, rest_api_id: str, resource_id: str, patch_operations: list[Json] | None = None
    ) -> Json:
        api = self._api_of_resource(call, rest_api_id)
        resource = api.resource(resource_id)
        changed = dict(resource)
        for patch_operation in patch_operations or []:
            _PATCHABLE.apply_one(changed, patch_operation)
            if "parentId" not in resource:
                member = (patch_operation.get("path") or "").strip("/")
                raise bad_request(f"Root resource cannot update its {member}.")
            parent = api.resource(changed["parentId"])
            if not _PART.fullmatch(changed["pathPart"]):
                raise bad_request(_BAD_PART)
            if resource_id in _ancestors(api, parent):
                raise bad_request("Resources cannot be cyclical.")
            _check_place(api, parent, changed["pathPart"], resource_id)
            changed["path"] = _join(parent, changed["pathPart"])
        api.resources[resource_id] = changed
        _rename_below(api, changed)
        self._save(api)
        return _answer(changed, [])

    @operation
    def delete_resource(self, call: Call, *, rest_api_id: str, resource_id: str) -> None:
        api = self._api_of_resource(call, rest_api_id)
        resource = api.resource(resource_id)
        if "parentId" not in resource:
            raise bad_request("Cannot remove the root resource.")
        doomed = {
            other["id"] for other in api.resources.values() if resource_id in _ancestors(api, other)
        }  # the resource itself is its own ancestor here
        for other in doomed:
            del api.resources[other]
        self._save(api)


def add_resource(api: RestApi, parent: Json, path_part: str, resource_id: str) -> Json:
    """A new resource below `parent`. Raises BadRequestException or ConflictException."""
    if not _PART.fullmatch(path_part):
        raise bad_request(_BAD_PART)
    _check_place(api, parent, path_part, None)
    resource: Json = {
        "id": resource_id,
        "parentId": parent["id"],
        "pathPart": path_part,
        "path": _join(parent, path_part),
        "resourceMethods": {},
    }
    api.resources[resource_id] = resource
    return resource


def _join(parent: Json, path_part: str) -> str:
    return f"{parent['path'].rstrip('/')}/{path_part}"


def _check_place(api: RestApi, parent: Json, path_part: str, resource_id: str | None) -> None:
    if (parent.get("pathPart") or "").endswith("+}"):
        raise bad_request(f"Cannot create a child of a resource with a greedy path variable: {parent['pathPart']}")
    for sibling in api.resources.values():
        if sibling.get("parentId") != parent["id"] or sibling["id"] == resource_id:
            continue
        if sibling["pathPart"] == path_part:
            raise conflict(f"Another resource with the same parent already has this name: {path_part}")
        if path_part.startswith("{") and sibling["pathPart"].startswith("{"):
            raise bad_request(
                f"A sibling ({sibling['pathPart']}) of this resource already has a variable path part -- only one is "
                "allowed"
            )


def _ancestors(api: RestApi, resource: Json) -> set[str]:
    """The ids from the resource itself up to the root."""
    found = {resource["id"]}
    while "parentId" in resource:
        resource = api.resources[resource["parentId"]]
        found.add(resource["id"])
    return found


def _rename_below(api: RestApi, parent: Json) -> None:
    for resource in list(api.resources.values()):
        if resource.get("parentId") == parent["id"]:
            resource["path"] = _join(parent, resource["pathPart"])
            _rename_below(api, resource)


def _answer(resource: Json, embed: list[str]) -> Json:
    answer = {name: value for name, value in resource.items() if name != "resourceMethods"}
    methods = resource["resourceMethods"]
    if methods:
        answer["resourceMethods"] = dict(methods) if "methods" in embed else {name: {} for name in methods}
    return answer
