"""Create an API key in the table of a stage. Existing keys stay as they are.

    python scripts/seed_api_keys.py --api-key KEY [--source WHO] [--stage prod] [--region us-east-1] [--yes]

For production it asks first; `--yes` answers. Exit code 0: the key is there (now, or already); 1: it is not.
AWS_ENDPOINT_URL and DYNAMODB_ENDPOINT_URL lead to a local DynamoDB.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

import boto3
from botocore.exceptions import BotoCoreError, ClientError

PRODUCTION = "prod"
# The same as in src/auth.py.
KEY_FORMAT = re.compile(r"[A-Za-z0-9_-]{16,128}")


def create_api_key(api_key: str, stage: str, region: str, source: str | None = None) -> bool:
    """Store an active key; returns False, and changes nothing, if there is one already."""
    endpoint = os.environ.get("DYNAMODB_ENDPOINT_URL") or None
    table = boto3.resource("dynamodb", region_name=region, endpoint_url=endpoint).Table(f"triggers-api-keys-{stage}")
    item = {"api_key": api_key, "is_active": True, "created_at": datetime.now(UTC).isoformat()}
    if source:
        item["source"] = source
    try:
        table.put_item(Item=item, ConditionExpression="attribute_not_exists(api_key)")
    except table.meta.client.exceptions.ConditionalCheckFailedException:
        return False
    return True


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit code. The key is shown by its last four characters."""
    parser = argparse.ArgumentParser(description="Create an API key in DynamoDB.")
    parser.add_argument("--api-key", required=True, help="16 to 128 letters, digits, '-' and '_'")
    parser.add_argument("--source", help="who uses the key")
    parser.add_argument("--stage", default=PRODUCTION, help="deployment stage (default: %(default)s)")
    parser.add_argument("--region", default="us-east-1", help="AWS region (default: %(default)s)")
    parser.add_argument("--yes", action="store_true", help="do not ask for confirmation")
    options = parser.parse_args(arguments)

    if not KEY_FORMAT.fullmatch(options.api_key):
        parser.error("--api-key must be 16 to 128 letters, digits, '-' and '_'")
    shown = f"…{options.api_key[-4:]}"
    if options.stage == PRODUCTION and not options.yes and not _confirmed(shown):
        print("Nothing was created.", file=sys.stderr)
        return 1
    try:
        created = create_api_key(options.api_key, options.stage, options.region, options.source)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            print(f"There is no table triggers-api-keys-{options.stage}; deploy that stage first.", file=sys.stderr)
        else:
            print(f"DynamoDB refused: {error.response['Error']['Code']}", file=sys.stderr)
        return 1
    except BotoCoreError as error:
        print(f"DynamoDB cannot be reached: {type(error).__name__}", file=sys.stderr)
        return 1
    print(f"The key {shown} {'was created' if created else 'exists already'} for stage {options.stage}.")
    return 0


def _confirmed(shown: str) -> bool:
    try:
        answer = input(f"Create the key {shown} for PRODUCTION? [y/N] ")
    except EOFError:
        return False
    return answer.strip().lower() in ("y", "yes")


if __name__ == "__main__":
    sys.exit(main())
