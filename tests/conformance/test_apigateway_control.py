"""The control plane of REST APIs: answers and errors as recorded on AWS (D2, D3, D8)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conformance.apigateway_api import ACCOUNT, REGION, Api, kinesis_integration, patches
from tests.conftest import Aws


@pytest.fixture
def api(aws: Aws) -> Api:
    return Api(aws)


def refused(call: Callable[..., Any], **members: Any) -> tuple[int, str, str]:
    """Status, code and message of a call that must fail."""
    with pytest.raises(ClientError) as caught:
        call(**members)
    answer = caught.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer["Error"]["Message"]


def without_metadata(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


# -- refusals ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operation", "members"),
    [
        ("create_domain_name", {"domainName": "example.com"}),
        ("create_vpc_link", {"name": "v", "targetArns": ["arn"]}),
        ("generate_client_certificate", {}),
        ("create_documentation_part", {"restApiId": "x", "location": {"type": "API"}, "properties": "{}"}),
        ("create_rest_api", {"name": "a", "cloneFrom": "b"}),
        ("create_rest_api", {"name": "a", "endpointConfiguration": {"types": ["PRIVATE"]}}),
        ("get_sdk", {"restApiId": "x", "stageName": "y", "sdkType": "java"}),
        ("get_export", {"restApiId": "x", "stageName": "y", "exportType": "oas30"}),
        ("test_invoke_method", {"restApiId": "x", "resourceId": "y", "httpMethod": "GET"}),
    ],
)
def test_what_is_not_emulated_is_refused_by_name(aws: Aws, operation: str, members: dict[str, Any]) -> None:
    """Law 1."""
    status, code, message = refused(getattr(aws.client("apigateway"), operation), **members)
    assert (status, code) == (501, "NotEmulated")
    assert "is not emulated" in message


def test_authorization_that_is_not_checked_is_refused(api: Api) -> None:
    """Law 1: no method is silently open."""
    members = {"name": "pool", "type": "COGNITO_USER_POOLS", "providerARNs": ["arn"], "identitySource": "a"}
    assert refused(api.client.create_authorizer, restApiId=api.id, **members)[:2] == (501, "NotEmulated")


def test_unknown_names(api: Api) -> None:
    """D1 ff.: the texts of NotFoundException."""
    client, here = api.client, {"restApiId": api.id}
    method = here | {"resourceId": api.root, "httpMethod": "GET"}
    api_text = f"Invalid API identifier specified {ACCOUNT}:none"
    assert refused(client.get_rest_api, restApiId="none") == (404, "NotFoundException", api_text)
    expected = {
        "Invalid Resource identifier specified": (client.get_resource, here | {"resourceId": "none"}),
        "Invalid Method identifier specified": (client.get_method, method),
        "Invalid Stage identifier specified": (client.get_stage, here | {"stageName": "none"}),
        "Invalid Deployment identifier specified": (client.get_deployment, here | {"deploymentId": "none"}),
        "Invalid model name specified: none": (client.get_model, here | {"modelName": "none"}),
        "Invalid Request Validator identifier specified": (
            client.get_request_validator,
            here | {"requestValidatorId": "none"},
        ),
        "Invalid Authorizer identifier specified": (client.get_authorizer, here | {"authorizerId": "none"}),
        "Gateway response type not defined on api": (
            client.delete_gateway_response,
            here | {"responseType": "THROTTLED"},
        ),
    }
    for text, (call, members) in expected.items():
        assert refused(call, **members) == (404, "NotFoundException", text)
    client.put_method(**method, authorizationType="NONE")
    assert refused(client.get_integration, **method)[2] == "Invalid Integration identifier specified"
    assert refused(client.get_method_response, **method, statusCode="200")[2] == (
        "Invalid Response status code specified"
    )


def test_an_unknown_gateway_response_type(api: Api) -> None:
    """Recorded: the standard validation text."""
    status, code, message = refused(client := api.client.get_gateway_response, restApiId=api.id, responseType="FAKE")
    assert client and (status, code) == (400, "ValidationException")
    assert message.startswith("1 validation error detected: Value 'FAKE' at 'responseType' failed to satisfy")


# -- APIs -------------------------------------------------------------------------------------------------------


def test_a_new_api(aws: Aws) -> None:
    """Recorded: members of a new API, without those that were not set."""
    client = aws.client("apigateway")
    made = without_metadata(client.create_rest_api(name="n", description="d", tags={"k": "v"}))
    assert made.pop("id") and made.pop("rootResourceId") and made.pop("createdDate")
    assert made == {
        "name": "n",
        "description": "d",
        "apiKeySource": "HEADER",
        "disableExecuteApiEndpoint": False,
        "endpointConfiguration": {"types": ["EDGE"], "ipAddressType": "ipv4"},
        "tags": {"k": "v"},
    }


def test_api_errors(aws: Aws) -> None:
    """Recorded texts."""
    create = aws.client("apigateway").create_rest_api
    assert refused(create, name="n", description="") == (
        400,
        "BadRequestException",
        "Description cannot be an empty string",
    )
    assert refused(create, name="n", minimumCompressionSize=-1)[2] == (
        "Invalid minimum compression size, must be between 0 and 10485760"
    )


def test_update_rest_api(api: Api) -> None:
    """Recorded: binary media types by escaped path, scalars by replace, texts of what is refused."""
    update = api.client.update_rest_api

    def patch(*operations: tuple[str, str, str]) -> dict[str, Any]:
        answer: dict[str, Any] = update(restApiId=api.id, patchOperations=patches(*operations))
        return answer

    answer = patch(
        ("add", "/binaryMediaTypes/image~1png", ""),
        ("add", "/binaryMediaTypes/image~1jpeg", ""),
        ("replace", "/name", "new"),
        ("replace", "/minimumCompressionSize", "10"),
        ("replace", "/endpointConfiguration/types/EDGE", "REGIONAL"),
    )
    assert answer["binaryMediaTypes"] == ["image/png", "image/jpeg"]
    assert (answer["name"], answer["minimumCompressionSize"], answer["tags"]) == ("new", 10, {})
    assert answer["endpointConfiguration"]["types"] == ["REGIONAL"]
    answer = patch(
        ("remove", "/binaryMediaTypes/image~1png", ""),
        ("replace", "/minimumCompressionSize", ""),
        ("replace", "/endpointConfiguration/types/0", "EDGE"),
    )
    assert answer["binaryMediaTypes"] == ["image/jpeg"]
    assert "minimumCompressionSize" not in answer
    assert answer["endpointConfiguration"]["types"] == ["EDGE"]

    def failure(op: str, path: str, value: str = "x") -> str:
        return refused(update, restApiId=api.id, patchOperations=patches((op, path, value)))[2]

    assert failure("add", "/binaryMediaTypes") == "Invalid patch path /binaryMediaTypes"
    assert failure("replace", "/wrong") == "Invalid patch path /wrong"
    assert failure("add", "/minimumCompressionSize", "10") == (
        "Invalid patch operation specified. Must be one of: [replace]"
    )
    assert failure("replace", "/minimumCompressionSize", "-1") == (
        "Invalid minimum compression size, must be between 0 and 10485760"
    )


def test_a_refused_patch_changes_nothing(api: Api) -> None:
    """Half of the operations are not applied."""
    operations = patches(("replace", "/name", "new"), ("replace", "/wrong", "x"))
    refused(api.client.update_rest_api, restApiId=api.id, patchOperations=operations)
    assert api.client.get_rest_api(restApiId=api.id)["name"] == "api"


def test_lists_come_in_pages(aws: Aws) -> None:
    """Model: position and limit."""
    for number in range(5):
        Api(aws, f"api{number}")
    client = aws.client("apigateway")
    names = [
        [item["name"] for item in found["items"]]
        for found in client.get_paginator("get_rest_apis").paginate(PaginationConfig={"PageSize": 2})
    ]
    assert names == [["api0", "api1"], ["api2", "api3"], ["api4"]]
    assert refused(client.get_rest_apis, position="x")[1] == "BadRequestException"


def test_tags(api: Api) -> None:
    """Model: tags of APIs and stages by ARN."""
    api.mock("/")
    api.deploy()
    for arn in (
        f"arn:aws:apigateway:{REGION}::/restapis/{api.id}",
        f"arn:aws:apigateway:{REGION}::/restapis/{api.id}/stages/test",
    ):
        api.client.tag_resource(resourceArn=arn, tags={"a": "1", "b": "2"})
        api.client.untag_resource(resourceArn=arn, tagKeys=["a"])
        assert api.client.get_tags(resourceArn=arn)["tags"] == {"b": "2"}
    assert api.client.get_stage(restApiId=api.id, stageName="test")["tags"] == {"b": "2"}


# -- resources --------------------------------------------------------------------------------------------------


def test_resource_tree(api: Api) -> None:
    """Recorded: paths follow their parents; deletion takes what is below."""
    pets = api.resource("/pets")
    sub = api.resource("/pets/sub")
    update = api.client.update_resource
    renamed = update(restApiId=api.id, resourceId=pets, patchOperations=patches(("replace", "/pathPart", "dogs")))
    assert without_metadata(renamed) == {"id": pets, "parentId": api.root, "pathPart": "dogs", "path": "/dogs"}
    assert api.client.get_resource(restApiId=api.id, resourceId=sub)["path"] == "/dogs/sub"
    cyclic = patches(("replace", "/parentId", sub))
    assert refused(update, restApiId=api.id, resourceId=pets, patchOperations=cyclic)[2] == (
        "Resources cannot be cyclical."
    )
    api.client.delete_resource(restApiId=api.id, resourceId=pets)
    assert [item["path"] for item in api.client.get_resources(restApiId=api.id)["items"]] == ["/"]


def test_resource_errors(api: Api) -> None:
    """Recorded texts."""
    create, update = api.client.create_resource, api.client.update_resource

    def failure(parent: str, part: str) -> tuple[int, str, str]:
        return refused(create, restApiId=api.id, parentId=parent, pathPart=part)

    greedy = api.resource("/{proxy+}")
    assert failure(api.root, "{other}") == (
        400,
        "BadRequestException",
        "A sibling ({proxy+}) of this resource already has a variable path part -- only one is allowed",
    )
    assert failure(greedy, "child")[2] == "Cannot create a child of a resource with a greedy path variable: {proxy+}"
    pets = api.resource("/pets")
    assert failure(api.root, "pets") == (
        409,
        "ConflictException",
        "Another resource with the same parent already has this name: pets",
    )
    assert failure(api.root, "a b")[2].startswith("Resource's path part only allow")
    for op, path, text in (
        ("replace", "/invalid", "'/invalid' specified for op 'replace'. Must be one of: [/parentId, /pathPart]"),
        ("remove", "/pathPart", "'/pathPart' specified for op 'remove'. Please choose supported operations"),
    ):
        message = refused(update, restApiId=api.id, resourceId=pets, patchOperations=patches((op, path, "x")))[2]
        assert message == f"Invalid patch path  {text}"


# -- methods, integrations --------------------------------------------------------------------------------------


def test_get_method_shows_everything(api: Api) -> None:
    """Recorded: GetMethod has integration and responses in it; defaults are filled in."""
    integration = kinesis_integration("s")
    headers = {"method.response.header.X": "'v'"}
    api.method("/p", "POST", integration, {"200": {"responseParameters": headers, "selectionPattern": "2\\d{2}"}})
    where = {"restApiId": api.id, "resourceId": api.resource("/p"), "httpMethod": "POST"}
    assert without_metadata(api.client.get_method(**where)) == {
        "httpMethod": "POST",
        "authorizationType": "NONE",
        "apiKeyRequired": False,
        "methodResponses": {
            "200": {"statusCode": "200", "responseParameters": {"method.response.header.X": False}},
        },
        "methodIntegration": {
            "type": "AWS",
            "httpMethod": "POST",
            "uri": integration["uri"],
            "credentials": integration["credentials"],
            "requestTemplates": integration["requestTemplates"],
            "passthroughBehavior": "WHEN_NO_MATCH",
            "timeoutInMillis": 29000,
            "cacheNamespace": api.resource("/p"),
            "cacheKeyParameters": [],
            "integrationResponses": {
                "200": {"statusCode": "200", "selectionPattern": "2\\d{2}", "responseParameters": headers},
            },
        },
    }
    found = api.client.get_resources(restApiId=api.id, embed=["methods"])["items"]
    assert found[1]["resourceMethods"]["POST"]["methodIntegration"]["type"] == "AWS"
    assert api.client.get_resources(restApiId=api.id)["items"][1]["resourceMethods"] == {"POST": {}}
    assert refused(api.client.put_method, **where, authorizationType="NONE")[:2] == (409, "ConflictException")


def test_method_errors(api: Api) -> None:
    """Recorded texts."""
    where = {"restApiId": api.id, "resourceId": api.root}

    def failure(http_method: str = "GET", **members: Any) -> str:
        all_members = {"authorizationType": "NONE", **members}
        return refused(api.client.put_method, **where, httpMethod=http_method, **all_members)[2]

    assert failure("FAKE") == (
        "Invalid HttpMethod specified. Valid options are GET,PUT,POST,DELETE,PATCH,OPTIONS,HEAD,ANY"
    )
    assert failure(authorizationType="CUSTOM") == (
        "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires a "
        "valid authorizer."
    )
    assert failure(requestValidatorId="none") == "Invalid Request Validator identifier specified"
    assert failure(requestModels={"application/json": "none"}) == "Invalid model identifier specified: none"
    twice = {"method.request.header.a": True, "method.request.querystring.a": True}
    assert failure(requestParameters=twice) == "Parameter names must be unique across querystring, header and path"


def test_update_method(api: Api) -> None:
    """Recorded: maps by escaped key, texts for what cannot be patched."""
    where = {"restApiId": api.id, "resourceId": api.root, "httpMethod": "ANY"}
    api.client.put_method(**where, authorizationType="NONE")
    update = api.client.update_method
    answer = update(
        **where,
        patchOperations=patches(
            ("add", "/requestParameters/method.request.querystring.q", "true"),
            ("add", "/requestModels/application~1json", "Empty"),
            ("replace", "/apiKeyRequired", "true"),
            ("replace", "/operationName", "Name"),
        ),
    )
    assert answer["requestParameters"] == {"method.request.querystring.q": True}
    assert answer["requestModels"] == {"application/json": "Empty"}
    assert (answer["apiKeyRequired"], answer["operationName"]) == (True, "Name")
    answer = update(
        **where,
        patchOperations=patches(
            ("remove", "/requestParameters/method.request.querystring.q", ""),
            ("remove", "/requestModels/application~1json", ""),
        ),
    )
    assert "requestParameters" not in answer and "requestModels" not in answer
    for op, path, text in (
        ("replace", "/httpMethod", "Invalid patch path /httpMethod"),
        ("add", "/requestParameters", "Invalid patch path /requestParameters"),
        ("add", "/requestModels/application/json", "Invalid patch path /requestModels/application/json"),
        ("add", "/apiKeyRequired", "Invalid patch operation specified. Must be one of: [replace]"),
    ):
        assert refused(update, **where, patchOperations=patches((op, path, "x")))[2] == text


def test_integration_errors(api: Api) -> None:
    """D3: what AWS does not take as an integration."""
    where = {"restApiId": api.id, "resourceId": api.root, "httpMethod": "GET"}
    api.client.put_method(**where, authorizationType="NONE")

    def failure(**members: Any) -> str:
        return refused(api.client.put_integration, **where, **members)[2]

    aws_type = {"type": "AWS", "integrationHttpMethod": "POST"}
    assert failure(type="AWS", uri="arn:x") == "Enumeration value for HttpMethod must be non-empty"
    assert failure(**aws_type, uri="https://x") == "Invalid ARN specified in the request"
    assert failure(**aws_type, uri="arn:aws:kinesis:us-east-1::x") == (
        "AWS ARN for integration must contain path or action"
    )
    assert failure(**{**aws_type, "type": "AWS_PROXY"}, uri=kinesis_integration("s")["uri"]).startswith(
        "Integrations of type 'AWS_PROXY' currently only supports Lambda"
    )
    undeclared = {"integration.request.path.p": "method.request.path.p"}
    assert failure(type="MOCK", requestParameters=undeclared) == (
        "Invalid mapping expression specified: Validation Result: warnings : [], errors : "
        "[Invalid mapping expression parameter specified: method.request.path.p]"
    )
    assert failure(type="MOCK", timeoutInMillis=10) == "Timeout should be between 50 ms and 29000 ms"


def test_update_integration(api: Api) -> None:
    """Model: what Terraform patches."""
    api.method("/p", "GET", {"type": "HTTP", "integrationHttpMethod": "GET", "uri": "http://127.0.0.1:1/"}, {"200": {}})
    where = {"restApiId": api.id, "resourceId": api.resource("/p"), "httpMethod": "GET"}
    answer = api.client.update_integration(
        **where,
        patchOperations=patches(
            ("replace", "/uri", "http://127.0.0.1:2/"),
            ("replace", "/httpMethod", "PUT"),
            ("replace", "/timeoutInMillis", "500"),
            ("add", "/requestTemplates/application~1json", "{}"),
            ("add", "/requestParameters/integration.request.header.x", "'y'"),
        ),
    )
    assert answer["connectionType"] == "INTERNET"
    assert (answer["uri"], answer["httpMethod"], answer["timeoutInMillis"]) == ("http://127.0.0.1:2/", "PUT", 500)
    assert answer["requestTemplates"] == {"application/json": "{}"}
    assert answer["requestParameters"] == {"integration.request.header.x": "'y'"}
    assert answer["integrationResponses"] == {"200": {"statusCode": "200"}}
    response = api.client.update_integration_response(
        **where, statusCode="200", patchOperations=patches(("replace", "/selectionPattern", "2.."))
    )
    assert response["selectionPattern"] == "2.."


# -- models, gateway responses ----------------------------------------------------------------------------------


def test_models(api: Api) -> None:
    """Recorded: the default models, errors, no deletion while a method refers to it."""
    client = api.client
    assert [model["name"] for model in client.get_models(restApiId=api.id)["items"]] == ["Empty", "Error"]
    assert json.loads(client.get_model(restApiId=api.id, modelName="Empty")["schema"])["title"] == "Empty Schema"
    new = {"restApiId": api.id, "name": "M", "contentType": "application/json"}
    assert refused(client.create_model, **new)[2] == (
        "Model schema must have at least 1 property or array items defined"
    )
    client.create_model(**new, schema='{"type": "object"}')
    assert refused(client.create_model, **new, schema="{}")[:2] == (409, "ConflictException")
    api.mock("/p", "ANY", requestModels={"application/json": "M"})
    assert refused(client.delete_model, restApiId=api.id, modelName="M")[2] == (
        "Cannot delete model 'M', is referenced in method request: /p/ANY"
    )
    wrong = patches(("replace", "/name", "x"))
    assert refused(client.update_model, restApiId=api.id, modelName="M", patchOperations=wrong)[2] == (
        "Invalid patch path  '/name' specified for op 'replace'. Must be one of: [/description, /schema]"
    )


def test_gateway_response_documents(api: Api) -> None:
    """Recorded: defaults, what Put fills in, DEFAULT_5XX shining through."""
    client, here = api.client, {"restApiId": api.id}
    default = {
        "responseType": "MISSING_AUTHENTICATION_TOKEN",
        "statusCode": "403",
        "responseParameters": {},
        "responseTemplates": {"application/json": '{"message":$context.error.messageString}'},
        "defaultResponse": True,
    }
    kind = {"responseType": "MISSING_AUTHENTICATION_TOKEN"}
    assert without_metadata(client.get_gateway_response(**here, **kind)) == default
    put = client.put_gateway_response(**here, **kind, statusCode="404")
    assert without_metadata(put) == default | {"statusCode": "404", "defaultResponse": False}
    client.put_gateway_response(**here, responseType="DEFAULT_5XX", statusCode="599")
    shown = client.get_gateway_response(**here, responseType="INTEGRATION_TIMEOUT")
    assert (shown["statusCode"], shown["defaultResponse"]) == ("599", True)
    assert len(client.get_gateway_responses(**here)["items"]) == 21
    client.delete_gateway_response(**here, **kind)
    assert without_metadata(client.get_gateway_response(**here, **kind)) == default
    update = client.update_gateway_response
    changed = update(**here, responseType="DEFAULT_4XX", patchOperations=patches(("replace", "/statusCode", "444")))
    assert (changed["statusCode"], changed["defaultResponse"]) == ("444", False)
    for op, path, text in (
        ("add", "/statusCode", "Invalid patch path /statusCode"),
        ("replace", "/wrongPath", "Invalid patch path /wrongPath"),
        ("replace", "/responseParameters/gatewayresponse.header.none", "Invalid parameter name specified"),
    ):
        assert refused(update, **here, **kind, patchOperations=patches((op, path, "500")))[2] == text


# -- deployments, stages ----------------------------------------------------------------------------------------


def test_an_api_must_be_complete_to_be_deployed(api: Api) -> None:
    """D8: no methods; a method without integration; a response that the method does not declare."""
    create = api.client.create_deployment
    assert refused(create, restApiId=api.id)[2] == "The REST API doesn't contain any methods"
    where = {"restApiId": api.id, "resourceId": api.root, "httpMethod": "GET"}
    api.client.put_method(**where, authorizationType="NONE")
    assert refused(create, restApiId=api.id)[2] == "No integration defined for method"
    api.client.put_integration(**where, type="MOCK")
    api.client.put_integration_response(**where, statusCode="200")
    assert refused(create, restApiId=api.id)[2] == "Output mapping refers to an invalid method response: 200"


def test_changes_show_after_a_deployment_only(api: Api) -> None:
    """D8: a stage runs a snapshot; pointing it back brings the old one back."""
    api.mock("/p", body="one")
    first = api.deploy()
    assert api.send("GET", "/test/p").text == "one"
    api.client.update_integration_response(
        restApiId=api.id,
        resourceId=api.resource("/p"),
        httpMethod="GET",
        statusCode="200",
        patchOperations=patches(("replace", "/responseTemplates/application~1json", "two")),
    )
    assert api.send("GET", "/test/p").text == "one"
    second = api.deploy()
    assert api.send("GET", "/test/p").text == "two"
    api.patch_stage("test", ("replace", "/deploymentId", first))
    assert api.send("GET", "/test/p").text == "one"
    assert refused(api.client.delete_deployment, restApiId=api.id, deploymentId=first)[2] == (
        "Active stages pointing to this deployment must be moved or deleted"
    )
    api.client.delete_deployment(restApiId=api.id, deploymentId=second)
    api.client.delete_stage(restApiId=api.id, stageName="test")
    assert api.send("GET", "/test/p").status_code == 403
    summary = api.client.get_deployment(restApiId=api.id, deploymentId=first, embed=["apisummary"])["apiSummary"]
    assert summary == {"/p": {"GET": {"authorizationType": "NONE", "apiKeyRequired": False}}}


def test_a_change_before_the_first_request_does_not_show(api: Api) -> None:
    """D8: the snapshot is taken when the deployment is made, not when it is first used."""
    api.mock("/p", body="one")
    api.deploy()
    where = {"restApiId": api.id, "resourceId": api.resource("/p"), "httpMethod": "GET"}
    change = patches(("replace", "/responseTemplates/application~1json", "two"))
    api.client.update_integration_response(**where, statusCode="200", patchOperations=change)
    api.client.delete_method(restApiId=api.id, resourceId=api.resource("/p"), httpMethod="GET")
    assert api.send("GET", "/test/p").text == "one"


def test_a_new_stage(api: Api) -> None:
    """Recorded: members of a stage."""
    api.mock("/")
    deployment = api.client.create_deployment(restApiId=api.id)["id"]
    create = api.client.create_stage
    members = {"restApiId": api.id, "stageName": "s1", "deploymentId": deployment}
    made = without_metadata(create(**members, description="d", variables={"a": "b"}))
    assert made.pop("createdDate") == made.pop("lastUpdatedDate")
    assert made == {
        "stageName": "s1",
        "deploymentId": deployment,
        "description": "d",
        "cacheClusterEnabled": False,
        "cacheClusterStatus": "NOT_AVAILABLE",
        "methodSettings": {},
        "tracingEnabled": False,
        "variables": {"a": "b"},
    }
    assert refused(create, **members) == (409, "ConflictException", "Stage already exists")
    other = members | {"stageName": "s2"}
    assert refused(create, **other, cacheClusterEnabled=True, cacheClusterSize="0.5")[:2] == (501, "NotEmulated")
    assert refused(create, **other, canarySettings={"percentTraffic": 1.0})[:2] == (501, "NotEmulated")
    assert [stage["stageName"] for stage in api.client.get_stages(restApiId=api.id)["item"]] == ["s1"]


@pytest.mark.parametrize("key", ["test/GET", "events/orders/POST", "~1events~1orders/POST", "*/*"])
def test_method_settings_with_slashes_in_the_path(api: Api, key: str) -> None:
    """D8: the resource path of a method setting may hold slashes, escaped or not; the key stays as it was sent."""
    api.mock("/events/orders", "POST")
    api.deploy()
    answer = api.patch_stage(
        "test",
        ("replace", f"/{key}/throttling/rateLimit", "100.5"),
        ("replace", f"/{key}/metrics/enabled", "true"),
    )
    assert answer["methodSettings"] == {
        key: {
            "metricsEnabled": True,
            "dataTraceEnabled": False,
            "throttlingBurstLimit": 5000,
            "throttlingRateLimit": 100.5,
            "cachingEnabled": False,
            "cacheTtlInSeconds": 300,
            "cacheDataEncrypted": False,
            "requireAuthorizationForCacheControl": True,
            "unauthorizedCacheControlHeaderStrategy": "SUCCEED_WITH_RESPONSE_HEADER",
        }
    }
    assert api.patch_stage("test", ("remove", f"/{key}", ""))["methodSettings"] == {}
    with pytest.raises(ClientError, match="because there is no method setting for this method"):
        api.patch_stage("test", ("remove", f"/{key}", ""))


def test_stage_errors(api: Api) -> None:
    """Recorded texts."""
    api.mock("/")
    api.deploy()
    update = api.client.update_stage

    def failure(op: str, path: str, value: str) -> str:
        operations = patches((op, path, value))
        return refused(update, restApiId=api.id, stageName="test", patchOperations=operations)[2]

    for path in ("/documentation_version", "/tags/tag1"):
        assert failure("replace", path, "x").startswith(f"Invalid method setting path: {path}. Must be one of: [/dep")
    assert failure("replace", "/accessLogSettings/wrong", "x") == (
        "Invalid accessLogSettings path. Must be one of : [/accessLogSettings/destinationArn, "
        "/accessLogSettings/format]"
    )
    assert failure("replace", "/*/*/logging/loglevel", "INFO") == (
        "CloudWatch Logs role ARN must be set in account settings to enable logging"
    )
