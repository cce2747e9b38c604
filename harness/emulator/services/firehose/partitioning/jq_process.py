"""jq in a process of its own, with limits: a query is a program of whoever made the delivery stream.

One query may take all memory, never end, or break jq itself; here that ends a child with an empty environment, and the
record at which it ended has no keys. The child (`jq_child.py`) answers record by record, so that it is known which one
that was.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import marshal
import struct
import sys
from pathlib import Path

import orjson

from harness.emulator.services.firehose.model import Json
from harness.emulator.services.firehose.partitioning.metadata_extraction import ExtractionError

log = logging.getLogger(__name__)

Found = Json | str
"""What a query gave for one record: its partition keys, or why there are none."""

TOO_MUCH = "the query takes too long or too much memory"
_DEATHS = 3  # of a child in one batch, after which its other records fail as well
_ANSWER_SECONDS = 60.0  # real time for one record; the child's own limit is processor time
_LONGEST_LINE = 4 * 1024 * 1024
_CHILD = Path(__file__).with_name("jq_child.py")


class JqProcess:
    """The child of one world: started at the first query, and again when a query has ended it."""

    def __init__(self) -> None:
        self._child: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()

    async def check(self, query: str) -> None:
        """Raises ExtractionError when jq does not take the query."""
        async with self._turn:
            (answer,) = await self._ask(query, [])
        if isinstance(answer, str):
            raise ExtractionError(answer)

    async def keys(self, query: str, records: list[bytes]) -> list[Found]:
        """What the query gives for each record, in order."""
        found: list[Found] = []
        deaths = 0
        async with self._turn:
            while len(found) < len(records):
                if deaths == _DEATHS:
                    found += [TOO_MUCH] * (len(records) - len(found))
                    break
                answers = await self._ask(query, records[len(found) :])
                deaths += answers[-1] == TOO_MUCH
                found += answers
        return found

    async def close(self) -> None:
        """End the child."""
        child, self._child = self._child, None
        if child is not None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()

    async def _ask(self, query: str, records: list[bytes]) -> list[Found]:
        """The answers, one a record (one for the query alone where there is none); fewer, the last of them TOO_MUCH,
        when the child ended at a record."""
        child = await self._running()
        assert child.stdin is not None and child.stdout is not None
        request = marshal.dumps((query, records))
        sending = asyncio.ensure_future(_send(child.stdin, struct.pack("<I", len(request)) + request))
        answers: list[Found] = []
        try:
            for _ in records or [b""]:
                line = await asyncio.wait_for(child.stdout.readline(), _ANSWER_SECONDS)
                if not line.endswith(b"\n"):
                    raise EOFError
                answer = orjson.loads(line)
                answers.append(answer["keys"] if "keys" in answer else answer["error"])
        except (EOFError, ValueError, TimeoutError, OSError):
            await self.close()
            log.warning("a jq query took too long or too much memory, its process ended with %s", child.returncode)
            answers.append(TOO_MUCH)
        finally:
            sending.cancel()
        return answers

    async def _running(self) -> asyncio.subprocess.Process:
        if self._child is None or self._child.returncode is not None:
            self._child = await asyncio.create_subprocess_exec(
                sys.executable, "-I", str(_CHILD),
                env={}, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=_LONGEST_LINE,
            )  # fmt: skip
        return self._child


async def _send(stdin: asyncio.StreamWriter, request: bytes) -> None:
    stdin.write(request)
    with contextlib.suppress(OSError):  # the child ended: its answers tell
        await stdin.drain()
