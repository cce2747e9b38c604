"""The real time that a test declares it needs: `@pytest.mark.harness_aws(seconds=300)`."""

from __future__ import annotations

import pytest

MARK = "harness_aws"


def declared_seconds(item: pytest.Item) -> float | None:
    """None where the test declares none. Raises UsageError for what is no time."""
    mark = item.get_closest_marker(MARK)
    if mark is None:
        return None
    seconds = mark.kwargs.get("seconds")
    if mark.args or not isinstance(seconds, int | float) or isinstance(seconds, bool) or seconds <= 0:
        raise pytest.UsageError(f"{item.nodeid}: {MARK} takes the seconds that the test needs: {MARK}(seconds=300).")
    return float(seconds)
