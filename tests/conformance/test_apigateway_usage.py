"""API keys, usage plans, throttling (D6)."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conformance.apigateway_api import Api, patches
from tests.conftest import Aws

KEY = "0123456789abcdefghij"


@pytest.fixture
def api(aws: Aws) -> Api:
    """`GET /keyed` needs a key, `GET /open` does not."""
    api = Api(aws)
    api.mock("/keyed", body="$context.identity.apiKeyId", apiKeyRequired=True)
    api.mock("/deep/keyed", apiKeyRequired=True)
    api.mock("/open")
    api.deploy()
    return api


def plan(api: Api, **members: Any) -> str:
    stages = [{"apiId": api.id, "stage": "test", **members.pop("stage", {})}]
    return str(api.client.create_usage_plan(name="plan", apiStages=stages, **members)["id"])


def key(api: Api, plan_id: str | None, value: str = KEY) -> str:
    made = api.client.create_api_key(name="key", value=value, enabled=True)
    if plan_id:
        api.client.create_usage_plan_key(usagePlanId=plan_id, keyId=made["id"], keyType="API_KEY")
    return str(made["id"])


def keyed(api: Api, path: str = "/test/keyed", value: str = KEY) -> Any:
    return api.send("GET", path, headers={"x-api-key": value})


def test_a_key_must_exist_be_enabled_and_be_in_a_plan(api: Api) -> None:
    """D6: INVALID_API_KEY until all of it is so."""
    forbidden = (403, '{"message":"Forbidden"}')
    assert api.send("GET", "/test/open").status_code == 200
    assert (lambda a: (a.status_code, a.text))(api.send("GET", "/test/keyed")) == forbidden
    key_id = key(api, None)
    assert keyed(api).status_code == 403
    plan_id = plan(api)
    assert keyed(api).status_code == 403
    api.client.create_usage_plan_key(usagePlanId=plan_id, keyId=key_id, keyType="API_KEY")
    assert (keyed(api).status_code, keyed(api).text) == (200, key_id)
    api.client.update_api_key(apiKey=key_id, patchOperations=patches(("replace", "/enabled", "false")))
    assert keyed(api).status_code == 403
    api.client.update_api_key(apiKey=key_id, patchOperations=patches(("replace", "/enabled", "true")))
    api.client.update_usage_plan(
        usagePlanId=plan_id, patchOperations=patches(("remove", "/apiStages", f"{api.id}:test"))
    )
    assert keyed(api).status_code == 403


def test_a_plans_throttle_is_a_token_bucket_on_the_clock(aws: Aws, api: Api) -> None:
    """D6: burst at once, then the rate; 429 TooManyRequestsException."""
    key(api, plan(api, throttle={"rateLimit": 2.0, "burstLimit": 3}))
    assert [keyed(api).status_code for _ in range(4)] == [200, 200, 200, 429]
    throttled = keyed(api)
    assert throttled.text == '{"message":"Too Many Requests"}'
    assert throttled.headers["x-amzn-errortype"] == "TooManyRequestsException"
    aws.advance(1)
    assert [keyed(api).status_code for _ in range(3)] == [200, 200, 429]


def test_a_method_of_a_plan_may_have_its_own_throttle(api: Api) -> None:
    """D6: `apiStages[].throttle` by path and method, also set by patches with slashes in the path."""
    own = {"/deep/keyed/GET": {"rateLimit": 1.0, "burstLimit": 1}}
    plan_id = plan(api, stage={"throttle": own}, throttle={"rateLimit": 100.0, "burstLimit": 100})
    key(api, plan_id)
    assert [keyed(api, "/test/deep/keyed").status_code for _ in range(2)] == [200, 429]
    assert [keyed(api).status_code for _ in range(2)] == [200, 200]
    path = f"/apiStages/{api.id}:test/throttle//deep/keyed/GET"
    updated = api.client.update_usage_plan(
        usagePlanId=plan_id,
        patchOperations=patches(("replace", f"{path}/rateLimit", "5"), ("replace", f"{path}/burstLimit", "2")),
    )
    assert updated["apiStages"][0]["throttle"] == {"/deep/keyed/GET": {"rateLimit": 5.0, "burstLimit": 2}}
    assert [keyed(api, "/test/deep/keyed").status_code for _ in range(3)] == [200, 200, 429]


def test_quota(aws: Aws, api: Api) -> None:
    """D6: QUOTA_EXCEEDED is 429 LimitExceededException; a new day begins a new quota; GetUsage counts."""
    plan_id = plan(api, quota={"limit": 2, "period": "DAY"})
    key_id = key(api, plan_id)
    assert [keyed(api).status_code for _ in range(2)] == [200, 200]
    exceeded = keyed(api)
    assert (exceeded.status_code, exceeded.text) == (429, '{"message":"Limit Exceeded"}')
    assert exceeded.headers["x-amzn-errortype"] == "LimitExceededException"
    aws.advance(86400)
    assert keyed(api).status_code == 200
    import time

    today = time.strftime("%Y-%m-%d", time.gmtime(aws.now()))
    yesterday = time.strftime("%Y-%m-%d", time.gmtime(aws.now() - 86400))
    usage = api.client.get_usage(usagePlanId=plan_id, startDate=yesterday, endDate=today)
    assert usage["items"] == {key_id: [[2, 0], [1, 1]]}


def test_a_stages_method_throttle(aws: Aws, api: Api) -> None:
    """D6: per-method stage limits; the method's own setting wins over `*/*`."""
    api.patch_stage(
        "test",
        ("replace", "/*/*/throttling/rateLimit", "1"),
        ("replace", "/*/*/throttling/burstLimit", "1"),
        ("replace", "/~1open/GET/throttling/burstLimit", "2"),
    )
    assert [api.send("GET", "/test/open").status_code for _ in range(3)] == [200, 200, 429]
    aws.advance(1)
    assert api.send("GET", "/test/open").status_code == 200


def test_a_snapshot_keeps_keys_and_plans(aws: Aws, api: Api) -> None:
    """Restore: everything that a request needs is in the store."""
    key(api, plan(api))
    aws.admin("PUT", "snapshots/usage")
    aws.admin("POST", "reset")
    assert keyed(api).status_code == 403
    aws.admin("POST", "snapshots/usage")
    assert keyed(api).status_code == 200
    aws.admin("DELETE", "snapshots/usage")


def test_usage_plan_errors(api: Api) -> None:
    """D6: texts as AWS gives them."""
    client = api.client
    plan_id = plan(api)

    def refused(value: str) -> str:
        with pytest.raises(ClientError) as caught:
            client.update_usage_plan(usagePlanId=plan_id, patchOperations=patches(("add", "/apiStages", value)))
        return str(caught.value.response["Error"]["Message"])

    assert refused("") == "Invalid API Stage specified"
    assert refused("fakevalue") == "Invalid API Stage specified"
    message = f"Invalid API Stage {{api: {api.id}, stage: none}} specified for usageplan {plan_id}"
    assert refused(f"{api.id}:none") == message
    with pytest.raises(ClientError, match="Invalid Usage Plan ID specified"):
        client.get_usage_plan(usagePlanId="none")
    with pytest.raises(ClientError, match="Invalid API Key identifier specified"):
        client.get_api_key(apiKey="none")
    with pytest.raises(ClientError, match="at least 20 characters"):
        client.create_api_key(value="short")


def test_an_empty_key_value_is_chosen_by_the_gateway(api: Api) -> None:
    """D6: Terraform sends an empty value for a key without one."""
    made = api.client.create_api_key(name="key", value="", enabled=True)
    assert 20 <= len(made["value"]) <= 128


def test_key_values_are_shown_only_on_request(api: Api) -> None:
    """Model: includeValue."""
    key_id = key(api, None)
    assert "value" not in api.client.get_api_key(apiKey=key_id)
    assert api.client.get_api_key(apiKey=key_id, includeValue=True)["value"] == KEY
    assert [k.get("value") for k in api.client.get_api_keys(includeValues=True)["items"]] == [KEY]
    assert api.client.get_api_keys(nameQuery="no")["items"] == []
    with pytest.raises(ClientError, match="ConflictException"):
        key(api, None)
    api.client.delete_api_key(apiKey=key_id)
    assert api.client.get_api_keys()["items"] == []
