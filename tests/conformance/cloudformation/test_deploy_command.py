"""`aws cloudformation` of the AWS CLI against the emulator."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.integration.aws_cli import version_1

TEMPLATE = """
Parameters: {Name: {Type: String}, Delay: {Type: Number, Default: 0}}
Resources:
  Queue: {Type: AWS::SQS::Queue, Properties: {QueueName: !Ref Name, DelaySeconds: !Ref Delay}}
Outputs:
  Url: {Value: !Ref Queue}
"""


def test_deploy_creates_updates_and_notices_no_change(aws: Any, stacks: Any, tmp_path: Path) -> None:
    file = tmp_path / "template.yaml"
    file.write_text(TEMPLATE)
    aws.client("s3").create_bucket(Bucket="deployed-templates")

    def run(*arguments: str) -> str:
        return version_1().run(aws.url, ["cloudformation", *arguments])

    deploy = ["deploy", "--stack-name", "cli", "--template-file", str(file)]
    assert "Successfully created/updated stack - cli" in run(*deploy, "--parameter-overrides", "Name=by-cli")
    assert stacks.status("cli") == "CREATE_COMPLETE"
    said = run(*deploy, "--parameter-overrides", "Delay=4", "--s3-bucket", "deployed-templates")
    assert "Successfully created/updated stack - cli" in said
    described = json.loads(run("describe-stacks", "--stack-name", "cli"))["Stacks"][0]
    assert {one["ParameterKey"]: one["ParameterValue"] for one in described["Parameters"]} == {
        "Name": "by-cli",
        "Delay": "4",
    }
    assert "No changes to deploy" in run(*deploy, "--no-fail-on-empty-changeset")
