"""IAM: who calls, what the call demands, whether policies allow it. Off unless switched on (docs/permissions.md)."""

from harness.emulator.permissions.switch import MODES, Mode, Permissions

__all__ = ["MODES", "Mode", "Permissions"]
