"""The Lambda service (section C): functions, invocation, asynchronous queue, event source mappings."""

from __future__ import annotations

from harness.emulator.services.lambda_.event_source_mappings import EventSourceMappings
from harness.emulator.services.lambda_.functions import Functions
from harness.emulator.services.lambda_.invoke import Invoke
from harness.emulator.services.lambda_.settings import Settings


class Lambda(Functions, Settings, Invoke, EventSourceMappings):
    """Functions run as real processes that speak the Runtime API."""

    async def start(self) -> None:
        self.fleet.start()
        self.resume_events()
        self.resume_mappings()

    async def stop(self) -> None:
        await self.fleet.stop()
