"""A handler that was stepped once by hand, carried on by a task."""

from __future__ import annotations

from collections.abc import Coroutine, Generator
from types import coroutine
from typing import Any

from harness.emulator.call import HttpResponse


async def at_once(response: HttpResponse) -> HttpResponse:
    """An answer that is there, for the task that sends it."""
    return response


@coroutine
def carry_on(
    handling: Coroutine[Any, Any, HttpResponse], awaited: Any, thrown: BaseException | None
) -> Generator[Any, Any, HttpResponse]:
    """The rest of a coroutine that was stepped once by hand and then waited for `awaited`."""
    try:
        while True:
            try:
                if thrown is not None:
                    error, thrown = thrown, None
                    raise error
                if awaited is not None:
                    # A future tells its task by this mark that it was awaited, not yielded by mistake.
                    awaited._asyncio_future_blocking = True
                sent = yield awaited
            except GeneratorExit:
                handling.close()
                raise
            except BaseException as error:
                awaited = handling.throw(error)
            else:
                awaited = handling.send(sent)
            # From here on the futures come fresh from their `await`, with the mark already set.
    except StopIteration as stop:
        response: HttpResponse = stop.value
        return response
