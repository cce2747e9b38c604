"""The emulator's admin API (`/_harness/…`) for Python callers outside the emulator."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlparse

from harness.json_object import Json
from harness.problem import Problem


class AdminError(Problem):
    """The emulator answered an admin request with an error. `status` is the HTTP status, 0 when there was no answer."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True)
class Admin:
    """One emulator's admin API. Every method raises AdminError when the emulator refuses or does not answer."""

    endpoint_url: str

    def health(self, timeout: float = 2.0) -> Json:
        return self._request("GET", "/_harness/health", timeout=timeout)

    def clock(self) -> Json:
        return self._request("GET", "/_harness/clock")

    def advance(self, seconds: float) -> Json:
        return self._request("POST", "/_harness/clock/advance", {"seconds": seconds}, timeout=600.0)

    def settle(self, max_seconds: float) -> Json:
        return self._request("POST", "/_harness/clock/settle", {"max_seconds": max_seconds}, timeout=600.0)

    def snapshots(self) -> list[Json]:
        found: list[Json] = self._request("GET", "/_harness/snapshots")["snapshots"]
        return found

    def save_snapshot(self, name: str, *, here_only: bool = False) -> Json:
        """Save the whole state; `here_only` leaves out what is kept by an endpoint behind (docs/upstream.md)."""
        return self._request("PUT", _snapshot(name, here_only), timeout=120.0)

    def restore_snapshot(self, name: str, *, here_only: bool = False) -> Json:
        return self._request("POST", _snapshot(name, here_only), timeout=120.0)

    def delete_snapshot(self, name: str) -> Json:
        return self._request("DELETE", _snapshot(name))

    def faults(self) -> list[Json]:
        """All fault rules with their counters (docs/faults.md)."""
        found: list[Json] = self._request("GET", "/_harness/faults")["faults"]
        return found

    def fault_kinds(self) -> list[Json]:
        found: list[Json] = self._request("GET", "/_harness/faults?kinds")["kinds"]
        return found

    def add_faults(self, rules: Any) -> list[Json]:
        """Add one rule (an object) or several (a list); returns them with their ids."""
        added: list[Json] = self._request("POST", "/_harness/faults", rules)["faults"]
        return added

    def clear_faults(self, rule_id: str | None = None) -> list[Json]:
        """Remove one rule or all; returns what they had counted."""
        path = f"/_harness/faults/{quote(rule_id, safe='')}" if rule_id else "/_harness/faults"
        gone: list[Json] = self._request("DELETE", path)["faults"]
        return gone

    def sinks(self) -> list[str]:
        """Names of the HTTP sinks that were used."""
        names: list[str] = self._request("GET", "/_harness/sinks")["sinks"]
        return names

    def sink(self, name: str) -> Json:
        """The requests that the sink recorded: `{"requests": […], "dropped": 0, "answers_left": 0}`."""
        return self._request("GET", _sink(name))

    def script_sink(self, name: str, answers: list[Json]) -> Json:
        """Replace the sink's script: `[{"status": 500, "times": 3}]`."""
        return self._request("PUT", _sink(name), {"answers": answers})

    def forget_sink(self, name: str) -> Json:
        return self._request("DELETE", _sink(name))

    def token(self, issuer: str, **wanted: Any) -> str:
        """A JWT of the built-in issuer for this URL; `wanted` is `audience`, `subject`, `scopes`, `claims`, `lifetime`,
        each left to the emulator where it is None (docs/authorizers.md)."""
        given = {member: value for member, value in wanted.items() if value is not None}
        name = (issuer.partition("://")[2] or issuer).rstrip("/")
        path = f"/_harness/issuers/{quote(name)}/tokens"
        token: str = self._request("POST", path, {"issuer": issuer, **given})["token"]
        return token

    def trace(self, record_id: str) -> Json:
        """Where the record with that id went; AdminError 404 where nothing is known of it."""
        return self._request("GET", f"/_harness/trace/{quote(record_id, safe='')}")

    def iam_mode(self) -> str:
        """Whether policies decide: `off` or `enforce`."""
        mode: str = self._request("GET", "/_harness/iam")["mode"]
        return mode

    def kept(self) -> list[dict[str, str]]:
        """Settings without effect there: `[{"service", "resource", "setting"}]` (docs/kept.md)."""
        found: list[dict[str, str]] = self._request("GET", "/_harness/kept")["kept"]
        return found

    def reset(self, *, here_only: bool = False) -> Json:
        """Empty everything; `here_only` leaves what is at an endpoint behind."""
        return self._request("POST", "/_harness/reset" + ("?part=here" if here_only else ""), timeout=60.0)

    def begin_again(self, snapshot: str | None, *, here_only: bool = False) -> None:
        """Back to the snapshot, or to nothing; without faults, and with empty sinks."""
        if snapshot is None:
            self.reset(here_only=here_only)
        else:
            self.restore_snapshot(snapshot, here_only=here_only)
        self.clear_faults()
        for name in self.sinks():
            self.forget_sink(name)

    def _request(self, method: str, path: str, body: Any = None, timeout: float = 30.0) -> Json:
        place = urlparse(self.endpoint_url)
        connection = http.client.HTTPConnection(place.hostname or "127.0.0.1", place.port or 80, timeout=timeout)
        try:
            content = json.dumps(body) if body is not None else None
            headers = {"Content-Type": "application/json"} if body is not None else {}
            connection.request(method, path, content, headers)
            answer = connection.getresponse()
            payload = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise AdminError(0, f"The emulator at {self.endpoint_url} does not answer ({error}).") from None
        finally:
            connection.close()
        try:
            content_object = json.loads(payload) if payload.strip() else {}
        except ValueError:
            content_object = None
        if answer.status >= 400 or not isinstance(content_object, dict):
            raise AdminError(answer.status, _sentence(method, path, answer.status, content_object, payload))
        return content_object


def _snapshot(name: str, here_only: bool = False) -> str:
    return f"/_harness/snapshots/{quote(name, safe='')}" + ("?part=here" if here_only else "")


def _sink(name: str) -> str:
    return f"/_harness/sinks/{quote(name, safe='')}"


def _sentence(method: str, path: str, status: int, content: object, payload: bytes) -> str:
    if isinstance(content, dict):
        for name in ("message", "error", "Message"):
            if isinstance(content.get(name), str):
                return str(content[name])
    return f"{method} {path} was answered with HTTP {status}: {payload[:200].decode(errors='replace')}"
