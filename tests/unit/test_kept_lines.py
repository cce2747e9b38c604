"""What `up`, `status` and pytest say of settings without effect."""

from __future__ import annotations

from harness.targets.kept import kept_lines


def one(service: str, name: str, setting: str) -> dict[str, str]:
    return {"service": service, "resource": f"arn:aws:{service}:us-east-1:000000000000:{name}", "setting": setting}


def test_nothing_kept_says_nothing() -> None:
    assert kept_lines([]) == []


def test_one() -> None:
    assert kept_lines([one("lambda", "function:orders", "VpcConfig")]) == [
        "1 setting is kept without effect here (docs/kept.md; --strict refuses them):",
        "  lambda VpcConfig: function:orders",
    ]


def test_many_of_a_kind_are_one_line() -> None:
    kept = [one("lambda", f"function:f{number}", "VpcConfig") for number in range(5)]
    assert kept_lines([*kept, one("s3", "", "BucketLoggingStatus")]) == [
        "6 settings are kept without effect here (docs/kept.md; --strict refuses them):",
        "  lambda VpcConfig: function:f0, function:f1, function:f2 and 2 more",
        "  s3 BucketLoggingStatus: ",
    ]
