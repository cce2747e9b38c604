"""The options that say where a process of ours listens, and its signals: for the emulator and the sink server."""

from __future__ import annotations

import argparse
import asyncio
import errno
import ipaddress
import os
import signal

ANY = ("0.0.0.0", "::")


def add_listening(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=4566, help="0 lets the system choose (default: %(default)s)")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: %(default)s)")
    parser.add_argument(
        "--allow-remote",
        action="store_true",
        help="let --host be an address that other machines reach: for a container, whose network decides who that is",
    )


def check_listening(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """Ends the process with a sentence for a port or an address that is none, or that is too open (law 8)."""
    if not 0 <= options.port <= 65535:
        parser.error("--port must be from 0 to 65535")
    if options.host == "localhost":
        options.host = "127.0.0.1"
    try:
        address = ipaddress.ip_address(options.host)
    except ValueError:
        address = None
    if address is None or not (address.is_loopback or options.allow_remote):
        hint = " (--allow-remote lets other machines in)" if address is not None else ""
        parser.error(f"argument --host: {options.host} is not a loopback address{hint}")


def own_url(host: str, port: int) -> str:
    """The URL by which this process and its children reach it when it listens there."""
    if host in ANY:
        host = "::1" if ":" in host else "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def why_not(error: OSError, host: str, port: int) -> str:
    """The sentence for an address that can't be listened on."""
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is in use; choose another with --port."
    if error.errno == errno.EACCES:
        return f"Port {port} needs special rights; choose one above 1023 with --port."
    return f"Can't listen on {host} port {port}: {os.strerror(error.errno) if error.errno else error}."


def stop_signals() -> asyncio.Event:
    """Set by the first SIGTERM or SIGINT. A second one ends the process at once."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop() -> None:
        ended.set()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    return ended
