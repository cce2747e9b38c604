"""What the control plane stores. Documents are dicts with AWS's member names, so that answers are what is stored."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass, field

from harness.emulator.api_gateway.answers import bad_request, not_found
from harness.json_object import Json

ResourceKey = tuple[str, str, str]
"""Account, region, id."""
PlanKey = tuple[str, str, str, str]
"""Account, region, id of a usage plan, id of an API key."""


@dataclass
class Deployment:
    """A snapshot of an API (D8): `document` is what GetDeployment answers, `api` what is executed."""

    document: Json
    api: Json


@dataclass
class RestApi:
    """One REST API with everything that belongs to it.

    `resources`: id → {id, parentId, pathPart, path, resourceMethods: {METHOD: method with methodIntegration}}.
    """

    account: str
    region: str
    id: str
    document: Json
    resources: dict[str, Json] = field(default_factory=dict)
    models: dict[str, Json] = field(default_factory=dict)
    validators: dict[str, Json] = field(default_factory=dict)
    authorizers: dict[str, Json] = field(default_factory=dict)
    gateway_responses: dict[str, Json] = field(default_factory=dict)
    deployments: dict[str, Deployment] = field(default_factory=dict)
    stages: dict[str, Json] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        return f"arn:aws:apigateway:{self.region}::/restapis/{self.id}"

    def snapshot(self) -> Json:
        """A deep copy of what a deployment freezes."""
        return copy.deepcopy(
            {
                "api": self.document,
                "resources": self.resources,
                "models": self.models,
                "validators": self.validators,
                "authorizers": self.authorizers,
                "gatewayResponses": self.gateway_responses,
            }
        )

    def resource(self, resource_id: str) -> Json:
        """Raises NotFoundException."""
        found = self.resources.get(resource_id)
        if found is None:
            raise not_found("Invalid Resource identifier specified")
        return found

    def method(self, resource_id: str, http_method: str) -> Json:
        """Raises NotFoundException."""
        found: Json | None = self.resource(resource_id)["resourceMethods"].get(http_method)
        if found is None:
            raise not_found("Invalid Method identifier specified")
        return found

    def integration(self, resource_id: str, http_method: str) -> Json:
        """Raises NotFoundException."""
        found: Json | None = self.method(resource_id, http_method).get("methodIntegration")
        if found is None:
            raise not_found("Invalid Integration identifier specified")
        return found

    def stage(self, stage_name: str) -> Json:
        """Raises NotFoundException."""
        found = self.stages.get(stage_name)
        if found is None:
            raise not_found("Invalid Stage identifier specified")
        return found


def page(items: Iterable[Json], position: str | None, limit: int | None) -> Json:
    """One page of a list: `limit` items (25 by default, 500 at most) from `position` on.

    Raises BadRequestException for a position that no page gave.
    """
    every = list(items)
    size = min(limit or 25, 500)
    try:
        start = int(position) if position else 0
    except ValueError as error:
        raise bad_request("Invalid position parameter specified") from error
    answer: Json = {"items": every[start : start + size]}
    if start + size < len(every):
        answer["position"] = str(start + size)
    return answer
