#!/usr/bin/env python3
"""A stand-in for the docker command: FAKE_DOCKER names a folder with its state, `misbehave` in it says how it fails.

It notes its calls in `calls`; while its containers run there is a file `up`. The edge answers on FAKE_DOCKER_PORT only
if a test serves it.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

HOME = Path(os.environ["FAKE_DOCKER"])
WRONG = (HOME / "misbehave").read_text().split() if (HOME / "misbehave").exists() else []
arguments = sys.argv[1:]
with (HOME / "calls").open("a") as calls:
    calls.write(" ".join(arguments) + "\n")


def end(code: int, out: str = "", error: str = "") -> None:
    if out:
        print(out)
    if error:
        print(error, file=sys.stderr)
    sys.exit(code)


def image(name: str) -> None:
    images = json.loads((HOME / "images").read_text())
    end(0, images[name]) if name in images else end(1, error=f"Error: No such image: {name}")


def compose(command: str, rest: list[str]) -> None:
    if command == "up":
        (HOME / "up").touch()
        if "unhealthy" in WRONG or "exits" in WRONG:
            end(1, error="container localstack is unhealthy")
        if "port" in WRONG:
            end(1, error="Bind for 127.0.0.1:4566 failed: port is already allocated")
    elif command == "down":
        (HOME / "up").unlink(missing_ok=True)
    elif command == "ps" and (HOME / "up").exists():
        if "json" in rest:
            bad = {"Service": "localstack", "State": "running", "Health": "starting", "ExitCode": 0}
            good = {"Service": "newrelic", "State": "running", "Health": "healthy"}
            if "exits" in WRONG:
                # As Compose before 2.21 prints it; later ones print an object a line.
                end(0, json.dumps([good, bad | {"State": "exited", "Health": "", "ExitCode": 3}]))
            print(json.dumps(good))
            end(0, json.dumps(bad))
        end(0, "abc123")
    elif command == "logs":
        end(0, "the last line of its log")
    elif command == "port":
        end(0, "127.0.0.1:40404")
    end(0)


if "daemon" in WRONG and arguments[:2] != ["compose", "version"]:
    end(1, error="Cannot connect to the Docker daemon at unix:///var/run/docker.sock.")
if arguments[0] == "version":
    end(0, "20.10.24")
if arguments[0] == "compose":
    if arguments[1] == "version":
        end(1, error="docker: 'compose' is not a docker command.") if "compose" in WRONG else end(0, "2.26.1")
    known = ("up", "down", "ps", "logs", "port")
    at = next(index for index, word in enumerate(arguments) if word in known)
    compose(arguments[at], arguments[at:])
if arguments[:2] == ["image", "inspect"]:
    image(arguments[-1])
if arguments[0] == "pull":
    end(1, error="pull access denied") if "pull" in WRONG else end(0, arguments[-1])
if arguments[0] == "build":
    end(1, error="failed to solve: python:3.11.14-slim-bookworm: not found") if "build" in WRONG else end(0)
if arguments[0] == "ps":
    end(0, "abc123" if (HOME / "up").exists() else "")
end(1, error=f"unknown: {arguments}")
