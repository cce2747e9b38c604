"""The modules kinesis_event_flow and api_gateway used as the event-ingestion document writes it, and its production
settings: stacks/event-ingestion-usage on an emulator of its own. Refusals first."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from harness.provision.package import package_lambdas
from harness.provision.stack import Stack as TerraformStack
from harness.pytest_plugin import harness_options
from harness.testing.opening import suite_on
from harness.testing.suite import Suite
from tests.conftest import Aws
from tests.integration.deployed import Deployed
from tests.integration.provisioning import ROOT, Provisioned

FOLDER = Path(__file__).parent / "stacks" / "event-ingestion-usage"
EVENT = {"user_id": "user123", "action": "page_view"}
FORBIDDEN = (403, {"message": "Forbidden"})
LIMITED = (429, {"message": "Too Many Requests"})

# The document's second and third step, as it writes them.
NEW_MODULE = """
module "my_new_events" {
  source = "./modules/kinesis_event_flow"

  event_type         = "my_new_event"
  environment        = var.environment
  lambda_source_path = "${path.module}/lambda/my_new_event"

  # Configure as needed
  shard_count = 1
  dlq_enabled = false
}
"""
NEW_STREAM = """
    my_new_event = {
      stream_name = module.my_new_events.stream_name
      stream_arn  = module.my_new_events.stream_arn
      kms_key_arn = module.my_new_events.kms_key_arn
    }
"""


@pytest.fixture(scope="session")
def usage_emulator(harness_emulator: Suite, pytestconfig: pytest.Config) -> Iterator[Suite]:
    """Applied once for all workers and kept for later runs, as the full stack is."""
    package_lambdas(FOLDER / "lambda", FOLDER / "build" / "lambdas")
    options = replace(harness_options(pytestconfig), stack=str(FOLDER), run=None)
    with suite_on(options) as suite:
        yield suite
    suite.target.forget()


@pytest.fixture
def usage(usage_emulator: Suite) -> Iterator[Deployed]:
    """The stack as it was right after the apply. A traceback in the emulator's log fails the test."""
    usage_emulator.clean()
    before = usage_emulator.target.log_position()
    yield Deployed(Aws(usage_emulator.aws.url), usage_emulator.outputs or {})
    assert "Traceback" not in usage_emulator.target.log_since(before)


def answer(response: httpx.Response) -> tuple[int, Any]:
    return response.status_code, response.json()


def post(usage: Deployed, headers: dict[str, str] | None = None) -> httpx.Response:
    """One event to the secured API."""
    return usage.aws.http.post(usage["secured_api"]["event_urls"]["isolated"], json=EVENT, headers=headers)


def key(usage: Deployed) -> str:
    """The value of the API key, as the module's output says how to get it."""
    found = usage.aws.client("apigateway").get_api_key(apiKey=usage["secured_api"]["api_key_id"], includeValue=True)
    return str(found["value"])


def test_without_the_key_nothing_is_taken(usage: Deployed) -> None:
    """`api_key_required`: missing and wrong keys are 403 for single and batch, and nothing reaches the stream (D6)."""
    assert answer(post(usage)) == FORBIDDEN
    assert answer(post(usage, {"x-api-key": "not-the-key-of-this-plan"})) == FORBIDDEN
    batch = usage.post(usage["secured_api"]["batch_urls"]["isolated"], {"records": [{"data": "{}"}]})
    assert answer(batch) == FORBIDDEN
    usage.aws.settle()
    assert usage.log(usage["isolated_events"]["processor_log_group_name"]) == []
    assert post(usage, {"x-api-key": key(usage)}).status_code == 200


def test_a_disabled_key_is_no_key(usage: Deployed) -> None:
    """D6: until it is enabled again."""
    client, key_id = usage.aws.client("apigateway"), usage["secured_api"]["api_key_id"]
    value = key(usage)
    for enabled, status in (("false", 403), ("true", 200)):
        client.update_api_key(apiKey=key_id, patchOperations=[{"op": "replace", "path": "/enabled", "value": enabled}])
        assert post(usage, {"x-api-key": value}).status_code == status


def test_requests_beyond_the_throttle_wait_for_the_clock(usage: Deployed) -> None:
    """Two at once, then one a second, by usage plan and by method settings alike; refusals cost nothing (D6)."""
    headers = {"x-api-key": key(usage)}
    assert [post(usage, headers).status_code for _ in range(2)] == [200, 200]
    assert answer(post(usage, headers)) == LIMITED
    usage.aws.advance(1)
    assert [post(usage, headers).status_code for _ in range(2)] == [200, 429]
    usage.aws.settle()
    processed = [
        line for line in usage.log(usage["isolated_events"]["processor_log_group_name"]) if "Processed" in line
    ]
    assert len(processed) == 3


def test_the_throttle_is_in_the_plan_and_in_the_stage(usage: Deployed) -> None:
    """`throttling_rate_limit`, `throttling_burst_limit`: what GetUsagePlan and GetStage show (D6, D8)."""
    client, api = usage.aws.client("apigateway"), usage["secured_api"]
    (plan,) = client.get_usage_plans(keyId=api["api_key_id"])["items"]
    assert plan["throttle"] == {"rateLimit": 1.0, "burstLimit": 2}
    assert plan["apiStages"] == [{"apiId": api["api_id"], "stage": "live"}]
    settings = client.get_stage(restApiId=api["api_id"], stageName="live")["methodSettings"]["*/*"]
    assert (settings["throttlingRateLimit"], settings["throttlingBurstLimit"]) == (1.0, 2)
    assert settings["metricsEnabled"] is True
    usual = client.get_stage(restApiId=usage["api_gateway"]["api_id"], stageName="v1")["methodSettings"]["*/*"]
    assert (usual["throttlingRateLimit"], usual["throttlingBurstLimit"]) == (10000.0, 5000)


def test_a_browser_sees_why_it_was_refused(usage: Deployed) -> None:
    """Refusals of the gateway itself carry the CORS header: DEFAULT_4XX (D1)."""
    refused = post(usage, {"Origin": "https://shop.example"})
    assert answer(refused) == FORBIDDEN
    assert refused.headers["access-control-allow-origin"] == "https://shop.example"
    unknown = usage.post(usage["api_gateway"]["api_gateway_url"] + "/events/none", EVENT)
    assert (unknown.status_code, unknown.headers["access-control-allow-origin"]) == (403, "*")


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://shop.example", "https://shop.example"),
        ("https://admin.example", "https://admin.example"),
        ("https://elsewhere.example", "https://shop.example"),
    ],
)
def test_origins_are_restricted(usage: Deployed, origin: str, allowed: str) -> None:
    """`cors_allowed_origins`: a named origin gets itself back, any other one that is not its own; a preflight needs no
    key (D3)."""
    url = usage["secured_api"]["event_urls"]["isolated"]
    preflight = usage.aws.http.options(url, headers={"Origin": origin, "Access-Control-Request-Method": "POST"})
    assert (preflight.status_code, preflight.headers["access-control-allow-origin"]) == (200, allowed)
    assert "X-Api-Key" in preflight.headers["access-control-allow-headers"]
    taken = post(usage, {"Origin": origin, "x-api-key": key(usage)})
    assert (taken.status_code, taken.headers["access-control-allow-origin"]) == (200, allowed)


def test_access_logging_can_be_left_out(usage: Deployed) -> None:
    """`enable_access_logging = false`: no log group, no setting of the stage (D8)."""
    assert usage["secured_api"]["access_log_group_name"] is None
    stage = usage.aws.client("apigateway").get_stage(restApiId=usage["secured_api"]["api_id"], stageName="live")
    assert "accessLogSettings" not in stage
    groups = usage.aws.client("logs").describe_log_groups(logGroupNamePrefix="/aws/apigateway/")["logGroups"]
    assert [group["logGroupName"] for group in groups] == ["/aws/apigateway/dev-events-ingestion/access-logs"]


def test_the_example_is_what_it_says(usage: Deployed) -> None:
    """The first usage example: each of its settings as AWS shows it."""
    client, flow = usage.aws.client, usage["my_events"]
    assert flow["stream_name"] == "dev-my_event_type-stream"
    stream = client("kinesis").describe_stream_summary(StreamName=flow["stream_name"])["StreamDescriptionSummary"]
    assert (stream["OpenShardCount"], stream["RetentionPeriodHours"]) == (1, 24)
    assert (stream["EncryptionType"], stream["KeyId"]) == ("KMS", flow["kms_key_arn"])
    assert stream["EnhancedMonitoring"] == [{"ShardLevelMetrics": []}]
    function = client("lambda").get_function_configuration(FunctionName=flow["processor_function_name"])
    assert function["FunctionName"] == "dev-my_event_type-processor"
    assert (function["Handler"], function["Runtime"]) == ("handler.process_event", "python3.11")
    assert (function["MemorySize"], function["Timeout"]) == (256, 30)
    assert "VpcConfig" not in function
    mapping = client("lambda").get_event_source_mapping(UUID=flow["event_source_mapping_id"])
    assert (mapping["BatchSize"], mapping["MaximumBatchingWindowInSeconds"]) == (100, 5)
    assert mapping["MaximumRetryAttempts"] == 3
    assert mapping["DestinationConfig"]["OnFailure"] == {"Destination": flow["dlq_arn"]}


def test_production_settings_are_what_they_say(usage: Deployed) -> None:
    """Every other variable of the flow: VPC, enhanced monitoring, retention, retries without a queue, bisecting."""
    client, flow = usage.aws.client, usage["isolated_events"]
    stream = client("kinesis").describe_stream_summary(StreamName=flow["stream_name"])["StreamDescriptionSummary"]
    assert (stream["OpenShardCount"], stream["RetentionPeriodHours"]) == (2, 48)
    (monitoring,) = stream["EnhancedMonitoring"]
    assert len(monitoring["ShardLevelMetrics"]) == 7
    function = client("lambda").get_function_configuration(FunctionName=flow["processor_function_name"])
    assert (function["MemorySize"], function["Timeout"]) == (512, 60)
    assert function["Environment"]["Variables"] == {"EVENT_TYPE": "isolated", "TEAM": "events"}
    vpc = function["VpcConfig"]
    assert (vpc["SubnetIds"], vpc["SecurityGroupIds"]) == (["subnet-0a1b2c3d"], ["sg-0a1b2c3d"])
    mapping = client("lambda").get_event_source_mapping(UUID=flow["event_source_mapping_id"])
    assert (mapping["BatchSize"], mapping.get("MaximumBatchingWindowInSeconds", 0)) == (10, 0)
    assert (mapping["MaximumRetryAttempts"], mapping["BisectBatchOnFunctionError"]) == (1, True)
    assert mapping["DestinationConfig"]["OnFailure"] == {}
    assert (flow["dlq_url"], flow["dlq_arn"]) == (None, None)
    (group,) = client("logs").describe_log_groups(logGroupNamePrefix=flow["processor_log_group_name"])["logGroups"]
    assert group["retentionInDays"] == 7


def test_a_processor_in_a_vpc_runs_and_is_told_of(usage: Deployed, usage_emulator: Suite) -> None:
    """`lambda_vpc_config` is kept, and named as without effect here (docs/kept.md)."""
    assert post(usage, {"x-api-key": key(usage)}).status_code == 200
    usage.aws.settle()
    log = usage.log(usage["isolated_events"]["processor_log_group_name"])
    kept = [(one["resource"], one["setting"]) for one in usage_emulator.target.admin.kept()]
    name = usage["isolated_events"]["processor_function_name"]
    assert any(arn.endswith(f":function:{name}") and setting == "VpcConfig" for arn, setting in kept)
    assert any("Processed: {'user_id': 'user123'" in line for line in log)


def test_a_new_event_type_by_the_four_steps(usage: Deployed, usage_emulator: Suite, tmp_path: Path) -> None:
    """Handler, module, registration, apply: the new route works, and nothing that runs already is made anew. A plan
    after it is empty, for every variable of both modules."""
    stack = tmp_path / "kinesis-starter-infra"
    shutil.copytree(FOLDER, stack, ignore=shutil.ignore_patterns(".terraform*", "*_override.tf"))
    shutil.copytree(ROOT / "terraform" / "modules", stack / "modules")
    for path in stack.glob("*.tf"):
        path.write_text(path.read_text().replace("../../../../terraform/modules/", "./modules/"))

    # 1. Create Lambda Handler (packaged as the others are: Terraform alone has no way to make a zip here)
    shutil.copytree(FOLDER / "lambda" / "my_handler", stack / "lambda" / "my_new_event")
    package_lambdas(stack / "lambda", stack / "build" / "lambdas")
    # 2. Add Module in main.tf
    main = (stack / "main.tf").read_text() + NEW_MODULE
    # 3. Register with API Gateway
    place = "  event_streams = {\n"
    assert main.count(place) == 1
    (stack / "main.tf").write_text(main.replace(place, place + NEW_STREAM))
    # 4. Deploy
    # (Without a queue, for whose creation the provider waits 25 s.)
    mine = Provisioned.of(usage_emulator).runner.with_own_state(tmp_path)
    runner = replace(mine, stack=TerraformStack(stack), data=tmp_path / "data")
    runner.init()
    before = everything(usage)
    progress = runner.apply()

    assert not any("module.secured_api" in address for address in progress.seconds)
    assert before <= everything(usage)
    url = usage["api_gateway"]["api_gateway_url"]
    assert usage.post(f"{url}/events/my_new_event", EVENT).status_code == 200
    batch = {"records": [{"data": '{"n": 2}', "partitionKey": "p"}]}
    assert usage.post(f"{url}/events/batch/my_new_event", batch).json()["FailedRecordCount"] == 0
    assert usage.post(f"{url}/events/my_event_type", EVENT).status_code == 200
    usage.aws.settle()
    processed = [line for line in usage.log("/aws/lambda/dev-my_new_event-processor") if "Processed" in line]
    assert [line.partition("Processed: ")[2].strip() for line in processed] == [str(EVENT), "{'n': 2}"]
    old = usage.log(usage["my_events"]["processor_log_group_name"])
    assert any(f"Processed: {EVENT}" in line for line in old)
    code, text = runner.plan()
    assert code == 0, text


def everything(usage: Deployed) -> set[str]:
    """What must not be made anew: streams, functions, keys, resources of the API, each with its id."""
    client = usage.aws.client
    names = client("kinesis").list_streams()["StreamNames"]
    streams = [client("kinesis").describe_stream_summary(StreamName=name)["StreamDescriptionSummary"] for name in names]
    mappings = client("lambda").list_event_source_mappings()["EventSourceMappings"]
    resources = client("apigateway").get_resources(restApiId=usage["api_gateway"]["api_id"])["items"]
    return {
        *(f"{stream['StreamARN']} {stream['StreamCreationTimestamp']}" for stream in streams),
        *(mapping["UUID"] for mapping in mappings),
        *(resource["id"] for resource in resources),
        *(key["KeyId"] for key in client("kms").list_keys()["Keys"]),
    }
