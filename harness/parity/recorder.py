"""Which operations a test calls, seen at its clients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.parity.outcome import OK, UNANSWERED, Call

if TYPE_CHECKING:
    import httpx

_KEY = "harness.parity"


class Recorder:
    """The calls since `begin`. A call counts as `unanswered` until its answer is there."""

    def __init__(self) -> None:
        self._answered: dict[Call, None] = {}
        self._open: list[str] = []
        self.last = ""
        self.services: set[str] = set()
        """Those that were called since it was emptied, over tests."""

    def begin(self) -> None:
        self._answered = {}
        self._open = []
        self.last = ""

    @property
    def calls(self) -> tuple[Call, ...]:
        """The distinct calls in the order of their answers, those without an answer last."""
        unanswered = (Call(operation, UNANSWERED) for operation in list(self._open))
        return tuple(dict.fromkeys([*self._answered, *unanswered]))

    def called(self, operation: str) -> None:
        self._open.append(operation)
        self.services.add(operation.partition(".")[0])
        self.last = operation

    def answered(self, operation: str, answer: str) -> None:
        if operation in self._open:  # else it is a call of an earlier test
            self._open.remove(operation)
            self._answered.setdefault(Call(operation, answer))

    # -- AWS clients ------------------------------------------------------------------------------------------------

    def watch(self, client: Any) -> None:
        """Note every call of a boto3 client."""
        events = client.meta.events
        events.register("before-call", self._before)
        events.register("after-call", self._after)
        # An error there is none of AWS's: the call stays unanswered.

    def _before(self, model: Any, context: dict[str, Any], **_: Any) -> None:
        operation = f"{model.service_model.service_name}.{model.name}"
        context[_KEY] = operation
        self.called(operation)

    def _after(self, http_response: Any, parsed: Any, context: dict[str, Any], **_: Any) -> None:
        answer = OK
        if http_response.status_code >= 300:
            code = str(parsed.get("Error", {}).get("Code") or http_response.status_code)
            answer = f"HTTP {code}" if code.isdigit() else code
        self.answered(context.get(_KEY, ""), answer)

    # -- plain HTTP -------------------------------------------------------------------------------------------------

    def sent(self, request: httpx.Request) -> None:
        """Note a request of an httpx client, where it means an operation."""
        from harness.parity.request_operation import request_operation

        headers = [(name.lower(), value) for name, value in request.headers.items()]
        operation = request_operation(request.method, str(request.url), headers, request.read())
        if operation is not None:
            request.extensions = {**request.extensions, _KEY: operation}
            self.called(operation)

    def got(self, response: httpx.Response) -> None:
        operation = response.request.extensions.get(_KEY)
        if operation is not None:
            self.answered(operation, OK if response.status_code < 400 else f"HTTP {response.status_code}")
