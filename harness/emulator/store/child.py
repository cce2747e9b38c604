"""Work in a copy of this process: what it sees stays as it is now, while this process goes on.

Copying takes a few milliseconds however much there is (the kernel copies pages when one of the two writes to them).
The copy must touch memory and files only: it has none of this process's threads and closes its descriptors, so it keeps
no port, no client, no pipe and no lock open if this process dies. Files without a name stay: they hold big values (the
bodies of S3 objects). Their offset is shared with this process, so the copy reads them at positions of its own
(`os.pread`), never from where they stand.
"""

from __future__ import annotations

import gc
import os
import signal
import stat
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

_NICE = 5
"""Requests go first."""


def start(work: Callable[[], None]) -> int:
    """Run `work` in a copy of this process; returns its process id. Its exit code is 0 if `work` raised nothing.

    Raises OSError.
    """
    pid = os.fork()
    if pid == 0:
        _run(work)
    return pid


def _run(work: Callable[[], None]) -> NoReturn:
    code = 1
    try:
        _close_descriptors()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        gc.disable()
        os.nice(_NICE)
        work()
        code = 0
    except BaseException:
        traceback.print_exc(file=sys.stderr)
    finally:
        os._exit(code)
    raise AssertionError


def _close_descriptors() -> None:
    """All but the standard ones and files without a name."""
    for name in os.listdir("/dev/fd"):
        number = int(name)
        if number > 2:
            with suppress(OSError):  # the one that listed them is closed already
                status = os.fstat(number)
                if not stat.S_ISREG(status.st_mode) or status.st_nlink > 0:
                    os.close(number)


def wait(pid: int) -> int:
    """Wait for the copy's end, in a thread; returns its exit code, negative for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
