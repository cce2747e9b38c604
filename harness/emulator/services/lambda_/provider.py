"""The Lambda service: control plane, invocation, asynchronous queue (C1–C7)."""

from __future__ import annotations

from harness.emulator.services.lambda_.functions import Functions
from harness.emulator.services.lambda_.invoke import Invoke
from harness.emulator.services.lambda_.settings import Settings


class Lambda(Functions, Settings, Invoke):
    """Functions run as real processes that speak the Runtime API."""

    async def start(self) -> None:
        self.fleet.start()
        self.resume_events()

    async def stop(self) -> None:
        await self.fleet.stop()
