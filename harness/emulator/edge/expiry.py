"""Presigned URLs and forms expire on the world's clock, whether signatures are verified or not (E1).

Clients date them by the machine's clock, so a date is read as the moment that the world's clock showed then: a URL made
after time was moved is as fresh as it is on AWS. Dates are whole seconds and Signature Version 2 has none, only an end:
what may have been signed after a move counts as that, until the URL is seen. From then on its end stays where it is.
"""

from __future__ import annotations

import base64
import binascii
import calendar
import json
import re
import time
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from harness.emulator.call import HttpRequest
from harness.emulator.errors import AwsError
from harness.emulator.signed_dates import read_date, stamp
from harness.emulator.upload_form import form_field

if TYPE_CHECKING:
    from harness.emulator.world import World

_WEEK = 604800
_MAX_SEEN = 4096
_V4 = ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Expires")


class Expiry:
    """Checks the presigned requests of one world."""

    def __init__(self, world: World) -> None:
        self._clock = world.clock
        self._ends = world.presigned_ends

    def check(self, request: HttpRequest, form: str, operation: str) -> None:
        """Raises AwsError for a presigned request that has expired or has parameters that S3 refuses. `form` and
        `operation` as in `Recognised`."""
        query = request.query
        if "X-Amz-Signature=" in query:
            self._check_v4(parse_qs(query, keep_blank_values=True), form)
        elif form == "s3" and "Signature=" in query and "AWSAccessKeyId=" in query:
            self._check_v2(parse_qs(query, keep_blank_values=True))
        elif operation == "PostObject":
            self._check_policy(request.body)

    def _check_v4(self, query: dict[str, list[str]], form: str) -> None:
        if form != "s3" and not {"X-Amz-Date", "X-Amz-Expires"} <= query.keys():
            return
        date, lifetime = _v4_terms(query)
        # The date's second ends one second later, and nobody signs in the future.
        signed = min(self._clock.shown_at(date + 1), self._clock.now())
        end = self._end(query["X-Amz-Signature"][0], signed + lifetime)
        if self._clock.now() <= end:
            return
        if form == "s3":
            raise self._expired(end, {"X-Amz-Expires": str(lifetime)})
        text = f"Signature expired: {stamp(end)} is now earlier than {stamp(self._clock.now())}"
        raise AwsError("SignatureDoesNotMatch" if form == "query" else "InvalidSignatureException", text, 403)

    def _check_v2(self, query: dict[str, list[str]]) -> None:
        text = query.get("Expires", [""])[0]
        if not text:
            sentence = "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters"
            raise AwsError("AccessDenied", sentence, 403)
        if not _is_number(text):
            raise AwsError("AccessDenied", f"Invalid date (should be seconds since epoch): {text}", 403)
        end = self._end(query["Signature"][0], self._clock.shown_at(int(text)))
        if self._clock.now() > end:
            raise self._expired(end, {})

    def _check_policy(self, body: bytes) -> None:
        """The expiration of an upload form's policy."""
        policy = form_field(body, "policy")
        if not policy:
            return
        try:
            expiration = _iso(str(json.loads(base64.b64decode(policy))["expiration"]))
        except (binascii.Error, ValueError, KeyError, TypeError):
            raise AwsError("AccessDenied", "Invalid according to Policy: Invalid Policy: Invalid JSON.", 403) from None
        if self._clock.now() > self._end(policy, self._clock.shown_at(expiration)):
            raise AwsError("AccessDenied", "Invalid according to Policy: Policy expired.", 403)

    def _end(self, signature: str, end: float) -> float:
        """The earliest end that this signature was ever found to have."""
        end = min(end, self._ends.pop(signature, end))
        if len(self._ends) >= _MAX_SEEN:
            del self._ends[next(iter(self._ends))]
        self._ends[signature] = end
        return end

    def _expired(self, end: float, members: dict[str, str]) -> AwsError:
        members = {**members, "Expires": _long(end), "ServerTime": _long(self._clock.now())}
        return AwsError("AccessDenied", "Request has expired", 403, members=members)


def _v4_terms(query: dict[str, list[str]]) -> tuple[int, int]:
    """Date (epoch seconds) and lifetime (seconds). Raises AwsError as S3 does."""
    if not all(query.get(name, [""])[0] for name in _V4):
        raise _bad_parameters(
            f"Query-string authentication version 4 requires the {', '.join(_V4[:-1])}, and {_V4[-1]} parameters."
        )
    text = query["X-Amz-Expires"][0]
    if not _is_number(text.removeprefix("-")):
        raise _bad_parameters("X-Amz-Expires should be a number")
    lifetime = int(text)
    if lifetime < 0:
        raise _bad_parameters("X-Amz-Expires must be non-negative")
    if lifetime > _WEEK:
        raise _bad_parameters(
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than "
            f"{_WEEK} seconds"
        )
    date = read_date(query["X-Amz-Date"][0])
    if date is None:
        raise _bad_parameters("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"")
    return date, lifetime


def _iso(text: str) -> int:
    """Epoch seconds of `2026-01-02T03:04:05Z`, with or without milliseconds. Raises ValueError."""
    return calendar.timegm(time.strptime(re.sub(r"\.\d+Z$", "Z", text), "%Y-%m-%dT%H:%M:%SZ"))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 12


def _long(when: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(when))


def _bad_parameters(message: str) -> AwsError:
    return AwsError("AuthorizationQueryParametersError", message)
