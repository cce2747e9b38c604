"""IAM: AWS's managed policies, made when somebody asks for one (all of them at once would cost 0.3 s and 24 MB), and
policies without a version, as SAM's policy templates are."""

from __future__ import annotations

import functools
import importlib
import json
from typing import Any

from harness.json_object import Json

PREFIX = "arn:aws:iam::aws:policy/"


def patch(models: Any) -> None:
    backend = models.IAMBackend
    _allow_missing_version(models.IAMPolicyDocumentValidator)
    backend._init_managed_policies = lambda self: ManagedPolicies(self.account_id)

    def looking_up_first(method: Any) -> Any:
        @functools.wraps(method)
        def looked_up(self: Any, policy_arn: str, *args: Any, **kwargs: Any) -> Any:
            self.managed_policies.look_up(policy_arn)
            return method(self, policy_arn, *args, **kwargs)

        return looked_up

    for name in ("attach_role_policy", "attach_user_policy", "attach_group_policy"):
        setattr(backend, name, looking_up_first(getattr(backend, name)))

    list_policies = backend.list_policies

    def list_all_policies(
        self: Any, marker: str | None, max_items: int, only_attached: bool, path_prefix: str, scope: str
    ) -> Any:
        if scope != "Local" and not only_attached:  # what is attached was looked up then
            for arn in published():
                self.managed_policies.look_up(arn)
        return list_policies(self, marker, max_items, only_attached, path_prefix, scope)

    backend.list_policies = list_all_policies
    details = backend.get_account_authorization_details

    def details_in_use(self: Any, policy_filter: list[str]) -> Any:
        """Of AWS's policies those that are attached: what was only looked at is no state, and gone after a restart."""
        found = details(self, policy_filter)
        shown = [p for p in found["managed_policies"] if p.attachment_count or not p.arn.startswith(PREFIX)]
        return {**found, "managed_policies": shown}

    backend.get_account_authorization_details = details_in_use
    _give_the_caller_one_id()


def _give_the_caller_one_id() -> None:
    """GetUser without a name makes a user up for a key that belongs to none: its id is the account's, as the root's is,
    and the same at the next call."""
    responses: Any = importlib.import_module("moto.iam.responses")
    user = responses.User

    def made(account_id: str, **named: Any) -> Any:
        found = user(account_id, **named)
        found.id = account_id
        return found

    responses.User = made


def _allow_missing_version(validator: Any) -> None:
    """A document without `Version` is one of 2008-10-17, which AWS takes."""
    validate = validator._validate_version

    def validate_given(self: Any) -> None:
        if "Version" in self._policy_json:
            validate(self)

    validator._validate_version = validate_given


class ManagedPolicies(dict[str, Any]):
    """Policies by ARN. One of AWS's own appears at the first look at its ARN."""

    def __init__(self, account: str) -> None:
        super().__init__()
        self.account = account

    def look_up(self, arn: str) -> None:
        """Make one of AWS's own policies, if there is such a one."""
        if arn.startswith(PREFIX) and not super().__contains__(arn) and arn in published():
            self[arn] = aws_policy(arn, self.account)

    def __contains__(self, arn: object) -> bool:
        if isinstance(arn, str):
            self.look_up(arn)
        return super().__contains__(arn)


def aws_policy(arn: str, account: str, attachment_count: int = 0) -> Any:
    """moto's object for one of AWS's managed policies. Raises KeyError for an unknown ARN."""
    from moto.iam.models import AWSManagedPolicy

    name, data = published()[arn]
    policy = AWSManagedPolicy.from_data(name, account, "aws", data)
    policy.attachment_count = attachment_count
    return policy


@functools.cache
def published() -> dict[str, tuple[str, Json]]:
    """AWS's managed policies: ARN → name and data."""
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    return {
        f"arn:aws:iam::aws:policy{data['Path']}{name}": (name, data)
        for name, data in json.loads(aws_managed_policies_data).items()
    }
