"""The environment variables of a function's process (C4): AWS's and the function's own, nothing of the host's."""

from __future__ import annotations

import os
import re
from pathlib import Path

from harness.emulator.permissions.function_sessions import session_token
from harness.emulator.services.lambda_.model import FunctionVersion

# What the dynamic loader needs to start the interpreter at all.
_FROM_HOST = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH")
_PATH = "/usr/local/bin:/usr/bin/:/bin:/opt/bin"
"""AWS's, behind the folder of the interpreter (/var/lang/bin there)."""

_SEARCHED = frozenset(("PATH", "LD_LIBRARY_PATH", "NODE_PATH", "PYTHONPATH"))
_NODE = re.compile(r"nodejs(\d+)\.x")

RESERVED = frozenset({
    "_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT",
    "LAMBDA_RUNTIME_DIR",
})  # fmt: skip
"""Names that AWS rejects in a function's own variables."""


def variables(
    version: FunctionVersion,
    *,
    runtime_api: str,
    endpoint_url: str,
    log_group: str,
    log_stream: str,
    task_root: str,
    packages: Path,
    layers: Path | None,
    node_sdk: Path | None,
    home: Path,
    temporary: Path,
    interpreter: str,
) -> dict[str, str]:
    """All variables of one process, with real folders: the process says /var/task and /opt where it can have them
    (`runtime/rooms.py`). The dynamic loader needs the real ones at its start."""
    values = {name: os.environ[name] for name in _FROM_HOST if name in os.environ}
    values |= {
        "AWS_ENDPOINT_URL": endpoint_url,
        "HOME": str(home),
        "LANG": "en_US.UTF-8",
        "LC_CTYPE": "C.UTF-8",
        "PATH": f"{os.path.dirname(interpreter)}:{_PATH}",
        "PYTHONPATH": str(packages),
        "SHLVL": "0",
        "TMPDIR": str(temporary),
        "TZ": ":UTC",
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000",
        "_AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1",
        "_AWS_XRAY_DAEMON_PORT": "2000",
    }
    if layers is not None:
        values["PATH"] = f"{os.path.dirname(interpreter)}:{_PATH.replace('/opt', str(layers))}"
        values["LD_LIBRARY_PATH"] = ":".join(filter(None, (values.get("LD_LIBRARY_PATH"), f"{layers}/lib")))
    if (node := _NODE.fullmatch(version.runtime)) is not None:
        opt = str(layers or "/opt")
        sdk = f"{node_sdk}:" if node_sdk is not None else ""  # AWS has it in /var/runtime/node_modules
        values["NODE_PATH"] = (
            f"{opt}/nodejs/node{node[1]}/node_modules:{opt}/nodejs/node_modules:{packages}/node_modules:{sdk}"
            f"{packages}:{task_root}"
        )
    values |= version.environment or {}
    for name in _SEARCHED & values.keys():
        values[name] = ":".join(_real(part, task_root, layers) for part in values[name].split(":"))
    values |= {
        "_HANDLER": version.handler,
        "AWS_ACCESS_KEY_ID": version.account,
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_SESSION_TOKEN": session_token(version.role, version.unqualified_arn),
        "AWS_REGION": version.region,
        "AWS_DEFAULT_REGION": version.region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{version.runtime}",
        "AWS_LAMBDA_FUNCTION_NAME": version.name,
        "AWS_LAMBDA_FUNCTION_VERSION": version.version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(version.memory_size),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        "AWS_LAMBDA_RUNTIME_API": runtime_api,
        "LAMBDA_TASK_ROOT": task_root,
        "LAMBDA_RUNTIME_DIR": str(packages),
        "PWD": task_root,
    }
    if version.log_format == "JSON":
        values["AWS_LAMBDA_LOG_FORMAT"] = "JSON"
        values["AWS_LAMBDA_LOG_LEVEL"] = version.application_log_level or "INFO"
    return values


def _real(part: str, task_root: str, layers: Path | None) -> str:
    """A folder of a search path that a function's own variables name as AWS does."""
    for shown, real in (("/var/task", task_root), ("/opt", str(layers or "/opt"))):
        if part == shown or part.startswith(shown + "/"):
            return real + part[len(shown) :]
    return part
