"""Text for XML 1.0, which can't hold every character, not even escaped."""

from __future__ import annotations

import re
from html import escape

_UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CONTROLS = bytes(set(range(0x20)) - {0x09, 0x0A, 0x0D})
_NONCHARACTERS = (b"\xef\xbf\xbe", b"\xef\xbf\xbf")  # U+FFFE and U+FFFF in UTF-8
_UNFIT_BYTES = re.compile(b"[" + re.escape(_CONTROLS) + b"]|" + b"|".join(_NONCHARACTERS))
_REPLACEMENT = "\ufffd"


def escaped(text: str, *, quote: bool = True) -> str:
    """`text` as the content of an element; characters that XML has no way to write become U+FFFD."""
    return escape(_UNFIT.sub(_REPLACEMENT, text), quote=quote)


def readable(body: bytes, *, numbered: bool = False) -> bytes:
    """A whole XML answer without such characters. `numbered`: control characters become numeric references, as S3
    writes keys that have some (`&#x1;`), for clients that read those."""
    if len(body.translate(None, _CONTROLS)) == len(body) and not any(item in body for item in _NONCHARACTERS):
        return body

    def instead(found: re.Match[bytes]) -> bytes:
        return b"&#x%x;" % found[0][0] if numbered and len(found[0]) == 1 else _REPLACEMENT.encode()

    return _UNFIT_BYTES.sub(instead, body)
