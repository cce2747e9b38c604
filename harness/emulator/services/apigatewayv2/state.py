"""What the store holds of an HTTP API: documents by AWS member names, grouped under their API."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.json_object import Json


@dataclass(slots=True)
class Deployment:
    """A frozen copy of the routes, integrations and authorizers, and its own description members."""

    attributes: Json
    routes: list[Json]
    integrations: dict[str, Json]
    authorizers: dict[str, Json]


@dataclass(slots=True)
class Api:
    """One HTTP API."""

    account: str
    region: str
    attributes: Json
    integrations: dict[str, Json] = field(default_factory=dict)
    routes: dict[str, Json] = field(default_factory=dict)
    authorizers: dict[str, Json] = field(default_factory=dict)
    stages: dict[str, Json] = field(default_factory=dict)
    deployments: dict[str, Deployment] = field(default_factory=dict)

    @property
    def api_id(self) -> str:
        return str(self.attributes["ApiId"])
