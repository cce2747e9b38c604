"""The Lambda service (section C): functions, invocation, asynchronous queue, event source mappings."""

from __future__ import annotations

from harness.emulator.call import Call
from harness.emulator.services.lambda_ import code_signing, configuration, names, provisioned
from harness.emulator.services.lambda_.event_source_mappings import EventSourceMappings
from harness.emulator.services.lambda_.function_urls import FunctionUrls
from harness.emulator.services.lambda_.functions import Functions
from harness.emulator.services.lambda_.invoke import THROTTLED
from harness.emulator.services.lambda_.provisioned import Provisioned
from harness.emulator.services.lambda_.settings import Settings


class Lambda(Functions, Settings, Provisioned, FunctionUrls, EventSourceMappings):
    """Functions run as real processes that speak the Runtime API."""

    kept = configuration.KEPT | {code_signing.SETTING, provisioned.SETTING}

    async def start(self) -> None:
        self.metrics.clear()
        self.fleet.start()
        self.resume_events()
        self.resume_mappings()

    def failed(self, call: Call, codes: list[str]) -> None:
        if call.operation == "Invoke" and THROTTLED in codes:
            name = names.parse(call.params["FunctionName"], call.caller, call.params.get("Qualifier"))
            self.metrics.add(name, "Throttles", 1)

    async def stop(self) -> None:
        await self.fleet.stop()
