"""The bytes of an HTTP/1.1 answer's head, the fields of HTTP/2's, and the names in a request's."""

from __future__ import annotations

import re
import time
from http import HTTPStatus

from harness.emulator.call import HttpResponse, StreamedResponse

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

# The listener frames the message, so these never come from a handler. Content-Length may, in an answer to HEAD.
_FRAMING = frozenset(("content-length", "transfer-encoding", "connection", "keep-alive"))
_HOP = _FRAMING | {"proxy-connection", "upgrade"}  # a connection's own, which HTTP/2 does not know
_FIELD_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+")
_FORGED = re.compile(r"[\r\n\0]")
_MAX_REMEMBERED = 1024  # names sent by clients that are kept in lower case

_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n" for status in HTTPStatus}
_NAMES: dict[bytes, str] = {}
_METHODS: dict[bytes, str] = {}


class HeaderRefused(ValueError):
    """A header name or value with a line break, which would forge further headers."""


def header_name(name: bytes) -> str:
    """The lower-case name, remembered."""
    known = _NAMES.get(name)
    if known is None:
        known = name.decode("latin-1").lower()
        if len(_NAMES) < _MAX_REMEMBERED:
            _NAMES[name] = known
    return known


def method_name(method: bytes) -> str:
    """The method, remembered (the parser knows a fixed set)."""
    known = _METHODS.get(method)
    if known is None:
        known = _METHODS[method] = method.decode("ascii")
    return known


class _Date:
    """`Server` and `Date` lines, made once per second. HTTP's date is the machine's, not the world's: clients compare
    it with their own."""

    def __init__(self) -> None:
        self._second = 0
        self._lines = ""
        self._text = ""

    def lines(self) -> str:
        if int(time.time()) != self._second:
            self.text()
        return self._lines

    def text(self) -> str:
        now = int(time.time())
        if now != self._second:
            t = time.gmtime(now)
            self._text = (
                f"{_DAYS[t.tm_wday]}, {t.tm_mday:02} {_MONTHS[t.tm_mon - 1]} "
                f"{t.tm_year} {t.tm_hour:02}:{t.tm_min:02}:{t.tm_sec:02} GMT"
            )
            self._lines = f"Server: pipeline-harness\r\nDate: {self._text}\r\n"
            self._second = now
        return self._text


_date = _Date()


def encode_head(response: HttpResponse, method: str, keep_alive: bool, http10: bool) -> bytes:
    """Status line and headers. A handler's own Date or Server wins over the listener's.

    Raises HeaderRefused for a line break in a header.
    """
    status = response.status
    lines = [_STATUS_LINES.get(status) or f"HTTP/1.1 {status} \r\n"]
    count = 1
    own_dates = False
    length = len(response.body)
    for name, value in response.headers:
        lower = name.lower()
        if lower in _FRAMING:
            if lower == "content-length" and method == "HEAD" and value.isdigit():
                length = int(value)
            continue
        if lower == "date" or lower == "server":
            own_dates = True
        lines.append(f"{name}: {value}\r\n")
        count += 1
    if not own_dates:
        lines.append(_date.lines())
        count += 2
    if isinstance(response, StreamedResponse):
        # HTTP/1.0 knows no pieces: there the end of the connection ends the body.
        if not http10:
            lines.append("Transfer-Encoding: chunked\r\n")
            count += 1
    elif status >= 200 and status not in (204, 304):
        lines.append(f"Content-Length: {length}\r\n")
        count += 1
    if not keep_alive:
        lines.append("Connection: close\r\n\r\n")
        count += 2
    elif http10:
        lines.append("Connection: keep-alive\r\n\r\n")
        count += 2
    else:
        lines.append("\r\n")
        count += 1
    head = "".join(lines)
    if head.count("\n") != count or head.count("\r") != count:
        raise HeaderRefused("line break in a header")
    return _encoded(head)


def encode_fields(response: HttpResponse, method: str) -> list[tuple[bytes, bytes]]:
    """The head of an answer over HTTP/2: names in lower case, none that belongs to a connection.

    Raises HeaderRefused for a line break in a header, and for what is no name.
    """
    length = len(response.body)
    fields = [(":status", str(response.status))]
    own_dates = False
    for name, value in response.headers:
        lower = name.lower()
        if lower in _HOP:
            if lower == "content-length" and method == "HEAD" and value.isdigit():
                length = int(value)
            continue
        if not _FIELD_NAME.fullmatch(lower) or _FORGED.search(value):
            raise HeaderRefused(f"the header {lower!r} can't be sent")
        own_dates = own_dates or lower in ("date", "server")
        fields.append((lower, value.strip(" \t")))
    if not own_dates:
        fields += [("server", "pipeline-harness"), ("date", _date.text())]
    if not isinstance(response, StreamedResponse) and response.status >= 200 and response.status not in (204, 304):
        fields.append(("content-length", str(length)))
    return [(name.encode(), _encoded(value)) for name, value in fields]


def _encoded(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape")


def origin_form(target: str, headers: list[tuple[str, str]]) -> str:
    """The path of an absolute target (a client that takes us for its proxy); its authority replaces Host."""
    scheme, separator, rest = target.partition("://")
    if not separator or scheme.lower() not in ("http", "https"):
        return target
    authority, slash, path = rest.partition("/")
    headers[:] = [(name, value) for name, value in headers if name != "host"]
    headers.append(("host", authority))
    return slash + path if slash else "/"
