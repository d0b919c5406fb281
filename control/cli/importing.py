"""`covey import`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, BinaryIO, TypeVar

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from control.cli.app import Json, app, err, out, print_json, services_here
from control.cli.given import STDIN
from control.cli.imported import sentences
from shared.domain.errors import InputError

if TYPE_CHECKING:
    from control.importing import Read
    from control.importing_bodies import Piece
    from control.importing_seed import Kind
    from shared.services.bootstrap import Services
    from shared.stores.predecessor import Predecessor

T = TypeVar("T")


@app.command("import")
def import_(
    files: Annotated[
        list[str] | None, typer.Argument(metavar="FILE...", help="JSON lines; - is standard input.")
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(metavar="KIND", help="handles, users, media, posts or state, where documents do not tell."),
    ] = None,
    from_mongo: Annotated[
        str | None, typer.Option(metavar="URI", help="Read the collections of a MongoDB instead of files.")
    ] = None,
    database: Annotated[str | None, typer.Option(metavar="NAME", help="Which of its databases.")] = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Follow the tracked handles among them from now on, as covey track does.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Store nothing; say what is in them.")] = False,
    as_json: Json = False,
) -> None:
    """Store what twarc2 has collected (JSON lines, flattened or not), or the predecessor's collections.

    Of these: what mongoexport wrote, or their MongoDB. Posts come last: what came before tells whom they concern.

    X is not asked. What is imported twice changes nothing, and what X told later than it stays.

    covey import X_tracked_handles.json X_users.json X_media.json X_tweets.json --follow

    covey import --from-mongo mongodb://localhost --database tweets --dry-run
    """
    from control.importing_seed import kind_named
    from shared.runtime.clock import SystemClock

    told_kind = kind_named(kind) if kind else None
    _check(files, from_mongo, database, kind)
    for name in files or ():
        with _opened(name):
            pass  # all of them can be read before any is
    predecessor = _predecessor(from_mongo, database) if from_mongo and database else None
    services, now = services_here(redis=follow and not dry_run), SystemClock().now()
    with Progress(
        TextColumn("{task.description}"),
        *(BarColumn(), TaskProgressColumn(), TimeRemainingColumn()),
        console=err,
        disable=not err.is_terminal,
        transient=True,
    ) as bar:
        work = _Import(services, now, bar, follow=follow, dry_run=dry_run)
        done = work.collections(predecessor) if predecessor else work.files(files or (), told_kind)
    if as_json:
        return print_json({name: asdict(read) for name, read in done.items()})
    for name, read in done.items():
        for line in sentences(name, read, dry_run=dry_run, follow=follow, is_file=bool(files)):
            out.print(line, markup=False, highlight=False, soft_wrap=True)
        for words in read.named:
            err.print(f"  {words}", style="yellow", markup=False, highlight=False, soft_wrap=True)
    return None


class _Import:
    """One import: what comes of each file or collection, told on a bar while it goes on."""

    def __init__(self, services: Services, now: datetime, bar: Progress, *, follow: bool, dry_run: bool) -> None:
        self._services, self._now, self._bar = services, now, bar
        self._follow, self._dry_run = follow, dry_run

    def files(self, names: Iterable[str], kind: Kind | None) -> dict[str, Read]:
        """Read files, one after another."""
        from control.importing_bodies import of_lines

        done = {}
        for name in names:
            with _opened(name) as file:
                lines = self._watched(name, file, len, _size(file))
                done[name] = self._run(of_lines(lines, kind), _latest(file, self._now))
        return done

    def collections(self, predecessor: Predecessor) -> dict[str, Read]:
        """Read the collections of a database, one after another."""
        from control.importing_bodies import of_document
        from control.importing_seed import KIND_OF
        from shared.stores.predecessor import COLLECTIONS

        done = {}
        for name in COLLECTIONS:
            documents = self._watched(name, predecessor.documents(name), lambda _: 1, predecessor.count(name))
            pieces = (of_document(f"{name} {one.get('_id')}", one, KIND_OF[name]) for one in documents)
            done[name] = self._run(pieces, self._now)
        return done

    def _run(self, pieces: Iterable[Piece], latest: datetime) -> Read:
        from control import importing
        from control.importing_store import storing

        store = storing(self._services, now=self._now, dry_run=self._dry_run)
        read = importing.run(pieces, store, latest=latest)
        if self._follow:
            importing.follow(self._services, read, dry_run=self._dry_run)
        return read

    def _watched(self, name: str, items: Iterable[T], size: Callable[[T], int], total: int | None) -> Iterator[T]:
        task = self._bar.add_task(name, total=total)
        for item in items:
            yield item
            self._bar.advance(task, size(item))


def _check(files: list[str] | None, from_mongo: str | None, database: str | None, kind: str | None) -> None:
    if not files and from_mongo is None:
        raise InputError("nothing to import: name files, - for standard input, or --from-mongo URI --database NAME")
    if files and from_mongo is not None:
        raise InputError(f"{files[0]!r} and --from-mongo: one or the other")
    if (from_mongo is None) != (database is None):
        raise InputError("--from-mongo URI and --database NAME go together")
    if from_mongo is not None and kind is not None:
        raise InputError("--kind is for files: a collection of MongoDB is of the kind that its name says")


def _predecessor(uri: str, database: str) -> Predecessor:
    from shared.stores.predecessor import Predecessor

    return Predecessor.open(uri, database, called="--from-mongo")


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


def _size(file: BinaryIO) -> int | None:
    """Bytes; None for standard input and what else has no size."""
    return None if file is sys.stdin.buffer else os.fstat(file.fileno()).st_size or None


def _latest(file: BinaryIO, now: datetime) -> datetime:
    """When the file was last written; now for standard input."""
    from shared.runtime.clock import from_epoch_seconds

    if file is sys.stdin.buffer:
        return now
    return min(now, from_epoch_seconds(os.fstat(file.fileno()).st_mtime))
