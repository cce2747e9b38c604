"""One request of the attack, as bytes, and the answer to it."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

ANSWER_SECONDS = 20.0
"""Real seconds in which a request is answered."""


class Way(Enum):
    """How a request is put on the wire."""

    PLAIN = "plain"
    CHUNKED = "chunked"
    TRAILERS = "chunked with trailers"
    PIPELINED = "pipelined"
    HALF_CLOSED = "half closed"
    PIECES = "in pieces"
    BROKEN_OFF = "broken off"
    GARBAGE = "garbage"


@dataclass
class Request:
    """`stray` is set when it may mean another service than `service`, or none; `torn` when it may be no HTTP."""

    service: str
    operation: str
    protocol: str
    method: str
    path: str
    query: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    way: Way = Way.PLAIN
    stray: bool = False
    torn: bool = False

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name), "")

    def put(self, name: str, value: str) -> None:
        self.headers = [pair for pair in self.headers if pair[0].lower() != name.lower()] + [(name, value)]

    def raw(self) -> bytes:
        target = self.path + (f"?{self.query}" if self.query else "")
        lines = [f"{self.method} {target} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        names = {name.lower() for name, _ in self.headers}
        body = self.body
        if self.way in (Way.CHUNKED, Way.TRAILERS):
            lines.append("Transfer-Encoding: chunked")
            middle = len(body) // 2
            chunks = [piece for piece in (body[:middle], body[middle:]) if piece]
            body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in chunks) + b"0\r\n"
            if self.way is Way.TRAILERS:
                body += b"".join(b"x-trailer-%d: %d\r\n" % (n, n) for n in range(20))
            body += b"\r\n"
        elif "content-length" not in names and "transfer-encoding" not in names:
            lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join(lines).encode("utf-8", "surrogatepass") + b"\r\n\r\n" + body


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    """By lower-case name."""
    body: bytes

    def header(self, name: str) -> str:
        return self.headers.get(name, "")


class Cut(Exception):
    """The connection ended before the answer did."""


class NotAnswered(Exception):
    """Nothing came in time."""


class Connection:
    """A connection that is kept alive."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None
        self._held = b""

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket, self._held = None, b""

    def send(self, request: Request, waiting: Callable[[], None] | None = None) -> Answer | None:
        """`waiting` is called every second without an answer. None for a request that nobody needs to answer.

        Raises Cut, NotAnswered."""
        raw = request.raw()
        fresh = self._socket is None
        try:
            return self._send(request, raw, waiting)
        except NotAnswered:
            self.close()
            raise
        except (Cut, OSError) as error:
            self.close()
            if fresh:
                raise Cut(str(error)) from error
            # The server may have closed the idle connection at the same moment.
            try:
                return self._send(request, raw, waiting)
            except OSError as again:
                raise Cut(str(again)) from again
        finally:
            if request.way is not Way.PLAIN or request.torn:
                self.close()

    def _send(self, request: Request, raw: bytes, waiting: Callable[[], None] | None) -> Answer | None:
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=ANSWER_SECONDS)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link = self._socket
        link.settimeout(ANSWER_SECONDS)
        if request.way is Way.BROKEN_OFF:
            link.sendall(raw[: len(raw) * 2 // 3])
            return None
        if request.way is Way.PIECES:
            third = max(1, len(raw) // 3)
            for start in range(0, len(raw), third):
                link.sendall(raw[start : start + third])
        elif request.way is Way.PIPELINED:
            link.sendall(raw + raw)
        else:
            link.sendall(raw)
        if request.way is Way.HALF_CLOSED or request.torn:
            link.shutdown(socket.SHUT_WR)
        answer = self._answer(request, waiting)
        if request.way is Way.PIPELINED and answer.header("connection").lower() != "close":
            self._answer(request, waiting)
        if answer.header("connection").lower() == "close":
            self.close()
        return answer

    def _answer(self, request: Request, waiting: Callable[[], None] | None) -> Answer:
        deadline = time.monotonic() + ANSWER_SECONDS
        while True:
            head = self._until(b"\r\n\r\n", deadline, waiting)
            first, *lines = head.decode("latin-1").split("\r\n")
            try:
                status = int(first.split(" ")[1])
            except (IndexError, ValueError):
                raise Cut(f"no status line but {first[:60]!r}") from None
            if status >= 200:
                break
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines) if name}
        if request.method == "HEAD" or status in (204, 304):
            return Answer(status, headers, b"")
        if "chunked" in headers.get("transfer-encoding", ""):
            body = b""
            while size := int(self._until(b"\r\n", deadline, waiting), 16):
                body += self._take(size, deadline, waiting)
                self._take(2, deadline, waiting)
            self._until(b"\r\n", deadline, waiting)
            return Answer(status, headers, body)
        if "content-length" in headers:
            return Answer(status, headers, self._take(int(headers["content-length"]), deadline, waiting))
        return Answer(status, headers, self._rest(deadline, waiting))

    def _more(self, deadline: float, waiting: Callable[[], None] | None) -> bool:
        assert self._socket is not None
        while True:
            self._socket.settimeout(1.0)
            try:
                got = self._socket.recv(262_144)
            except TimeoutError:
                if time.monotonic() > deadline:
                    raise NotAnswered(f"no answer in {ANSWER_SECONDS:.0f} s") from None
                if waiting is not None:
                    waiting()
                continue
            self._held += got
            return bool(got)

    def _until(self, mark: bytes, deadline: float, waiting: Callable[[], None] | None) -> bytes:
        while mark not in self._held:
            if not self._more(deadline, waiting):
                raise Cut(f"closed after {self._held[:60]!r}")
        found, _, self._held = self._held.partition(mark)
        return found

    def _take(self, size: int, deadline: float, waiting: Callable[[], None] | None) -> bytes:
        while len(self._held) < size:
            if not self._more(deadline, waiting):
                raise Cut("closed within a body")
        found, self._held = self._held[:size], self._held[size:]
        return found

    def _rest(self, deadline: float, waiting: Callable[[], None] | None) -> bytes:
        while self._more(deadline, waiting):
            pass
        found, self._held = self._held, b""
        self.close()
        return found
