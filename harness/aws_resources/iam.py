"""IAM: roles and what they may do, and managed policies of the account's own."""

from __future__ import annotations

from collections.abc import Iterator

from harness.aws_resources.kind import ClientOf, Found, named
from harness.json_object import Json


class Roles:
    service, noun = "iam", "role"
    types = frozenset({"aws_iam_role"})

    def find(self, client_of: ClientOf) -> Iterator[Found]:
        for page in client_of("iam").get_paginator("list_roles").paginate():
            for role in page["Roles"]:
                if not role["Path"].startswith("/aws-service-role/"):
                    yield named(role["RoleName"])

    def describe(self, client_of: ClientOf, id: str) -> Json:
        iam = client_of("iam")
        return {
            "trust": iam.get_role(RoleName=id)["Role"]["AssumeRolePolicyDocument"],
            "attached": sorted(
                policy["PolicyArn"]
                for page in iam.get_paginator("list_attached_role_policies").paginate(RoleName=id)
                for policy in page["AttachedPolicies"]
            ),
            "inline": {
                policy: iam.get_role_policy(RoleName=id, PolicyName=policy)["PolicyDocument"]
                for page in iam.get_paginator("list_role_policies").paginate(RoleName=id)
                for policy in sorted(page["PolicyNames"])
            },
        }

    def empty(self, client_of: ClientOf, id: str, before: Json, now: Json) -> None:
        """Take away permissions that came later."""
        iam = client_of("iam")
        for arn in set(now["attached"]) - set(before.get("attached", [])):
            iam.detach_role_policy(RoleName=id, PolicyArn=arn)
        for policy in now["inline"].keys() - before.get("inline", {}).keys():
            iam.delete_role_policy(RoleName=id, PolicyName=policy)

    def remove(self, client_of: ClientOf, id: str) -> None:
        iam = client_of("iam")
        self.empty(client_of, id, {}, self.describe(client_of, id))
        for page in iam.get_paginator("list_instance_profiles_for_role").paginate(RoleName=id):
            for profile in page["InstanceProfiles"]:
                iam.remove_role_from_instance_profile(RoleName=id, InstanceProfileName=profile["InstanceProfileName"])
        iam.delete_role(RoleName=id)


class Policies:
    """After the roles: an attached policy is not deleted."""

    service, noun = "iam", "policy"
    types = frozenset({"aws_iam_policy"})

    def find(self, client_of: ClientOf) -> Iterator[Found]:
        for page in client_of("iam").get_paginator("list_policies").paginate(Scope="Local"):
            for policy in page["Policies"]:
                yield Found(policy["Arn"], (policy["PolicyName"],))

    def describe(self, client_of: ClientOf, id: str) -> Json:
        return {"version": client_of("iam").get_policy(PolicyArn=id)["Policy"]["DefaultVersionId"]}

    def empty(self, client_of: ClientOf, id: str, before: Json, now: Json) -> None:
        """Another version shows as a difference."""

    def remove(self, client_of: ClientOf, id: str) -> None:
        iam = client_of("iam")
        for page in iam.get_paginator("list_policy_versions").paginate(PolicyArn=id):
            for version in page["Versions"]:
                if not version["IsDefaultVersion"]:
                    iam.delete_policy_version(PolicyArn=id, VersionId=version["VersionId"])
        iam.delete_policy(PolicyArn=id)
