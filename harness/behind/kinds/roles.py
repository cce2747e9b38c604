"""IAM: roles and what they may do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.behind.kind import Json


class Roles:
    service, noun = "iam", "role"

    def find(self, client: Any) -> Iterator[str]:
        for page in client.get_paginator("list_roles").paginate():
            for role in page["Roles"]:
                if not role["Path"].startswith("/aws-service-role/"):
                    yield role["RoleName"]

    def describe(self, client: Any, name: str) -> Json:
        inline = client.list_role_policies(RoleName=name)["PolicyNames"]
        attached = client.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
        return {
            "trust": client.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"],
            "attached": sorted(each["PolicyArn"] for each in attached),
            "inline": {
                policy: client.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
                for policy in sorted(inline)
            },
        }

    def empty(self, client: Any, name: str, before: Json, now: Json) -> None:
        """Take away permissions that came later."""
        for arn in set(now["attached"]) - set(before.get("attached", [])):
            client.detach_role_policy(RoleName=name, PolicyArn=arn)
        for policy in now["inline"].keys() - before.get("inline", {}).keys():
            client.delete_role_policy(RoleName=name, PolicyName=policy)

    def remove(self, client: Any, name: str) -> None:
        self.empty(client, name, {}, self.describe(client, name))
        client.delete_role(RoleName=name)
