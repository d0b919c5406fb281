"""`covey refresh`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from control.cli.app import Json, app, err, out, print_json, services_here
from control.cli.given import Column, File, given

if TYPE_CHECKING:
    from shared.services.bootstrap import Services


@app.command()
def refresh(
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="ID", help="Post ids or addresses; - reads them from stdin.")
    ] = None,
    file: File = None,
    column: Column = None,
    old_ids: Annotated[
        bool, typer.Option("--old-ids", help="Take the short ids of posts from before November 2010 too.")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for X's word on each, with a progress bar.")] = False,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds to wait at most.")] = 300.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would cost, and do nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Read the counts of posts again now, ahead of everything else.

    Nothing is done when any word is wrong: an id that a spreadsheet rounded, a date, an id of a time to come.

    covey refresh 1460323737035677698 https://x.com/XDevelopers/status/1460323737035677698

    covey refresh --file export.csv --column id

    Exit status with --wait: 0 when X said something about every post, 1 when time ran out.
    """
    from control import commands, inputs
    from control.cli.costs import tell_refresh
    from shared.runtime.clock import SystemClock

    post_ids = inputs.post_ids(given(ids, file, column), now=SystemClock().now(), old_ids=old_ids)
    services = services_here()
    if dry_run:
        return tell_refresh(services, post_ids, as_json=as_json)
    request = commands.refresh(services, post_ids)
    words = _wait(services, request.run_ids, post_ids, timeout, quiet=as_json) if wait else {}
    complete = not wait or len(words) == len(post_ids)
    if as_json:
        print_json({"runs": request.run_ids, "total": request.total, "joined": request.joined, "results": words})
    elif wait:
        _print_words(words, post_ids)
    else:
        joined = f", {request.joined} of them joined a request that is under way" if request.joined else ""
        out.print(f"Refreshing {request.total} posts{joined}. Follow with --wait, or see: covey status")
    if not complete:
        raise typer.Exit(1)
    return None


def _wait(
    services: Services, run_ids: Sequence[str], post_ids: Sequence[int], timeout: float, *, quiet: bool
) -> dict[str, str]:
    """X's words on the posts, waited for until all are there, time runs out or the person interrupts."""
    from control import commands
    from control.local import interruptible

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    words: dict[str, str] = {}
    with interruptible() as stop, Progress(*columns, console=err, disable=quiet or not err.is_terminal) as bar:
        task = bar.add_task("refreshing", total=len(post_ids))
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            words = commands.refreshed(services, run_ids, post_ids)
            bar.update(task, completed=len(words))
            if len(words) == len(post_ids) or stop.wait(0.2):
                break
    return words


def _print_words(words: dict[str, str], post_ids: Sequence[int]) -> None:
    table = Table("post", "X says")
    for post_id in post_ids:
        table.add_row(str(post_id), words.get(str(post_id), "nothing yet"))
    out.print(table)
