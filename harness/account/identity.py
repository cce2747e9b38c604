"""Whose account the ambient credentials lead to."""

from __future__ import annotations

import os
from dataclasses import dataclass
from urllib.parse import urlparse

from harness.json_object import Json
from harness.problem import Problem

_AWS_DOMAINS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")


@dataclass(frozen=True)
class CallerIdentity:
    """Who calls. `endpoint_url` is None on AWS itself, else what stands in for it (AWS_ENDPOINT_URL)."""

    account: str
    arn: str
    region: str
    endpoint_url: str | None = None

    def describe(self) -> str:
        place = f", endpoint {self.endpoint_url}" if self.endpoint_url else ""
        return f"account {self.account}, region {self.region}, as {self.arn}{place}"


def who_am_i() -> CallerIdentity:
    """By boto3's own chain (variables, AWS_PROFILE, files, roles) and STS. Raises Problem where that leads nowhere."""
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        # boto3 itself reads AWS_DEFAULT_REGION only, Terraform and the functions' runtime AWS_REGION first.
        session = boto3.Session(region_name=os.environ.get("AWS_REGION") or None)
        if session.region_name is None:
            raise Problem("No region is set for AWS: set AWS_REGION, or a region in your profile.")
        client = session.client("sts", config=Config(retries={"total_max_attempts": 2, "mode": "standard"}))
        answer: Json = client.get_caller_identity()
    except ClientError as error:
        code = error.response["Error"].get("Code", "?")
        raise Problem(
            f"AWS refuses the ambient credentials ({code}): {error.response['Error'].get('Message')}"
        ) from None
    except BotoCoreError as error:
        raise Problem(f"The ambient AWS credentials lead nowhere: {error}") from None
    host = urlparse(client.meta.endpoint_url).hostname or ""
    stand_in = None if host.endswith(_AWS_DOMAINS) else client.meta.endpoint_url
    return CallerIdentity(str(answer["Account"]), str(answer["Arn"]), session.region_name, stand_in)
