"""jq 1.6 on a newer jq (A13): the expected values are what jq 1.6 itself answered."""

from __future__ import annotations

from typing import Any

import pytest

from harness.emulator.services.firehose.partitioning import jq_child


@pytest.mark.parametrize(
    ("query", "data", "value"),
    [
        (".a", "12345678901234567890", "12345678901234567000"),
        (".a", "123456789012345678", "123456789012345680"),
        (".a", "1e17", "1e+17"),
        (".a", "0.00001", "1e-05"),
        (".a", "1E5", "100000"),
        (".a", "1.10", "1.1"),
        (".a", "1e1000", "1.7976931348623157e+308"),
        (".a|tostring", "1.10", "1.1"),
        ('"x\\(.a)"', "1.0", "x1"),
        ("[.a]|tojson", "1.10", "[1.1]"),
        ('"1.10"|tonumber|tostring', "0", "1.1"),
        ('" 1 "|tonumber', "0", "1"),
        ('.a|ltrimstr("a")', "1", "1"),
        ("[limit(-1;1,2)]", "0", [1, 2]),
        ("last(empty)", "0", None),
        ("nth(5;1,2)", "0", "2"),
        ("env", "0", {}),
        ("$ENV", "0", {}),
        ("[inputs]", "0", []),
        ("10|pow10", "0", "10000000000"),
        ("[[1]|leaf_paths]", "0", [[0]]),
    ],
)
def test_results_are_those_of_jq_1_6(query: str, data: str, value: Any) -> None:
    assert jq_child.keys_of(f"{{c:({query})}}", b'{"a":%b}' % data.encode()) == {"c": value}


NEWER = ["abs", "add(.a)", "debug(1)", "have_decnum", "have_literal_numbers", "ltrim", "pick(.a)", "rtrim",
         'scan("a";"i")', "skip(1;1,2)", "toboolean", "trim", 'trimstr("a")']  # fmt: skip


@pytest.mark.parametrize("call", NEWER)
def test_functions_that_jq_1_6_lacks_are_refused_by_name(call: str) -> None:
    name = call.partition("(")[0]
    with pytest.raises(ValueError, match="not defined") as caught:
        jq_child.check(f"{{c:{call}}}")
    assert f"{name}/{call.count(';') + 1 if '(' in call else 0} is not defined" in jq_child.explain(caught.value)


def test_a_query_may_define_what_jq_1_6_lacks() -> None:
    assert jq_child.keys_of("def pick(f): 7; {c:pick(.a)}", b"{}") == {"c": "7"}
