"""A second emulator that stands in for AWS: IAM decides, users have real keys, and only APIs of AWS are used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3

from harness.provision.workspace import Workspace
from harness.targets.embedded import EmbeddedTarget
from harness.targets.settings import EmulatorSettings
from tests.integration.inner_pytest import Finished
from tests.integration.provisioning import ROOT

ACCOUNT = "123456789012"
REGION = "us-east-1"
_TIMEOUT_SECONDS = 900

FUNCTION = """
import boto3, os

def handler(event, context):
    boto3.client("s3").put_object(Bucket=os.environ["BUCKET"], Key="seen/" + context.aws_request_id, Body=event["text"])
"""

STACK = """
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

variable "name_prefix" {
  type    = string
  default = ""
}

locals {
  package = "${path.module}/../build/lambdas/note.zip"
}

resource "aws_s3_bucket" "notes" {
  bucket = "${var.name_prefix}notes"
}

resource "aws_iam_role" "note" {
  name = "${var.name_prefix}note"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }]
  })
}

resource "aws_iam_role_policy" "note" {
  role = aws_iam_role.note.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "s3:PutObject", Resource = "${aws_s3_bucket.notes.arn}/*" },
      { Effect = "Allow", Action = "logs:*", Resource = "*" },
    ]
  })
}

resource "aws_lambda_function" "note" {
  function_name    = "${var.name_prefix}note"
  role             = aws_iam_role.note.arn
  filename         = local.package
  source_code_hash = filebase64sha256(local.package)
  handler          = "handler.handler"
  runtime          = "python3.11"
  environment {
    variables = { BUCKET = aws_s3_bucket.notes.bucket }
  }
}

output "bucket" {
  value = aws_s3_bucket.notes.bucket
}

output "function" {
  value = aws_lambda_function.note.function_name
}
"""


@dataclass(frozen=True)
class StandIn:
    """The emulator, and the environments of its users."""

    target: EmbeddedTarget
    _users: dict[str, dict[str, str]] = field(default_factory=dict)

    def user(self, name: str, *denied: str) -> dict[str, str]:
        """The ambient environment of a user who may do anything but the denied actions."""
        if name not in self._users:
            statements = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
            statements += [{"Effect": "Deny", "Action": action, "Resource": "*"} for action in denied]
            iam = self.client("iam")
            iam.create_user(UserName=name)
            policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
            iam.put_user_policy(UserName=name, PolicyName="all-but", PolicyDocument=policy)
            key = iam.create_access_key(UserName=name)["AccessKey"]
            self._users[name] = {
                "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
                "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
                "AWS_ENDPOINT_URL": self.target.endpoint_url,
                "AWS_REGION": REGION,
                "AWS_EC2_METADATA_DISABLED": "true",
                "AWS_CONFIG_FILE": os.devnull,
                "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            }
        return self._users[name]

    def client(self, service: str) -> Any:
        """As the account's root, who looks on from outside."""
        return boto3.client(
            service,
            endpoint_url=self.target.endpoint_url,
            region_name=REGION,
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key="test",
        )

    def names(self) -> list[str]:
        """All that the account holds of what the stack makes, and log groups."""
        functions = self.client("lambda").list_functions()["Functions"]
        return sorted(
            [f"bucket {each['Name']}" for each in self.client("s3").list_buckets()["Buckets"]]
            + [f"role {each['RoleName']}" for each in self.client("iam").list_roles()["Roles"]]
            + [f"function {each['FunctionName']}" for each in functions]
            + [f"group {each['logGroupName']}" for each in self.client("logs").describe_log_groups()["logGroups"]]
        )


@contextmanager
def stand_in(folder: Path) -> Iterator[StandIn]:
    """An emulator in real time, in a process of its own."""
    target = EmbeddedTarget(Workspace(folder), 0, EmulatorSettings(iam="enforce"))
    target.start()
    try:
        yield StandIn(target)
    finally:
        target.stop()


def make_project(folder: Path, tests: str) -> Path:
    """A project with the small stack, one function, and the given tests."""
    for name, text in {
        "pytest.ini": "[pytest]\nharness_stack = terraform\n",
        "terraform/main.tf": STACK,
        "lambdas/note/handler.py": FUNCTION,
        "test_notes.py": tests,
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def start(folder: Path, environment: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    """Run a module of this checkout in the folder, with nothing of AWS around but the environment."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "AWS_", "TF_VAR_"))}
    return subprocess.Popen(
        [sys.executable, "-m", *arguments],
        cwd=folder,
        env=environ | {"PYTHONPATH": str(ROOT)} | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(folder: Path, environment: dict[str, str], *arguments: str) -> Finished:
    process = start(folder, environment, *arguments)
    said, _ = process.communicate(timeout=_TIMEOUT_SECONDS)
    return Finished(process.returncode, said)


def run_pytest(folder: Path, environment: dict[str, str], *arguments: str) -> Finished:
    return run(folder, environment, "pytest", "-p", "no:cacheprovider", "--harness-target=aws", *arguments)


def sweep(folder: Path, environment: dict[str, str], *arguments: str) -> Finished:
    return run(folder, environment, "harness.cli", "sweep", *arguments)


def records(folder: Path) -> list[Path]:
    return list((folder / ".harness" / "aws").glob("*/run.json"))
