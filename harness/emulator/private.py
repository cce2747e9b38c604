"""The emulator's own environment: what it needs, and nothing else of the host's.

A function is a process that may read `/proc/<pid>/environ` of its parent, which shows the environment that the parent
was started with, whatever it removed since. So an emulator that was started with more than it needs starts again, in
the same process, before it imports anything. Imports nothing of ours: it is the first thing that runs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

_KEPT = frozenset((
    "DYLD_FALLBACK_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "HOME", "LANG", "LANGUAGE", "LD_LIBRARY_PATH", "PATH", "PWD",
    "PYENV_ROOT", "PYENV_VERSION", "TEMP", "TMP", "TMPDIR", "TZ", "VIRTUAL_ENV",
))  # fmt: skip
"""What interpreters, the loader and `tempfile` need."""
_PREFIXES = ("HARNESS_", "LC_", "PYTHON")
_NOT_KEPT = frozenset(("PYTHONINSPECT", "PYTHONSTARTUP", "PYTHONWARNINGS"))
_OWN = {
    # No library in here may find the account, the profiles or the certificates of whoever started it.
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}
_MARK = "HARNESS_PRIVATE"
"""The process id of an emulator that started again: some systems add variables to every process."""


def private_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What an emulator keeps of this environment, and its own."""
    kept = {
        name: value
        for name, value in environ.items()
        if name in _KEPT or (name.startswith(_PREFIXES) and name not in _NOT_KEPT)
    }
    return {**kept, **_OWN}


def leave_host_environment() -> None:
    """Start this Python program again without the host's variables, in the same process, unless there are none."""
    mine = private_environment(os.environ)
    if mine == os.environ:
        return
    if os.environ.get(_MARK) != str(os.getpid()):
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**mine, _MARK: str(os.getpid())})
    for name in os.environ.keys() - mine.keys():
        del os.environ[name]
