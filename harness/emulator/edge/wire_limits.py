"""How deep and how long a body may be that goes on to an interpreter of its own (moto's JSON, forms).

Native services are protected by their codecs. AWS has limits of its own in each service, all below these.
"""

from __future__ import annotations

import re

from harness.emulator.call import HttpRequest
from harness.emulator.errors import AwsError
from harness.emulator.spec.explain import serialization_error

MAX_DEPTH = 128
"""Levels of arrays and objects."""
MAX_FIELDS = 50_000
"""Fields of a form."""
MAX_STEPS = 64
"""Steps of a field's dotted name."""

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_NAME = re.compile(rb"(?:^|&)([^=&]*)")
_LARGE_INDEX = re.compile(rb"(?:^|&)[^=&]*\.0*[1-9][0-9]{5,}(?:[.=&]|$)")
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def check(request: HttpRequest, form: str) -> None:
    """Raises SerializationException for AWS JSON, MalformedQueryString for a form."""
    body = request.body
    if form == "query":
        if body.count(b"&") > MAX_FIELDS:
            raise AwsError("MalformedQueryString", "The query string contains too many parameters.", 404)
        if body.count(b".") > MAX_STEPS and any(name[1].count(b".") > MAX_STEPS for name in _NAME.finditer(body)):
            raise AwsError("MalformedQueryString", "The query string contains a parameter that is too deep.", 404)
        if _LARGE_INDEX.search(body):
            raise AwsError("MalformedQueryString", "The query string contains an index that is too large.", 404)
    elif form in ("json", "rest") and too_deep(body):
        raise serialization_error("Unable to parse the request body as JSON")


def too_deep(body: bytes) -> bool:
    """Whether the JSON text has more levels than `MAX_DEPTH`."""
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return False
    depth = 0
    for bracket in _STRING.sub(b"", body).translate(None, _NOT_BRACKETS):
        if bracket in b"[{":
            depth += 1
            if depth > MAX_DEPTH:
                return True
        else:
            depth -= 1
    return False
