"""The stack on an emulator that has an endpoint behind it: applied once per run, and again from nothing where a test
destroyed some of what is behind. No warm start: no snapshot would hold the whole state."""

from __future__ import annotations

from dataclasses import dataclass

from harness.provision.stack import state_outputs
from harness.provision.stack_packages import make_packages_for
from harness.testing.topology import Provisioner, Topology, initialise, once_per_run

_SNAPSHOT = "pytest"


@dataclass(frozen=True)
class SplitProvisioner(Provisioner):
    """Applies through the emulator in front, and keeps the half that is there in the snapshot `snapshot`."""

    snapshot: str = _SNAPSHOT

    def provide(self) -> Topology:
        """By an apply. Raises Unobtainable, and Problem when the apply fails."""
        failed = self.workspace.home / "failed-run.json"
        with once_per_run(failed, self.options.run):
            # Only this is one worker's at a time: Terraform holds the stack's folder itself while it reads it.
            with self.workspace.lock("the stack"):
                make_packages_for(self.stack(), self.options.root)
                initialise(self.runner())
            return self.again()

    def again(self) -> Topology:
        """Apply to an empty pair, and take that for the first state. Raises Problem."""
        self._state.unlink(missing_ok=True)  # of what is gone, or of an earlier run whose emulator had the same port
        self.runner().apply()
        self.target.admin.save_snapshot(self.snapshot, here_only=True)
        return Topology(self.snapshot, state_outputs(self._state))
