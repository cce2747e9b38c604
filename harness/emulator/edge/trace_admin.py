"""`/_harness/trace`: where a record went (docs/trace.md).

GET /_harness/trace/<id>             a Kinesis sequence number, a Firehose RecordId, a request id, an S3 object; any
                                     other text is searched for in the records that are still held
GET /_harness/trace?contains=<text>  only that search
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from harness.emulator.edge.admin_problem import AdminProblem
from harness.json_object import Json

if TYPE_CHECKING:
    from harness.emulator.call import HttpRequest
    from harness.emulator.world import World


def trace(world: World, request: HttpRequest, method: str, text: str) -> Json:
    """The JSON answer. Raises AdminProblem: 400 without a question, 404 when nothing is known."""
    if method != "GET":
        raise AdminProblem(405, f"trace takes GET, not {method}")
    from harness.emulator.trace.lookup import Lookup  # most runs never ask

    lookup = Lookup(world)
    sought = parse_qs(request.query).get("contains", [""])[0]
    if not text and not sought:
        raise AdminProblem(400, "name an id (/_harness/trace/<id>) or a text (/_harness/trace?contains=<text>)")
    found = (lookup.find(text) if text else None) or lookup.search(sought or text)
    if found is None:
        raise AdminProblem(404, _nothing(sought or text, world))
    return found


def _nothing(text: str, world: World) -> str:
    shown = text if len(text) <= 80 else f"{text[:77]}..."
    sentence = f"nothing is known of {shown!r}: it is no id of this emulator since it started or was reset, and no "
    sentence += "record that is still held contains it"
    if world.trace.forgotten:
        sentence += f" ({world.trace.forgotten:,} older hops were forgotten)"
    return sentence + "."
