"""Law 9: pages of other sites get nothing. One judgement for every request: of AWS, admin, LocalStack's.

By `Host`: a page that rebinds its own DNS name to this machine sends that name, so only names are served that nobody
else can own. By the page: browsers name a page's origin in `Origin`, for images, links and forms only in `Referer` (if
the page lets them), and in Fetch metadata whether it is another one than the server's. Fetch metadata comes over https
and to loopback names only; a browser that sends none tells itself by its User-Agent, and is refused unless it names an
origin that may come in. Requests without any of these marks come from no browser, and pass.

Who else may come in, by `--allow-origin` or a bucket's CORS rules, is known to `cross_origin.py`. Deployed APIs answer
pages themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address

from harness.emulator.call import HttpRequest

# Names that only ever mean this machine or AWS itself (clients that are pointed here by a proxy or a hosts file).
_KNOWN = ("localhost", "localhost.localstack.cloud", "amazonaws.com", "amazonaws.com.cn", "api.aws", "on.aws")
_KNOWN_EXACT = ("host.docker.internal", "gateway.docker.internal", "host.containers.internal")

_MARKS = frozenset(("host", "user-agent", "origin", "referer", "sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest"))
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(:[0-9]{1,5})?")
_FUNCTION_URL = re.compile(r"[a-z0-9]+\.lambda-url\.[a-z0-9-]+\.(.+)")
_DEFAULT_PORTS = (("http://", ":80"), ("https://", ":443"))

# What a link on any page may lead to: pages that change nothing by being opened and can't be put into a frame.
_OPEN_TO_NAVIGATION = ("/_harness/console",)

# A delivery to a built-in sink may carry the Host that the sink stands for. No page can send one: browsers put Origin
# on every POST.
_DELIVERY = re.compile(r"/_harness/sinks/[^/]+/deliver(?:/|$)")


@dataclass(slots=True, frozen=True)
class Page:
    """The page behind a browser's request. `origin` is empty where the browser does not tell it, `null` for one
    without an origin (a sandbox, a file)."""

    origin: str
    is_own: bool
    """Whether the page came from this emulator, or there is none: the user typed the URL."""
    is_navigating: bool
    """Whether the answer becomes the browser's next page, not part of the page that asks."""


class Guard:
    """`hosts` are names that a user allowed besides this machine's."""

    def __init__(self, hosts: Iterable[str] = ()) -> None:
        self._hosts = frozenset(hosts)
        self.knows = lru_cache(maxsize=1024)(self._knows)

    def _knows(self, host: str) -> bool:
        """Whether a `Host` can't be a foreign site's own name: loopback, an address, a name without dots (as in a
        compose file), LocalStack's and AWS's domains, what the user allowed. No Host at all is no browser."""
        name = _name(host)
        if not name or name in _KNOWN_EXACT or name in self._hosts or _is_address(name):
            return True
        if "." not in name:
            return not name.startswith("[")
        if any(name == known or name.endswith("." + known) for known in _KNOWN):
            return True
        if any(name.endswith((".s3." + allowed, ".execute-api." + allowed)) for allowed in self._hosts):
            return True
        url = _FUNCTION_URL.fullmatch(name)
        return url is not None and url[1] in self._hosts


def marks(request: HttpRequest) -> tuple[str, dict[str, str] | None]:
    """`Host`, and by what a browser gives itself away: None for any other client."""
    host = ""
    found: dict[str, str] | None = None
    for name, value in request.headers:
        if name in _MARKS:
            if name == "host":
                host = value
            elif name == "user-agent":
                if value[:8] == "Mozilla/" and "PowerShell" not in value:
                    found = found or {}
            elif name != "referer":  # which other clients send as well
                found = found or {}
                found[name] = value
    return host, found


def page_of(request: HttpRequest, host: str, found: dict[str, str]) -> Page:
    """The page behind a request with a browser's marks."""
    site = found.get("sec-fetch-site", "")
    origin = found.get("origin", "").lower() or _origin_of(request.header("referer"))
    is_named = origin == f"http://{host.lower()}" or origin == f"https://{host.lower()}"
    # Without Fetch metadata the origin decides alone; with it, a page that is said to be another one is no own one.
    is_same = site in ("same-origin", "none")
    is_own = (is_named and (is_same or not site)) or (is_same and "origin" not in found)
    navigating = request.method == "GET" and found.get("sec-fetch-mode") == "navigate"
    return Page(origin, is_own, navigating and found.get("sec-fetch-dest") == "document")


def is_open_to(page: Page, path: str) -> bool:
    """Whether any page like this may send the request: the emulator's own, and one that links to a page of ours."""
    return page.is_own or (page.is_navigating and path in _OPEN_TO_NAVIGATION)


def is_delivery(request: HttpRequest) -> bool:
    """Whether this is a delivery to a built-in sink, for a request without a browser's marks."""
    return request.method == "POST" and _DELIVERY.match(request.path) is not None


def checked_origin(text: str) -> str:
    """The origin as browsers send it. Raises ValueError with a sentence for what is no origin; `*` is none."""
    origin = text.lower()
    if not _ORIGIN.fullmatch(origin):
        hint = "name each page's origin" if text == "*" else "it has a scheme, a host and no path"
        raise ValueError(f"--allow-origin {text} is not an origin such as http://localhost:3000; {hint}")
    for scheme, port in _DEFAULT_PORTS:
        if origin.startswith(scheme):
            origin = origin.removesuffix(port)
    return origin


def _origin_of(url: str) -> str:
    scheme, separator, rest = url.lower().partition("://")
    return f"{scheme}://{rest.partition('/')[0].partition('?')[0]}" if separator else ""


def _name(authority: str) -> str:
    """The host without its port, lower case: `[::1]:4566` → `[::1]`."""
    if authority.startswith("["):
        address, bracket, _ = authority.partition("]")
        return address + bracket
    return authority.partition(":")[0].lower().rstrip(".")


def _is_address(name: str) -> bool:
    try:
        if name.startswith("[") and name.endswith("]"):
            IPv6Address(name[1:-1])
        else:
            IPv4Address(name)
    except ValueError:
        return False
    return True
