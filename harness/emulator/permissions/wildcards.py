"""IAM's wildcards: `*` is any text, `?` one character. Nothing else is special, line ends and brackets included."""

from __future__ import annotations

import re
from functools import lru_cache

# What a policy variable's value puts in a pattern's place stands for itself, wildcards too.
_LITERAL_STAR, _LITERAL_MARK = "\ufdd0", "\ufdd1"


def literal(text: str) -> str:
    """`text` as a part of a pattern that matches nothing but itself."""
    return text.replace("*", _LITERAL_STAR).replace("?", _LITERAL_MARK)


def like(pattern: str, text: str, *, ignore_case: bool = False) -> bool:
    """Whether the whole text fits the pattern."""
    if pattern == "*":
        return True
    return _compiled(pattern, ignore_case).fullmatch(text) is not None


def arn_like(pattern: str, arn: str) -> bool:
    """ArnLike and ArnEquals: the six parts are compared one by one, wildcards do not reach over a colon but in the
    last part."""
    wanted, given = pattern.split(":", 5), arn.split(":", 5)
    return len(wanted) == len(given) and all(like(w, g) for w, g in zip(wanted, given, strict=True))


def plain(pattern: str) -> str:
    """A pattern's text with variables' values in it, to be compared without wildcards."""
    return pattern.replace(_LITERAL_STAR, "*").replace(_LITERAL_MARK, "?")


@lru_cache(maxsize=4096)
def _compiled(pattern: str, ignore_case: bool) -> re.Pattern[str]:
    special = {"*": ".*", "?": ".", _LITERAL_STAR: r"\*", _LITERAL_MARK: r"\?"}
    source = "".join([special.get(character) or re.escape(character) for character in pattern])
    return re.compile(source, re.DOTALL | (re.IGNORECASE if ignore_case else 0))
