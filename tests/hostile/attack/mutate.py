"""Valid requests made wrong: in their members, bytes, headers, addresses and framing."""

from __future__ import annotations

import copy
import gzip
import json
import random
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import cbor2

from tests.hostile.attack.message import Request, Way
from tests.hostile.attack.values import HOSTILE_STRINGS, hostile

_DEEP = "@@deep@@"
_TYPES = [
    "application/json", "application/x-amz-json-1.0", "application/x-amz-json-1.1", "application/x-amz-cbor-1.1",
    "application/cbor", "application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=utf-8",
    "text/plain", "text/xml", "multipart/form-data; boundary=x", "multipart/form-data", "", "x", "a/b; c=\"",
    "application/octet-stream",
]  # fmt: skip
_ENCODINGS = ["gzip", "deflate", "br", "identity", "aws-chunked", "gzip, gzip", "x"]
_METHODS = ["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS", "TRACE", "CONNECT", "FOO"]
_SEGMENTS = [
    "%00",
    "%zz",
    "%",
    "..",
    ".",
    "",
    "%2F",
    "%252e",
    "a" * 3000,
    "é",
    "\u202e",
    "*",
    "{x}",
    "$default",
    ";a=b",
]
_HEADERS = [
    ("X-Amz-Target", "Kinesis_20131202.PutRecord"), ("X-Amz-Target", "."), ("X-Amz-Target", "x.y.z"),
    ("X-Amz-Target", "AmazonSQS.None"), ("Host", "bucket-a.s3.amazonaws.com"), ("Host", "[x"), ("Host", ""),
    ("Host", "sqs.us-east-1.amazonaws.com"), ("Origin", "null"), ("Authorization", ""),
    ("Authorization", "AWS4-HMAC-SHA256 Credential=/////"), ("Authorization", "AWS x:y"),
    ("Authorization", "Basic eDp5"),
    ("X-Amz-Date", "x"), ("X-Amz-Content-Sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
    ("X-Amz-Content-Sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"), ("X-Amz-Decoded-Content-Length", "x"),
    ("X-Amz-Security-Token", "a" * 5000), ("Content-MD5", "x"), ("Content-MD5", "AAAAAAAAAAAAAAAAAAAAAA=="),
    ("x-amz-checksum-crc32", "x"), ("x-amz-sdk-checksum-algorithm", "CRC32"), ("Range", "bytes=9-1"), ("Range", "x"),
    ("If-Modified-Since", "x"), ("If-None-Match", '"x'), ("Expect", "100-continue"), ("Expect", "x"),
    ("Accept", "*/*;q=x"), ("smithy-protocol", "rpc-v2-cbor"), ("Connection", "close"), ("Upgrade", "websocket"),
    ("X-Amz-Invocation-Type", "x"), ("X-Amz-Client-Context", "%%%"), ("x-amz-copy-source", "%00"),
    ("x-amz-copy-source", "/"), ("x-amz-meta-é", "é"), ("x-amz-tagging", "a=b&a=b&&="), ("x-amz-acl", "x"),
    ("X-Amzn-Trace-Id", "Root=;;="), ("Content-Disposition", "é"), ("Cookie", "a=b; c"),
    ("x-amz-server-side-encryption", "x"), ("x-amz-object-lock-retain-until-date", "x"),
]  # fmt: skip
_QUERY = [
    "X-Amz-Credential=", "X-Amz-Credential", "AWSAccessKeyId&Signature", "AWSAccessKeyId=a&Signature=b&Expires=x",
    "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a/b/c/s3/aws4_request&X-Amz-Expires=x&X-Amz-Date=y", "Action=",
    "Action=None", "Action=CreateUser&Version=2010-05-08", "uploads", "uploadId=x", "partNumber=x&uploadId=y", "delete",
    "versionId=%00", "versions&max-keys=x", "list-type=2&max-keys=-1", "list-type=2&continuation-token=%25",
    "prefix=%E9", "encoding-type=x", "policy", "acl", "tagging", "notification", "lifecycle", "cors", "retention",
    "legal-hold", "attributes", "torrent", "select&select-type=2", "restore", "=", "&&&", "%", "%zz=%zz", "a[]=1",
    "limit=x", "MaxItems=-1", "mode=x", "position=x", "Marker=x", "Qualifier=%00", "embed=", "x=" + "y" * 9000,
]  # fmt: skip


def mutate(rng: random.Random, request: Request, other: Request) -> Request:
    """A copy with one to three faults; `other` is what it may be spliced with."""
    found = copy.deepcopy(request)
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        try:
            _once(rng, found, other)
        except (ValueError, TypeError, RecursionError, IndexError):  # A fault before left nothing to change here.
            _flip(rng, found)
    return found


def _once(rng: random.Random, request: Request, other: Request) -> None:
    kind = rng.random()
    if kind < 0.55:
        _members(rng, request)
    elif kind < 0.70:
        _bytes(rng, request, other)
    elif kind < 0.82:
        _headers(rng, request)
    elif kind < 0.92:
        _address(rng, request)
    else:
        _framing(rng, request)


def _members(rng: random.Random, request: Request) -> None:
    """Faults within the shape that the body or the query has."""
    if request.protocol in ("cbor", "smithy-rpc-v2-cbor") and request.body:
        try:
            request.body = _written_cbor(rng, _tree(rng, cbor2.loads(request.body)))
        except cbor2.CBORError:
            _flip(rng, request)
    elif "json" in request.protocol and request.body[:1] in (b"{", b"["):
        request.body = _written_json(rng, _tree(rng, json.loads(request.body)))
    elif request.protocol == "query":
        pairs = _pairs(rng, parse_qsl(request.body.decode("latin-1"), keep_blank_values=True))
        request.body = urlencode(pairs, quote_via=quote, errors="surrogatepass").encode()
    elif request.body[:1] == b"<":
        _xml(rng, request)
    elif request.query:
        pairs = _pairs(rng, parse_qsl(request.query, keep_blank_values=True))
        request.query = urlencode(pairs, quote_via=quote, errors="surrogatepass")
    else:
        _address(rng, request)


def _tree(rng: random.Random, tree: Any) -> Any:
    """One value of a tree changed in place; returns the tree (another one if its root changed)."""
    places: list[tuple[Any, Any]] = []

    def walk(value: Any) -> None:
        if len(places) > 400:
            return
        pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, below in pairs:
            places.append((value, key))
            walk(below)

    walk(tree)
    if not places or rng.random() < 0.03:
        return rng.choice([hostile(rng), {**tree, "None": hostile(rng)} if isinstance(tree, dict) else [tree], _DEEP])
    holder, key = rng.choice(places)
    kind = rng.randrange(9)
    if kind == 0:
        del holder[key]
    elif kind == 1:
        holder[key] = None
    elif kind == 2 and isinstance(holder, dict):
        holder[rng.choice(HOSTILE_STRINGS[:20])] = holder[key]
    elif kind == 3 and isinstance(holder, list):
        holder.extend([holder[key]] * rng.choice([1, 30, 600]))
    elif kind == 4:
        holder[key] = [holder[key]]
    elif kind == 5:
        holder[key] = {"a": holder[key]}
    elif kind == 6 and rng.random() < 0.2:
        holder[key] = _DEEP
    elif kind == 7 and isinstance(holder[key], str):
        text = holder[key]
        cut = rng.randrange(len(text) + 1)
        holder[key] = text[:cut] + rng.choice(HOSTILE_STRINGS) + text[cut + rng.randrange(3) :]
    else:
        holder[key] = hostile(rng)
    return tree


def _written_json(rng: random.Random, tree: Any) -> bytes:
    text = json.dumps(tree, ensure_ascii=rng.random() < 0.8)
    if rng.random() < 0.03 and text.startswith('{"'):
        name = text[1 : text.index(":")]
        text = f"{{{name}: 1, {name}: null, {text[1:]}"
    depth = rng.choice([100, 500, 20_000])
    text = text.replace(f'"{_DEEP}"', rng.choice([("[" * depth) + ("]" * depth), '{"a":' * depth + "1" + "}" * depth]))
    return text.encode("utf-8", "surrogatepass")


def _written_cbor(rng: random.Random, tree: Any) -> bytes:
    def plain(value: Any) -> Any:
        if isinstance(value, str):
            return value.encode("utf-8", "replace").decode()
        if isinstance(value, dict):
            return {plain(key): plain(below) for key, below in value.items()}
        return [plain(below) for below in value] if isinstance(value, list) else value

    depth = rng.choice([100, 500, 20_000])
    return cbor2.dumps(plain(tree)).replace(cbor2.dumps(_DEEP), b"\x81" * depth + b"\x01")


def _pairs(rng: random.Random, pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    if not pairs:
        return [("Action", "None")]
    place = rng.randrange(len(pairs))
    name, value = pairs[place]
    kind = rng.randrange(7)
    if kind == 0:
        del pairs[place]
    elif kind == 1:
        pairs.append((name, value))
    elif kind == 2:
        for before, after in ((".1", ".999999999"), (".1", ".-1"), (".1", ".x"), ("member", ""), (".", "..")):
            if before in name and rng.random() < 0.5:
                name = name.replace(before, after, 1)
        pairs[place] = (name, value)
    elif kind == 3:
        pairs.append((name + rng.choice([".1", ".member.1", ".entry.1.key", ".", "[]", "\x00"]), value))
    else:
        text = hostile(rng)
        pairs[place] = (name, text if isinstance(text, str) else json.dumps(text))
    return pairs


def _xml(rng: random.Random, request: Request) -> None:
    body = request.body
    kind = rng.randrange(6)
    marks = [place for place, byte in enumerate(body) if byte in b"<>"]
    at = rng.choice(marks)
    value = rng.choice(HOSTILE_STRINGS).encode("utf-8", "surrogatepass")
    if kind == 0:
        body = b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname"><!ENTITY c "cc">]>' + body
    elif kind == 1:
        body = body[: at + 1] + value + body[at + 1 :]
    elif kind == 2:
        body = body[:at]
    elif kind == 3:
        body = b"<a>" * rng.choice([100, 20_000]) + body
    elif kind == 4:
        end = rng.choice(marks)
        body = body[: min(at, end)] + body[max(at, end) :]
    else:
        start = body.find(b">", at)
        end = body.find(b"<", start)
        body = body[: start + 1] + value + body[end:] if 0 <= start < end else value
    request.body = body


def _flip(rng: random.Random, request: Request) -> None:
    if request.body:
        changed = bytearray(request.body)
        for _ in range(rng.choice([1, 1, 4])):
            changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
        request.body = bytes(changed)


def _bytes(rng: random.Random, request: Request, other: Request) -> None:
    body = request.body
    at = rng.randrange(len(body) + 1)
    kind = rng.randrange(8)
    if kind == 0:
        request.body = body[:at]
    elif kind == 1:
        request.body = body[:at] + rng.randbytes(rng.choice([1, 8, 300])) + body[at:]
    elif kind == 2:
        request.body = body[:at] + other.body[rng.randrange(len(other.body) + 1) :]
    elif kind == 3:
        request.body = body + body
    elif kind == 4:
        request.body = rng.randbytes(rng.choice([1, 30, 2000]))
    elif kind == 5:
        request.body = b""
    elif kind == 6:
        request.body = rng.choice([b"\xef\xbb\xbf", b"\xff\xfe", b" " * 999, b")]}'"]) + body
    else:
        _flip(rng, request)


def _headers(rng: random.Random, request: Request) -> None:
    kind = rng.randrange(8)
    if kind == 0:
        request.put("Content-Type", rng.choice(_TYPES))
    elif kind == 1 and request.headers:
        del request.headers[rng.randrange(len(request.headers))]
    elif kind == 2:
        encoding = rng.choice(_ENCODINGS)
        request.put("Content-Encoding", encoding)
        if encoding.startswith("gzip") and rng.random() < 0.6:
            request.body = gzip.compress(request.body, mtime=0)
    elif kind == 3:
        length = rng.choice([str(len(request.body) + 5), "-1", "x", "99999999999999999999", "1e3", "0x10", "+1"])
        request.put("Content-Length", length)
        request.torn = True
    elif kind == 4:
        request.headers.append(
            (rng.choice(["X-A", "x" * 300, "X-Amz-" + "y" * 70_000]), "é\u202e" * rng.choice([1, 900]))
        )
    elif kind == 5 and request.headers:
        at = rng.randrange(len(request.headers))
        name, value = request.headers[at]
        clean = rng.choice(HOSTILE_STRINGS).replace("\r", "").replace("\n", "").replace("\x00", "")
        request.headers[at] = (name, value[: rng.randrange(len(value) + 1)] + clean)
        request.torn = request.torn or name.lower() in ("content-length", "host")
    else:
        request.put(*rng.choice(_HEADERS))
    request.stray = True


def _address(rng: random.Random, request: Request) -> None:
    kind = rng.randrange(6)
    if kind == 0:
        request.method = rng.choice(_METHODS)
    elif kind == 1:
        request.query = "&".join(filter(None, [request.query, rng.choice(_QUERY)]))
    elif kind == 2:
        request.query = rng.choice(_QUERY)
    elif kind == 3 and request.query:
        pairs = _pairs(rng, parse_qsl(request.query, keep_blank_values=True))
        request.query = urlencode(pairs, quote_via=quote, errors="surrogatepass")
    else:
        parts = request.path.split("/")
        at = rng.randrange(1, len(parts) + 1)
        change = rng.randrange(3)
        if change == 0 and at < len(parts):
            del parts[at]
        elif change == 1 and at < len(parts):
            parts[at] = (
                rng.choice(_SEGMENTS)
                if rng.random() < 0.5
                else quote(rng.choice(HOSTILE_STRINGS), safe="", errors="surrogatepass")
            )
        else:
            parts.insert(at, rng.choice(_SEGMENTS))
        request.path = "/".join(parts) or "/"
        request.torn = request.torn or any(ord(character) > 126 for character in request.path)
    request.stray = True


def _framing(rng: random.Random, request: Request) -> None:
    request.way = rng.choice(list(Way))
    if any(name.lower() in ("content-length", "transfer-encoding") for name, _ in request.headers):
        request.torn = True
    if request.way is Way.GARBAGE:
        request.method = rng.choice(["", "G@T", "GET GET", "\x16\x03\x01", "PRI * HTTP/2.0\r\n\r\nSM"])
        request.torn = True
