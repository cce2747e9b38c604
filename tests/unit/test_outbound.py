"""Where requests may go (law 8): this machine, and hosts that were allowed by name."""

from __future__ import annotations

import pytest

from harness.emulator.outbound import Outbound


def test_without_a_name_only_this_machine_is_reached() -> None:
    outbound = Outbound()
    assert all(map(outbound.reaches, ("localhost", "127.0.0.1", "127.9.9.9", "::1", "api.localhost")))
    assert not any(map(outbound.reaches, ("", "receiver", "10.0.0.1", "log-api.newrelic.com", "127.0.0.1.example.com")))


@pytest.mark.parametrize("allowed", ["receiver", "Receiver.", "receiver.example.com", "10.0.0.1", "fd00::1", "my_sink"])
def test_an_allowed_host_is_reached_and_nothing_beside_it(allowed: str) -> None:
    outbound = Outbound([allowed])
    name = allowed.rstrip(".")
    assert outbound.reaches(name) and outbound.reaches(name.upper())
    assert not any(map(outbound.reaches, (f"x.{name}", f"{name}.example.org", f"x{name}", "example.com")))


@pytest.mark.parametrize(
    "host",
    ["", "*", "*.example.com", "http://receiver", "receiver:80", "a/b", "a b", "-a", "a..b", "a" * 254, "["],
)
def test_what_is_no_host_name_is_refused(host: str) -> None:
    with pytest.raises(ValueError, match="is not a host name"):
        Outbound([host])
