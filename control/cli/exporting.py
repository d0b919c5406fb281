"""`covey export`."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from control.cli.app import app, err, stores_here
from shared.domain.errors import InputError

if TYPE_CHECKING:
    from control.exporting import Export, Standing, Times
    from control.exporting_files import Format
    from shared.stores.batches import BatchStore

FORMATS = ("jsonl", "csv", "parquet")


@app.command()
def export(
    what: Annotated[
        str, typer.Argument(metavar="WHAT", help="posts, users, engagement (all readings), mentions or media.")
    ],
    form: Annotated[str, typer.Option("--format", help="jsonl, csv or parquet.")] = "jsonl",
    source: Annotated[
        str | None, typer.Option(metavar="ID|@HANDLE", help="Only what concerns a source or a followed account.")
    ] = None,
    account: Annotated[
        str | None, typer.Option(metavar="@HANDLE", help="Only what belongs to an account's own posts.")
    ] = None,
    since: Annotated[str | None, typer.Option("--from", help="Not before: 2026-05-01T12:00 (UTC), or 2d ago.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="Before this time, written the same way.")] = None,
    fields: Annotated[str | None, typer.Option(help="Which, and in which order: id,created_at,text.")] = None,
    output: Annotated[Path | None, typer.Option(help="The file; standard output without.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an --output that was interrupted.")] = False,
) -> None:
    """Write what was collected as JSON lines, CSV or parquet.

    Ids are text in every format, times are ISO 8601 in UTC, and nested values are JSON text in csv and parquet.

    covey export posts --format csv --source @nasa --from 7d --output nasa.csv
    """
    from control.exporting import left_at
    from control.exporting_files import check_target

    asked = {"what": what, "format": _format(form).value, "source": source, "fields": fields}
    asked |= {"from": since, "to": until} | ({} if account is None else {"account": account})
    if resume and output is None:
        raise InputError("--resume goes on with a file: name it with --output")
    if output is not None:
        check_target(output)
    before, times = None, _times(since, until)
    if resume and output is not None:
        left = left_at(output)
        before, times = left.standing, left.times
        if left.asked != asked:
            raise InputError(f"the partial export of {str(output)!r} was asked for otherwise: {_words(left.asked)}")
    _run(asked, times, output, before)


def _run(asked: dict[str, Any], times: Times, output: Path | None, before: Standing | None) -> None:
    from control.exporting import Export
    from control.exporting_fields import chosen, kind_named
    from control.exporting_files import Format, check_format
    from control.exporting_scope import wanted
    from shared.stores.batches import BatchStore

    kind, form = kind_named(asked["what"]), Format(asked["format"])
    names = chosen(kind, asked["fields"])
    check_format(form)
    if output is None and form is Format.PARQUET:
        raise InputError("a parquet file cannot be written to standard output: name one with --output")
    stores = stores_here()
    read = wanted(
        stores, kind, names, source=asked["source"], account=asked.get("account"), since=times[0], until=times[1]
    )
    _write(BatchStore(stores.db), Export(read, names, form, asked, times), output, before)


def _write(batches: BatchStore, export: Export, output: Path | None, before: Standing | None) -> None:
    from control.exporting import to_file, to_stream
    from control.exporting_files import TextSink
    from control.local import interruptible

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    began, first = time.monotonic(), before.rows if before else 0
    with interruptible() as stop, Progress(*columns, console=err, disable=not err.is_terminal) as bar:
        task = bar.add_task("exporting", total=batches.total(export.wanted))

        def tell(standing: Standing) -> None:
            bar.update(task, completed=standing.passed, description=f"{standing.rows:,} rows")

        if output is None:
            sink = TextSink(sys.stdout.buffer, export.form, export.fields)
            try:
                done = to_stream(batches, export, sink, tell=tell, stop=stop)
            except BrokenPipeError:  # the reader has what it wanted: head, less
                raise typer.Exit(0) from None
        else:
            done = to_file(batches, export, output, before=before, tell=tell, stop=stop)
    seconds = max(time.monotonic() - began, 0.001)
    where = f" in {output}" if output else ""
    rate = f"{seconds:.1f} s, {(done.rows - first) / seconds:,.0f} rows/s"
    err.print(f"{done.rows:,} {export.asked['what']}{where} ({rate})", highlight=False, markup=False, soft_wrap=True)


def _format(word: str) -> Format:
    from control.exporting_files import Format

    if word not in FORMATS:
        raise InputError(f"{word!r} is no format: there are {', '.join(FORMATS)}")
    return Format(word)


def _times(since: str | None, until: str | None) -> Times:
    from control.inputs import moment
    from shared.runtime.clock import SystemClock

    now = SystemClock().now()
    begin, end = (None if text is None else moment(text, now=now) for text in (since, until))
    return begin, end


def _words(asked: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in asked.items() if value is not None)
