"""The code of the systems' functions, from the folder lambdas/ of this repository."""

from __future__ import annotations

import io
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

from harness.drills.drill_run import ACCOUNT, DrillRun
from harness.json_object import Json
from harness.problem import Problem

_FOLDERS = (Path(__file__).resolve().parents[3] / "lambdas", Path("lambdas").resolve())
_OLDEST = (1980, 1, 1, 0, 0, 0)


@cache
def archive(name: str) -> bytes:
    """A zip of `lambdas/<name>`. Raises Problem where the folder is missing: drills run in a clone."""
    folder = next((each / name for each in _FOLDERS if (each / name).is_dir()), None)
    if folder is None:
        raise Problem(f"The code of the function {name} is missing: drills need the folder lambdas/ of the repository.")
    return zipped({path.name: path.read_text() for path in sorted(folder.glob("*.py"))})


def zipped(files: dict[str, str]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as out:
        for name, text in files.items():
            out.writestr(zipfile.ZipInfo(name, _OLDEST), text)
    return content.getvalue()


def role(name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


def create_function(
    run: DrillRun, name: str, code: bytes, handler: str, timeout: int, environment: dict[str, str], **more: Any
) -> str:
    """Create a function; returns its ARN."""
    arn: str = run.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.11",
        Handler=handler,
        Role=role(name),
        Timeout=timeout,
        Code={"ZipFile": code},
        Environment={"Variables": environment},
        **more,
    )["FunctionArn"]
    return arn


def processing(function_arn: str, **parameters: str) -> Json:
    """A ProcessingConfiguration with one Lambda processor (A7)."""
    named = {"LambdaArn": f"{function_arn}:$LATEST", **parameters}
    entries = [{"ParameterName": name, "ParameterValue": value} for name, value in named.items()]
    return {"Enabled": True, "Processors": [{"Type": "Lambda", "Parameters": entries}]}
