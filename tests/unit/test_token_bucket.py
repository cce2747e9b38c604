"""The one token bucket, and the throttle of HTTP APIs that did not use it."""

from __future__ import annotations

import random

from hypothesis import example, given
from hypothesis import strategies as st

from harness.emulator.services.apigatewayv2.execution.throttle import Throttle
from harness.emulator.token_bucket import TokenBucket, take_all


def test_a_token_bucket() -> None:
    """D6."""
    bucket = TokenBucket(2.0, 3, 100.0)
    assert [bucket.take(100.0) for _ in range(4)] == [True, True, True, False]
    assert [bucket.take(100.5), bucket.take(100.5)] == [True, False]
    assert [bucket.take(200.0) for _ in range(4)] == [True, True, True, False]
    assert not TokenBucket(0.0, 0, 0.0).take(1000.0)
    assert all(TokenBucket(-1.0, -1, 0.0).take(0.0) for _ in range(10))


@given(st.floats(0.1, 100), st.integers(1, 50), st.lists(st.floats(0, 10), min_size=1, max_size=100))
def test_a_bucket_never_lets_more_through_than_burst_and_rate(rate: float, burst: int, pauses: list[float]) -> None:
    now, allowed, bucket = 0.0, 0, TokenBucket(rate, burst, 0.0)
    for pause in pauses:
        now += pause
        allowed += bucket.take(now)
    assert allowed <= burst + rate * now + 1e-6


@given(st.lists(st.tuples(st.floats(0, 3), st.integers(0, 8)), max_size=40))
@example([(1.363704419967374, 0), (2.460319580167345, 2), (0.0, 8)])  # a second refills 9.999999999999996
def test_several_buckets_give_all_or_nothing_and_time_refills_them(takes: list[tuple[float, int]]) -> None:
    buckets, now, given_out = (TokenBucket(5, 5, 0.0), TokenBucket(10, 10, 0.0)), 0.0, 0
    for passed, size in takes:
        now += passed
        if take_all(buckets, now, 1, size):
            given_out += size
    assert given_out <= 10 + now * 10 + 1e-4
    assert take_all(buckets, now + 1, 5, 10)
    assert not take_all(buckets, now + 1, 1, 0)


def test_a_route_admits_a_request_exactly_one_period_later() -> None:
    """D9: times are floats since the epoch, and a period's end must not be missed for their rounding."""
    rng = random.Random(5)
    refused = 0
    for _ in range(2_000):
        rate, now = rng.choice((1, 2, 3, 5, 10, 30)), 1.79e9 + rng.random() * 1e6
        stage = {"StageName": "s", "DefaultRouteSettings": _limits(rate, 1), "RouteSettings": {}}
        throttle = Throttle()
        assert throttle.admits("api", stage, "GET /", now)
        assert not throttle.admits("api", stage, "GET /", now + 0.5 / rate)
        refused += not throttle.admits("api", stage, "GET /", now + 1 / rate)
    assert refused == 0


def test_an_updated_route_keeps_what_was_used_up() -> None:
    throttle = Throttle()
    stage = {"StageName": "s", "DefaultRouteSettings": _limits(1, 2), "RouteSettings": {}}
    assert [throttle.admits("api", stage, "GET /", 0.0) for _ in range(3)] == [True, True, False]
    stage["DefaultRouteSettings"] = _limits(10, 20)
    assert [throttle.admits("api", stage, "GET /", 0.1) for _ in range(2)] == [True, False]


def _limits(rate: float, burst: int) -> dict[str, float]:
    return {"ThrottlingRateLimit": rate, "ThrottlingBurstLimit": burst}
