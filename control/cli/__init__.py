"""The `covey` command: reads options, calls a function, prints. Knows nothing else.

app         the application, and what all commands share
following   track, untrack, handles
refreshing  refresh
looking     status
doctor      doctor
blocking    unblock
budget      budget show, set, unset
runs        budget runs
credentials credentials list, add, remove, rotate-keys, new-key
connect     connect
dead        dead list, show, replay, purge
tracing     trace
working     queues, jobs, workers, pause, resume, cancel
running     demo, up, worker, scheduler, simulator
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from control.cli import (
    blocking,
    budget,
    connect,
    credentials,
    dead,
    doctor,
    following,
    looking,
    refreshing,
    running,
    runs,
    tracing,
    working,
)
from control.cli.app import app, err, out
from shared.domain.errors import CoveyError, InputError
from shared.runtime import log
from shared.runtime.version import VERSION

__all__ = [
    "blocking",
    "budget",
    "connect",
    "credentials",
    "dead",
    "doctor",
    "following",
    "looking",
    "main",
    "refreshing",
    "running",
    "runs",
    "tracing",
    "working",
]


def main() -> None:
    """Run the command; an error of the tree is one line and a status, never a traceback."""
    log.configure(level="warning", form="console", process="covey")  # to standard error: the output is for scripts
    try:
        app()
    except InputError as error:
        err.print(f"covey: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(2)
    except CoveyError as error:
        err.print(f"covey: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)


@app.callback(invoke_without_command=True)
def version_option(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    """Options that come before a command."""
    if version:
        out.print(VERSION)
        raise typer.Exit
