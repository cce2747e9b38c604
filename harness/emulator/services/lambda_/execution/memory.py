"""How much memory a process has used."""

from __future__ import annotations


def peak(pid: int) -> int:
    """The most bytes that were resident at any time; 0 where the system does not tell (then the process watches
    itself, see runtime/launch.py)."""
    try:
        with open(f"/proc/{pid}/status", "rb") as status:
            for line in status:
                if line.startswith(b"VmHWM:"):
                    return int(line.split()[1]) << 10
    except OSError:
        pass
    return 0
