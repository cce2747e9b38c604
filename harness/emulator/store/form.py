"""The stored form: how snapshots and state folders are written, as one number that is apart from the release's version.

What is stored are pickles of the tables' rows, so a class, a field or a table that gets another name or meaning changes
the form. `FORM` is then raised by one; `tests/unit/test_stored_form.py` fails until it is. What was written in another
form is refused before anything of it is unpickled. moto's objects are in the pickles, too: its version counts as well.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import version

from harness.json_object import Json
from harness.version import VERSION

FORM = 2
"""Raised whenever something stored changes. Versions of the same form read each other's snapshots and folders."""


class OtherForm(ValueError):
    """It was written in another form. The text is a sentence's end, and says what can still read it."""


def written_by() -> Json:
    """What stands at the head of everything stored: the form, and who wrote it."""
    return {"form": FORM, "version": VERSION, "moto": _moto()}


def check(facts: Json) -> None:
    """Raises OtherForm for the head of something that this version can't read. Nothing was changed then."""
    form, wrote, moto = facts.get("form"), facts.get("version"), facts.get("moto")
    if not isinstance(form, int):
        raise OtherForm(
            f"it was written before 0.1.0 was released, in no numbered stored form, and version {VERSION} reads "
            f"form {FORM}. Nothing was changed"
        )
    if form != FORM:
        raise OtherForm(
            f"it has the stored form {form} of version {wrote}, and version {VERSION} reads form {FORM}. "
            f"Nothing was changed; {'an earlier commit' if wrote == VERSION else f'version {wrote}'} reads it"
        )
    if moto != _moto():
        raise OtherForm(
            f"it was written with moto {moto}, and moto {_moto()} is installed here. "
            f"Nothing was changed; pip install 'moto=={moto}' reads it again"
        )


@cache
def _moto() -> str:
    return version("moto")
