"""Which services are served in this process, and which go to an AWS-compatible endpoint behind it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlparse

from harness.emulator.service_registry import native
from harness.emulator.upstream.services import SERVED

NATIVE_BY_DEFAULT = ",".join(each.name for each in native() if each.is_here_by_default)


@dataclass(frozen=True)
class Split:
    """`url` takes every service that is not in `here` (botocore names)."""

    url: str
    here: frozenset[str]

    @classmethod
    def parse(cls, url: str, chosen: str, native: frozenset[str]) -> Split:
        """`chosen` is a list such as `firehose,kinesis`, or what is left out of all: `all,-s3`.

        `native` are the services that have code here; what moto serves in-process can be chosen as well. Raises
        ValueError with a sentence.
        """
        place = urlparse(url)
        if place.scheme not in ("http", "https") or not place.hostname or place.path not in ("", "/"):
            raise ValueError(f"--upstream {url} is not a URL such as http://localhost:4566")
        known = native | SERVED
        here: set[str] = set()
        for name in filter(None, (part.strip() for part in chosen.split(","))):
            wanted = name.removeprefix("-")
            if wanted != "all" and wanted not in known:
                raise ValueError(f"--native: there is no service {wanted} here; known: {', '.join(sorted(known))}")
            names = known if wanted == "all" else {wanted}
            here = here - names if name.startswith("-") else here | names
        return cls(url.rstrip("/"), frozenset(here))
