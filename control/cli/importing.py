"""`covey import`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from control.cli.app import Json, app, err, out, print_json, stores_here
from control.cli.given import STDIN
from shared.domain.errors import InputError

if TYPE_CHECKING:
    from control.importing import Read


@app.command("import")
def import_(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="JSON lines of twarc2; - is standard input.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Store nothing; say what is in them.")] = False,
    as_json: Json = False,
) -> None:
    """Store posts that twarc2 has collected (JSON lines, flattened or not).

    X is not asked. A file that is imported twice changes nothing, and what X told later than it stays.
    """
    from control import importing
    from shared.runtime.clock import SystemClock

    for name in files:
        with _opened(name):
            pass  # all of them can be read before any is
    stores, now = stores_here(), SystemClock().now()
    store, done = importing.storing(stores, now=now, dry_run=dry_run), {}
    for name in files:
        with _opened(name) as file:
            done[name] = importing.run(file, store, latest=_latest(file, now))
    if as_json:
        return print_json({name: asdict(read) for name, read in done.items()})
    for name, read in done.items():
        out.print(_sentence(name, read, dry_run=dry_run), markup=False, highlight=False, soft_wrap=True)
        for words in read.named:
            err.print(f"  {words}", style="yellow", markup=False, highlight=False, soft_wrap=True)
    return None


@contextmanager
def _opened(name: str) -> Iterator[BinaryIO]:
    if name == STDIN:
        yield sys.stdin.buffer
        return
    try:
        file = open(name, "rb")  # noqa: SIM115 - an error of what is done with it is not one of opening it
    except OSError as error:
        raise InputError(f"{name!r} cannot be read: {error.strerror}") from None
    with file:
        yield file


def _latest(file: BinaryIO, now: datetime) -> datetime:
    """When the file was last written; now for standard input."""
    import os

    from shared.runtime.clock import from_epoch_seconds

    if file is sys.stdin.buffer:
        return now
    return min(now, from_epoch_seconds(os.fstat(file.fileno()).st_mtime))


def _sentence(name: str, read: Read, *, dry_run: bool) -> str:
    words = (
        f"{name}: {read.posts:,} posts in {read.lines:,} lines, {read.new:,} {'would be' if dry_run else 'were'} new"
    )
    if read.set_aside:
        told = ", ".join(f"{count} {reason}" for reason, count in sorted(read.set_aside.items()))
        words += f"; set aside: {told}"
    return words + (f"; {read.odd:,} lines cannot be read" if read.odd else "")
