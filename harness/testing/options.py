"""The plugin's options: on the command line, or in the ini file under the same names."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.problem import Problem
from harness.targets import AWS, DEFAULT_TARGET, refuse_unknown_target
from harness.targets.settings import EmulatorSettings

CONFIRMATION = "--harness-i-know-this-costs-money"
DEFAULT_SEED = 7
_IAM = ("off", "enforce")


@dataclass(frozen=True)
class Option:
    """One option: `--harness-<name>` and the ini option `harness_<name>`."""

    name: str
    metavar: str
    help: str

    @property
    def flag(self) -> str:
        return f"--harness-{self.name}"

    @property
    def ini(self) -> str:
        return f"harness_{self.name.replace('-', '_')}"


OPTIONS = (
    Option("target", "NAME", "where tests run: embedded (default), localstack or aws"),
    Option(
        "stack", "PATH|NAME", "Terraform stack that every test finds applied: a folder, or a name in terraform/stacks"
    ),
    Option("seed", "N", f"seed of ids, sequence numbers and faults (default: {DEFAULT_SEED})"),
    Option("iam", "MODE", "whether IAM policies decide what is allowed: off (default) or enforce"),
    Option("strict", "yes|no", "refuse settings that would be kept without effect: no (default) or yes"),
    Option("endpoint-url", "URL", "use the emulator that runs there, with what it holds, instead of starting one"),
)


@dataclass(frozen=True)
class Options:
    """What a test run uses. `root` is pytest's rootdir; `stack` a path or a name; `run` names a parallel run, in which
    `workers` processes take part; `target` is one of the names in `harness.targets`. `confirmed`: a run on an
    account may cost money."""

    root: Path
    stack: str | None = None
    seed: int = DEFAULT_SEED
    endpoint_url: str | None = None
    run: str | None = None
    workers: int = 1
    iam: str = "off"
    target: str = DEFAULT_TARGET
    confirmed: bool = False
    strict: bool = False

    @property
    def settings(self) -> EmulatorSettings:
        """Of an emulator that is started for the run."""
        return EmulatorSettings("manual", self.seed, iam=self.iam, strict=self.strict)

    @classmethod
    def read(
        cls,
        root: Path,
        flags: Mapping[str, str | None],
        ini: Mapping[str, str | None],
        run: str | None = None,
        workers: int = 1,
        confirmed: bool = False,
    ) -> Options:
        """From the values by option name; a flag wins. A stack in the ini file is relative to `root`, one on the
        command line to the working folder. Raises Problem for what cannot be used."""
        given = {option.name: flags.get(option.name) or ini.get(option.name) or None for option in OPTIONS}
        target = given["target"] or DEFAULT_TARGET
        refuse_unknown_target(target)
        stack = flags.get("stack") or _rooted(root, ini.get("stack"))
        url = given["endpoint-url"]
        if url is not None and not url.startswith("http://"):
            raise Problem(f"--harness-endpoint-url {url} is no URL of an emulator, such as http://127.0.0.1:4566.")
        if url is not None and workers > 1:
            raise Problem("One emulator cannot serve several workers: leave out --harness-endpoint-url or -n.")
        iam = given["iam"]
        if iam not in (None, *_IAM):
            raise Problem(f"--harness-iam {iam} is not a mode; use off or enforce.")
        if target == AWS:
            _refuse_emulators(url, iam)
        if iam is not None and url is not None:
            raise Problem("A running emulator has its own mode: leave out --harness-iam or --harness-endpoint-url.")
        strict = given["strict"]
        if strict not in (None, "yes", "no"):
            raise Problem(f"--harness-strict {strict} is not an answer; use yes or no.")
        if strict is not None and (url is not None or target == AWS):
            raise Problem("Only an emulator that is started for the tests can be strict: leave out --harness-strict.")
        return cls(
            root,
            stack,
            _number(given["seed"]),
            url and url.rstrip("/"),
            run,
            workers,
            iam or "off",
            target,
            confirmed,
            strict == "yes",
        )


def _refuse_emulators(url: str | None, iam: str | None) -> None:
    if url is not None:
        raise Problem(
            "--harness-endpoint-url names an emulator; what stands in for AWS is named by AWS_ENDPOINT_URL, as for "
            "every AWS tool."
        )
    if iam is not None:
        raise Problem("On aws IAM decides anyway: leave out --harness-iam.")


def _rooted(root: Path, stack: str | None) -> str | None:
    if not stack:
        return None
    folder = Path(os.path.expanduser(stack))
    return str(root / folder) if (root / folder).is_dir() else stack


def _number(seed: str | None) -> int:
    if seed is None:
        return DEFAULT_SEED
    try:
        return int(seed)
    except ValueError:
        raise Problem(f"--harness-seed {seed} is not a number.") from None
