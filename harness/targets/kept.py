"""What a running emulator keeps without effect, as lines for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness.targets.admin import Admin, AdminError

_NAMES = 3


def kept_lines(kept: Iterable[Mapping[str, str]]) -> list[str]:
    """A heading with the number of settings, then a line for each kind of setting with the resources that have it;
    nothing where nothing is kept. `kept` as `/_harness/kept` answers it."""
    resources: dict[tuple[str, str], list[str]] = {}
    for one in kept:
        resources.setdefault((one["service"], one["setting"]), []).append(_short(one["resource"]))
    if not resources:
        return []
    number = sum(len(names) for names in resources.values())
    noun = "setting is" if number == 1 else "settings are"
    lines = [f"{number} {noun} kept without effect here (docs/kept.md; --strict refuses them):"]
    for (service, setting), names in resources.items():
        more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
        lines.append(f"  {service} {setting}: {', '.join(names[:_NAMES])}{more}")
    return lines


def kept_at(endpoint_url: str) -> list[str]:
    """The lines for the emulator there; nothing where it does not answer."""
    try:
        return kept_lines(Admin(endpoint_url).kept())
    except AdminError:
        return []


def _short(arn: str) -> str:
    """What follows the account in an ARN: `function:orders`."""
    return arn.split(":", 5)[-1]
