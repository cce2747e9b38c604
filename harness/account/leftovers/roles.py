"""IAM roles with their policies, and managed policies."""

from __future__ import annotations

from collections.abc import Iterator

from harness.account.leftovers.kind import ClientOf, Mark


class Roles:
    noun = "role"
    types = frozenset({"aws_iam_role"})

    def find(self, client_of: ClientOf, mark: Mark) -> Iterator[str]:
        for page in client_of("iam").get_paginator("list_roles").paginate():
            yield from (each["RoleName"] for each in page["Roles"] if mark.names(each["RoleName"]))

    def remove(self, client_of: ClientOf, name: str) -> None:
        iam = client_of("iam")
        for page in iam.get_paginator("list_role_policies").paginate(RoleName=name):
            for policy in page["PolicyNames"]:
                iam.delete_role_policy(RoleName=name, PolicyName=policy)
        for page in iam.get_paginator("list_attached_role_policies").paginate(RoleName=name):
            for policy in page["AttachedPolicies"]:
                iam.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
        for page in iam.get_paginator("list_instance_profiles_for_role").paginate(RoleName=name):
            for profile in page["InstanceProfiles"]:
                iam.remove_role_from_instance_profile(RoleName=name, InstanceProfileName=profile["InstanceProfileName"])
        iam.delete_role(RoleName=name)


class Policies:
    """After the roles: an attached policy is not deleted."""

    noun = "policy"
    types = frozenset({"aws_iam_policy"})

    def find(self, client_of: ClientOf, mark: Mark) -> Iterator[str]:
        for page in client_of("iam").get_paginator("list_policies").paginate(Scope="Local"):
            yield from (each["Arn"] for each in page["Policies"] if mark.names(each["PolicyName"]))

    def remove(self, client_of: ClientOf, name: str) -> None:
        iam = client_of("iam")
        for page in iam.get_paginator("list_policy_versions").paginate(PolicyArn=name):
            for version in page["Versions"]:
                if not version["IsDefaultVersion"]:
                    iam.delete_policy_version(PolicyArn=name, VersionId=version["VersionId"])
        iam.delete_policy(PolicyArn=name)
