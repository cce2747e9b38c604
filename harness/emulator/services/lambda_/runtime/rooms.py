"""AWS's paths for one function's process: /var/task, /var/runtime and /opt, in a mount namespace of its own (C11).

Linux only, as root or with user namespaces; where neither is allowed the process lives with the real paths, and nothing
here fails. Nothing of it is seen outside of the process and its children. Python 3.8 and later, standard library only.

    python -S rooms.py <folder> <stage>

tries it once, with exit status 0 if it can be had: some systems let a process into a namespace, and then mount nothing.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # for what `typing` has it: importing that costs as much as the interpreter's start
if TYPE_CHECKING:
    import ctypes
    from collections.abc import Mapping

SEARCHED = ("PATH", "LD_LIBRARY_PATH", "NODE_PATH", "PYTHONPATH", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR", "PWD")
"""The variables that name these places."""

_NEW_MOUNTS, _NEW_USER = 0x00020000, 0x10000000
_BIND, _MOVE, _RECURSIVE, _PRIVATE = 4096, 8192, 16384, 1 << 18

# What Lambda looks for in /opt: the host's own folders of these names must not be taken for a layer's.
_LAYER_FOLDERS = frozenset(("bin", "extensions", "java", "lib", "nodejs", "python", "ruby"))


def furnish(task: str, runtime: str, opt: str, stage: str, program: str = "") -> dict[str, str]:
    """Make /var/task and /var/runtime of these folders, and /opt if there are layers.

    `stage` is an empty folder to mount on, `program` what will be executed in here. Returns real → shown for what
    could be made.
    """
    if sys.platform != "linux":
        return {}
    try:
        import ctypes

        libc = ctypes.CDLL(None, use_errno=True)
    except (ImportError, OSError):
        return {}
    shown: dict[str, str] = {}
    try:
        if not _enter(libc):
            return {}
        _mount(libc, "none", "/", "", _RECURSIVE | _PRIVATE)
        _rebuild(libc, "/var", {"task": task, "runtime": runtime}, frozenset(), stage)
        shown[task], shown[runtime] = "/var/task", "/var/runtime"
        if opt:
            contents = {name: os.path.join(opt, name) for name in os.listdir(opt)}
            hidden = _LAYER_FOLDERS | frozenset(contents)
            if not any(_is_under(path, hidden) for path in _needed(program)):
                _rebuild(libc, "/opt", contents, hidden, stage)
                shown[opt] = "/opt"
    except OSError:
        pass
    return shown


def mapped(path: str, shown: Mapping[str, str]) -> str:
    """The path as it is called in here."""
    for real, name in shown.items():
        if path == real or path.startswith(real + "/"):
            return name + path[len(real) :]
    return path


def rename(shown: Mapping[str, str]) -> None:
    """Let the environment variables say the names in here."""
    for variable in SEARCHED:
        if variable in os.environ:
            parts: list[str] = os.environ[variable].split(":")
            os.environ[variable] = ":".join(mapped(part, shown) for part in parts)


def _enter(libc: ctypes.CDLL) -> bool:
    if libc.unshare(_NEW_MOUNTS) == 0:
        return True
    user, group = os.geteuid(), os.getegid()
    if libc.unshare(_NEW_USER | _NEW_MOUNTS) != 0:
        return False
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)
    return True


def _rebuild(libc: ctypes.CDLL, place: str, added: Mapping[str, str], hidden: frozenset[str], stage: str) -> None:
    """Replace a folder of the root by one with the same contents, without `hidden` and with `added`. Raises OSError."""
    _mount(libc, "tmpfs", stage, "tmpfs", 0)
    try:
        held = sorted(os.listdir(place)) if os.path.isdir(place) else []
    except OSError:
        held = []
    sources = {name: os.path.join(place, name) for name in held if name not in hidden}
    sources.update(added)
    for name, source in sources.items():
        target = os.path.join(stage, name)
        if os.path.islink(source) and name not in added:
            os.symlink(os.readlink(source), target)
            continue
        if os.path.isdir(source):
            os.mkdir(target)
        else:
            os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o600))
        try:
            _mount(libc, os.path.realpath(source), target, "", _BIND | _RECURSIVE)
        except OSError:
            if name in added:
                raise
    _mount(libc, stage, place, "", _MOVE)


def _mount(libc: ctypes.CDLL, source: str, target: str, kind: str, flags: int) -> None:
    import ctypes

    arguments = (os.fsencode(source), os.fsencode(target), os.fsencode(kind) or None)
    if libc.mount(*arguments, ctypes.c_ulong(flags), None) != 0:
        raise OSError(ctypes.get_errno(), f"mount {source} {target}")


def _needed(program: str) -> list[str]:
    paths = [sys.prefix, sys.base_prefix, sys.executable, os.path.abspath(__file__), program]
    return paths + [os.path.realpath(path) for path in paths]


def _is_under(path: str, names: frozenset[str]) -> bool:
    parts = path.split("/")
    return len(parts) > 2 and parts[1] == "opt" and parts[2] in names


if __name__ == "__main__":
    folder, stage = sys.argv[1:]
    sys.exit(0 if furnish(folder, folder, "", stage) else 1)
