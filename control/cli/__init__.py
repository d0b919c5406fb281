"""The `covey` command: reads options, calls a function, prints. Knows nothing else.

listed      the table of all commands; a command's module is imported when it is asked for
app         what all commands share
following   track, untrack, handles
sources     sources list, show, add, edit, pause, resume, remove, apply
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
showing     show
exporting   export
importing   import
checkpoint  checkpoint show, reset
logging     logs
working     queues, jobs, workers, pause, resume, cancel
running     demo, up
processes   once, worker, scheduler, simulator
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from control.cli import listed  # not its `app`: the module of that name takes that place in this package
from shared.domain.errors import CoveyError, InputError

__all__ = ["main", "program"]

# So many new objects before garbage is looked for. Imports make a hundred thousand and leave none behind: with Python's
# 700 the looking is a seventh of a short command's time.
NEW_OBJECTS = 50_000


def main() -> None:
    """Run the command; an error of the tree, or of the disk, is one line and a status, never a traceback."""
    try:
        _check_text(sys.argv[1:])
        listed.app()
    except InputError as error:
        _tell(error)
        sys.exit(2)
    except CoveyError as error:
        _tell(error)
        sys.exit(1)
    except OSError as error:
        _tell_disk(error)
        sys.exit(1)


def program() -> None:
    """`covey` as a process: `main`, and then out at once.

    MongoDB's driver would wait for its threads when Python ends, half a second as a rule; they hold nothing.
    """
    gc.set_threshold(NEW_OBJECTS)
    try:
        main()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError as error:
        if status == 0 and not isinstance(error, BrokenPipeError):
            _tell_disk(error)
        status = status or 1
    os._exit(status)


def _check_text(arguments: Sequence[str]) -> None:
    """Raises InputError for bytes that are no text: MongoDB and X take none."""
    for word in arguments:
        try:
            word.encode()
        except UnicodeEncodeError:
            raise InputError(f"{word!r} is not UTF-8") from None


def _tell_disk(error: OSError) -> None:
    """Such as one that is full, behind standard output too."""
    _tell(f"{error.filename or 'output'}: {error.strerror or error}")


def _tell(error: CoveyError | str) -> None:
    from control.cli.app import err

    err.print(f"covey: {error}", style="red", markup=False, highlight=False, soft_wrap=True)


@listed.app.callback(invoke_without_command=True)
def version_option(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    """Options that come before a command."""
    if version:
        from shared.runtime.version import VERSION

        typer.echo(VERSION)
        raise typer.Exit
