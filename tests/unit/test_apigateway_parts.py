"""Parts of API Gateway's execution on their own: routes, limits, substitution, policies (D1, D4, D6, D8)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.emulator.budget import Budget
from harness.emulator.errors import AwsError
from harness.emulator.services.apigateway import method_settings, policies
from harness.emulator.services.apigateway.execution.aws_integration import fill_path, parse
from harness.emulator.services.apigateway.execution.failure import Failure
from harness.emulator.services.apigateway.execution.mapping import source
from harness.emulator.services.apigateway.execution.quota_period import quota_period
from harness.emulator.services.apigateway.execution.routes import Routes
from harness.emulator.services.apigateway.execution.template_objects import escape_java_script
from harness.emulator.services.apigateway.patch import Patchable, integer, text

NOVEMBER_20 = 1795132800.0  # 2026-11-20 00:00 UTC, a Friday


def routes(*paths: str) -> Routes[str]:
    tree: Routes[str] = Routes()
    for path in paths:
        tree.add(path, path)
    return tree


@pytest.mark.parametrize("path", ["/", "/a", "/a/", "/a/b/c", "/b", "/a//c", "//"])
def test_routes_that_do_not_match(path: str) -> None:
    """D1: no resource, or one without methods (which is not added)."""
    assert routes("/a/{x}").match(path) is None


@pytest.mark.parametrize(
    ("path", "found", "parameters"),
    [
        ("/", "/", {}),
        ("/a/b", "/a/b", {}),
        ("/a/b/", "/a/b", {}),
        ("/a/%62", "/a/b", {}),
        ("/a/c", "/a/{x}", {"x": "c"}),
        ("/a/b/c", "/{p+}", {"p": "a/b/c"}),
        ("/a/c/d", "/a/{x}/d", {"x": "c"}),
        ("/z%2Fz", "/{p+}", {"p": "z/z"}),
    ],
)
def test_routes(path: str, found: str, parameters: dict[str, str]) -> None:
    """D1: static, then {param}, then {proxy+}; parameters are decoded."""
    assert routes("/", "/a/b", "/a/{x}", "/a/{x}/d", "/{p+}").match(path) == (found, parameters)


SEGMENT = st.from_regex(r"[a-z0-9]{1,4}", fullmatch=True)


@given(st.lists(st.lists(SEGMENT, min_size=1, max_size=4), min_size=1, max_size=6), st.text(max_size=20))
def test_every_static_route_is_found_and_no_path_breaks_the_tree(paths: list[list[str]], other: str) -> None:
    written = ["/" + "/".join(parts) for parts in paths]
    tree = routes(*written)
    assert all(tree.match(path) == (path, {}) for path in written)
    tree.match("/" + other)


@pytest.mark.parametrize(
    ("period", "offset", "start"),
    [
        ("DAY", 0, "2026-11-20"),
        ("WEEK", 0, "2026-11-15"),
        ("WEEK", 1, "2026-11-16"),
        ("WEEK", 6, "2026-11-14"),
        ("MONTH", 0, "2026-11-01"),
        ("MONTH", 10, "2026-11-11"),
        ("MONTH", 25, "2026-10-26"),
    ],
)
def test_quota_periods(period: str, offset: int, start: str) -> None:
    """D6: WEEK from Sunday, MONTH from the first, moved by the offset in days."""
    assert quota_period(period, offset, NOVEMBER_20 + 3600) == start


def test_method_settings_are_found_by_path_in_any_form() -> None:
    """D8."""
    settings = {"*/*": {"a": 1}, "~1events~1orders/POST": {"a": 2}, "x/GET": {"a": 3}}
    find = method_settings.setting_for
    assert find(settings, "/events/orders", "POST") == {"a": 2}
    assert find(settings, "/x", "GET") == {"a": 3}
    assert find(settings, "/x", "POST") == {"a": 1}
    assert find({"x/GET": {}}, "/y", "GET") == {}


@pytest.mark.parametrize(
    "path",
    ["/x/GET/throttling", "/GET/throttling/rateLimit", "/x/FAKE/throttling/rateLimit", "/x/GET/no/such", "x", ""],
)
def test_bad_method_setting_paths(path: str) -> None:
    with pytest.raises(AwsError, match="Invalid method setting path"):
        method_settings.patch({}, {"op": "replace", "path": path, "value": "1"})


@pytest.mark.parametrize(
    "expression",
    ["", "x", "method.request.cookie.a", "method.response.header.x", "integration.response.status", "'open",
        "context.nonsense",
     "method.request.body.$.a[?(@.b)]"],
)  # fmt: skip
def test_mapping_expressions_that_do_not_exist(expression: str) -> None:
    """D3."""
    with pytest.raises(ValueError):
        source(expression)


@pytest.mark.parametrize(
    "uri",
    [
        "arn:aws:lambda:us-east-1:000000000000:function:f",
        "arn:aws:apigateway:us-east-1:nosuchservice:action/Do",
        "arn:aws:apigateway:us-east-1:lambda:action/Invoke",
        "https://example.com",
    ],
)
def test_bad_integration_uris(uri: str) -> None:
    """D3."""
    with pytest.raises(Failure):
        parse(uri)


@pytest.mark.parametrize(
    ("uri", "service", "headers", "query"),
    [
        (
            "kinesis:action/PutRecord",
            "kinesis",
            {"content-type": "application/x-amz-json-1.1", "x-amz-target": "Kinesis_20131202.PutRecord"},
            "",
        ),
        (
            "states:action/StartExecution",
            "stepfunctions",
            {"content-type": "application/x-amz-json-1.0", "x-amz-target": "AWSStepFunctions.StartExecution"},
            "",
        ),
        (
            "sns:action/Publish",
            "sns",
            {"content-type": "application/x-www-form-urlencoded"},
            "Action=Publish&Version=2010-03-31",
        ),
    ],
)
def test_actions_become_headers(uri: str, service: str, headers: dict[str, str], query: str) -> None:
    """D3: X-Amz-Target and content type from the action."""
    target = parse(f"arn:aws:apigateway:eu-west-1:{uri}")
    assert (target.service, target.region, dict(target.headers), target.query) == (service, "eu-west-1", headers, query)


def test_paths_are_filled_and_encoded() -> None:
    """D3."""
    assert fill_path("/{bucket}/{key}", {"bucket": ["b"], "key": ["a b/c?d"]}) == "/b/a%20b/c%3Fd"
    assert fill_path("http://h/{proxy+}", {"proxy": ["x/y"]}) == "http://h/x/y"
    with pytest.raises(Failure):
        fill_path("/{none}", {})


@given(st.text(st.characters(exclude_characters="'", exclude_categories=["Cs"])))
def test_escaped_text_is_a_json_string(value: str) -> None:
    """D4: but for the single quote, `escapeJavaScript` gives valid JSON."""
    assert json.loads(f'"{escape_java_script(Budget(steps=1000, size=0, seconds=5), None, value)}"') == value


def test_policies() -> None:
    """D1: short resources are written out; what is no policy, or speaks of nobody, is refused."""
    arn = "arn:aws:execute-api:us-east-1:000000000000:abc"
    statement: dict[str, Any] = {"Effect": "Allow", "Principal": "*", "Action": "execute-api:*"}
    short = json.dumps({"Statement": {**statement, "Resource": ["execute-api:/*/GET/a", f"{arn}/x"]}})
    whole = json.loads(policies.with_whole_arns(json.dumps(short), arn))
    assert whole["Statement"] == [{**statement, "Resource": [f"{arn}/*/GET/a", f"{arn}/x"]}]
    policies.check(short)
    nobody = json.dumps({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
    for bad in ("", "[]", "{}", '{"Statement": 1}', nobody):
        with pytest.raises(AwsError, match="Invalid policy document"):
            policies.check(bad)


def test_patches_of_nested_members_and_lists() -> None:
    """Model: JSON pointers."""
    patchable = Patchable(
        scalars={"/a/b": integer, "/name": text},
        removable=frozenset({"/a"}),
        maps={"/m": text},
        lists=frozenset({"/l"}),
    )
    document: dict[str, Any] = {}

    def patch(op: str, path: str, value: str = "") -> None:
        patchable.apply(document, [{"op": op, "path": path, "value": value}])

    patch("replace", "/a/b", "1")
    patch("add", "/m/x~1y~0z", "v")
    patch("add", "/l/one~1two")
    assert document == {"a": {"b": 1}, "m": {"x/y~z": "v"}, "l": ["one/two"]}
    patch("remove", "/a")
    patch("remove", "/m/x~1y~0z")
    patch("remove", "/l/one~1two")
    assert document == {}
    for op, path in (
        ("replace", ""),
        ("replace", "/none"),
        ("remove", "/m/none"),
        ("copy", "/m/x"),
        ("replace", "/a/b"),
    ):
        with pytest.raises(AwsError):
            patch(op, path, "x" if path != "/a/b" else "no number")
