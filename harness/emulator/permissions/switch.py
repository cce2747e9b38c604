"""Whether permissions are enforced. Off, nothing of IAM stands on the bus, and nothing of it is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol, get_args, runtime_checkable

if TYPE_CHECKING:
    from harness.emulator.permissions.directory import Directory
    from harness.emulator.permissions.enforcement import Enforcement
    from harness.emulator.world import World

Mode = Literal["off", "enforce"]
MODES: tuple[Mode, ...] = get_args(Mode)


@runtime_checkable
class KnowsIdentities(Protocol):
    """What an upstream needs to offer for permissions to be enforced."""

    def directory(self) -> Directory:
        """Its users, roles and policies."""


class Permissions:
    """One world's switch."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.enforcement: Enforcement | None = None
        """What checks permissions; None while the mode is `off`."""
        self.initial: Mode = "off"
        """The mode that a reset or a restored snapshot goes back to."""

    @property
    def mode(self) -> Mode:
        return "off" if self.enforcement is None else "enforce"

    def switch(self, mode: Mode) -> None:
        """Raises ValueError for enforcing without an upstream that has IAM."""
        if mode == self.mode:
            return
        interceptors = self.world.bus.interceptors
        if self.enforcement is not None:
            interceptors.remove(self.enforcement.intercept)
            self.enforcement = None
            return
        from harness.emulator.permissions.enforcement import Enforcement

        upstream: object = self.world.upstream
        if not isinstance(upstream, KnowsIdentities):
            raise ValueError("there is no IAM to ask")
        self.enforcement = Enforcement(self.world, upstream.directory())
        # Before faults: what is not allowed does not get that far.
        interceptors.insert(0, self.enforcement.intercept)

    def restored(self) -> None:
        """All state was replaced."""
        self.switch(self.initial)
        if self.enforcement is not None:
            self.enforcement.forget()
