"""How every command ends: a Problem becomes one sentence and exit code 1, never a stack trace."""

from __future__ import annotations

import functools
import traceback
from collections.abc import Callable
from typing import ParamSpec

import typer

from harness.cli.show import errors
from harness.problem import Problem
from harness.provision.workspace import Workspace, write_atomically

INTERRUPTED = 130
P = ParamSpec("P")


def reported(command: Callable[P, None]) -> Callable[P, None]:
    """Wrap a command so that its failures are told in one sentence."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except Problem as problem:
            errors.print(f"harness: {problem.sentence}", style="bold red")
            if problem.detail:
                errors.print(f"\n{problem.detail}")
            raise typer.Exit(1) from None
        except KeyboardInterrupt:
            errors.print("harness: interrupted", style="bold red")
            raise typer.Exit(INTERRUPTED) from None
        except (typer.Exit, typer.Abort):
            raise
        except Exception as error:
            report = Workspace.find().home / "error.txt"
            write_atomically(report, traceback.format_exc())
            errors.print(f"harness: internal error ({type(error).__name__}: {error}); see {report}", style="bold red")
            raise typer.Exit(1) from None

    return run
