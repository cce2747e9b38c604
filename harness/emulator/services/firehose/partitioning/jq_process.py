"""jq in a process of its own, with limits: a query is a program of whoever made the delivery stream.

One query may take all memory, never end, or break jq itself; here that ends a child with an empty environment, and the
record at which it ended has no keys (`jq_child.py`).
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

from harness.emulator.services.firehose.partitioning.metadata_extraction import ExtractionError
from harness.json_object import Json

log = logging.getLogger(__name__)

Found = Json | str
"""What a query gave for one record: its partition keys, or why there are none."""

TOO_MUCH = "the query takes too long or too much memory"
_DEATHS = 3  # of a child in one batch, after which its other records fail as well
_ANSWER_SECONDS, _RECORD_SECONDS = 60.0, 1.0  # of real time for a batch; the child's own limit is processor time
_CHILD = Path(__file__).with_name("jq_child.py")


class JqProcess:
    """The child of one world: started at the first query, and again when a query has ended it."""

    def __init__(self) -> None:
        self._child: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()

    async def check(self, query: str) -> None:
        """Raises ExtractionError when jq does not take the query."""
        async with self._turn:
            answers = await self._ask(query, [])
        if not answers or isinstance(answers[0], str):
            raise ExtractionError(str(answers[0]) if answers else TOO_MUCH)

    async def keys(self, query: str, records: list[bytes]) -> list[Found]:
        """What the query gives for each record, in order."""
        if not records:
            return []
        async with self._turn:
            found = await self._ask(query, records)
            deaths = 0
            # Once more, one by one: it shows at which record the child ends.
            while len(found) < len(records) and deaths < _DEATHS:
                found += await self._ask(query, records[len(found) :], carefully=True)
                if len(found) < len(records):
                    deaths += 1
                    found.append(TOO_MUCH)
        return found + [TOO_MUCH] * (len(records) - len(found))

    async def close(self) -> None:
        """End the child."""
        child, self._child = self._child, None
        if child is not None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()

    async def _ask(self, query: str, records: list[bytes], *, carefully: bool = False) -> list[Found]:
        """The answers, one a record, or one for the query alone; fewer where the child ended before."""
        child = await self._running()
        assert child.stdin is not None and child.stdout is not None
        request = marshal.dumps((query, records, carefully))
        sending = asyncio.ensure_future(_send(child.stdin, struct.pack("<I", len(request)) + request))
        answers: list[Found] = []
        wanted = len(records) or 1
        try:
            await asyncio.wait_for(_read(child.stdout, answers, wanted), _ANSWER_SECONDS + _RECORD_SECONDS * wanted)
        except (EOFError, ValueError, TimeoutError, OSError):
            await self.close()
            log.warning("a jq query took too long or too much memory: its process ended with %s", child.returncode)
        finally:
            sending.cancel()
        return answers

    async def _running(self) -> asyncio.subprocess.Process:
        if self._child is None or self._child.returncode is not None:
            self._child = await asyncio.create_subprocess_exec(
                sys.executable, "-I", str(_CHILD),
                env={}, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
        return self._child


async def _send(stdin: asyncio.StreamWriter, request: bytes) -> None:
    stdin.write(request)
    with contextlib.suppress(OSError):  # the child ended: its answers tell
        await stdin.drain()


async def _read(stdout: asyncio.StreamReader, answers: list[Found], wanted: int) -> None:
    """Raises EOFError (asyncio.IncompleteReadError) when the child ended."""
    while len(answers) < wanted:
        (length,) = struct.unpack("<I", await stdout.readexactly(4))
        given = orjson.loads(await stdout.readexactly(length))
        answers += [answer["keys"] if "keys" in answer else answer["error"] for answer in given]
