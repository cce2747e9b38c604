"""The CloudWatch metrics of deployed APIs (D8): which sets of dimensions a request counts in."""

from __future__ import annotations

from collections.abc import Iterable

from harness.emulator.metrics import Group, Metric

_UNITS = {"Latency": "Milliseconds", "IntegrationLatency": "Milliseconds", "DataProcessed": "Bytes"}


def groups(
    namespace: str,
    account: str,
    region: str,
    api: tuple[str, str],
    stage: str,
    route: tuple[str, str] | None,
    names: Iterable[str],
) -> list[Group]:
    """A group for the API, one for its stage, and one for the route, (method, resource), if it is measured in detail.
    `api` is the dimension that names the API: its name and value."""
    sets = [(api,), (api, ("Stage", stage))]
    if route is not None:
        sets.append((api, ("Method", route[0]), ("Resource", route[1]), ("Stage", stage)))
    return [
        Group(Metric(account, region, namespace, name, _UNITS.get(name, "Count"), dimensions) for name in names)
        for dimensions in sets
    ]
