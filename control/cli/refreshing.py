"""`covey refresh`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from control.cli.app import Json, app, err, out, print_json, services_here
from control.cli.choosing import InTier, Limit, OfHandle, OfSource, Since, Wish
from control.cli.given import Column, File

if TYPE_CHECKING:
    from control import commands
    from control.obstacles import Obstacle
    from control.refreshes import Standing
    from shared.services.bootstrap import Services

LOOK_SECONDS: Final = 0.4
SHOWN: Final = {
    "reply_count": "replies",
    "repost_count": "reposts",
    "like_count": "likes",
    "quote_count": "quotes",
    "impression_count": "views",
}


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
    handle: OfHandle = None,
    source: OfSource = None,
    tier: InTier = None,
    since: Since = None,
    limit: Limit = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for X's word on each, with a progress bar.")] = False,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds to wait at most.")] = 300.0,
    max_age: Annotated[
        str | None,
        typer.Option(help="Posts that were read within this are told from the store: 10s, 5m; 0s reads all."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would cost, and do nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Read the counts of posts again now, ahead of everything else.

    Nothing is done when any word is wrong: an id that a spreadsheet rounded, a date, an id of a time to come.

    covey refresh 1460323737035677698 https://x.com/XDevelopers/status/1460323737035677698

    covey refresh --file export.csv --column id

    covey refresh --handle nasa --since 2d --limit 50 --dry-run

    With --wait: the counts before and after, how old they are and what each post cost. It ends early when the job died
    (see covey dead show) or was cancelled, when no worker is there, or when a pause, X or a budget stands in the way
    for longer than --timeout.

    Exit status with --wait: 0 when X said something about every post, else 1.
    """
    words = (ids, file, column, old_ids)
    wish = Wish(words, handle=handle, source=source, tier=tier, since=since, limit=limit)
    from control import commands, inputs, refreshes
    from control.cli.costs import tell_refresh

    age = None if max_age is None else inputs.duration(max_age)
    services = services_here()
    post_ids = wish.post_ids(services.stores, quiet=as_json)
    if dry_run:
        return tell_refresh(services, post_ids, max_age=age, as_json=as_json)
    request = commands.refresh(services, post_ids, max_age=age)
    if not wait:
        return _tell(request, as_json=as_json)
    stands, obstacles = _wait(services, request, post_ids, timeout, quiet=as_json)
    rows = refreshes.posts(services, stands, post_ids)
    if as_json:
        print_json(_document(request, stands, obstacles, rows))
    else:
        _print(stands, obstacles, rows)
    if not stands.is_complete:
        raise typer.Exit(1)
    return None


def _tell(request: commands.Refresh, *, as_json: bool) -> None:
    """Say what was asked for."""
    if as_json:
        told = {"runs": request.run_ids, "total": request.total, "joined": request.joined, "results": request.stored}
        return print_json({**told, "stored": sorted(request.stored)})
    joined = f", {request.joined} of them joined a request that is under way" if request.joined else ""
    if request.stored:
        out.print(f"{len(request.stored)} of {request.total} posts were read a moment ago: not asked for again")
    if asked := request.total - len(request.stored):
        out.print(f"Refreshing {asked} posts{joined}. Follow with --wait, or see: covey status")
    return None


def _wait(
    services: Services, request: commands.Refresh, post_ids: Sequence[int], timeout: float, *, quiet: bool
) -> tuple[Standing, list[Obstacle]]:
    """How the refresh stands when nothing more is to be waited for, time runs out or the person interrupts.

    The obstacles are those for which it was given up.
    """
    from control import obstacles, refreshes
    from control.local import interruptible
    from shared.runtime.clock import SystemClock

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    deadline, ends_at = time.monotonic() + timeout, SystemClock().now() + timedelta(seconds=timeout)
    patience = obstacles.Patience()
    with interruptible() as stop, Progress(*columns, console=err, disable=quiet or not err.is_terminal) as bar:
        task = bar.add_task("refreshing", total=len(post_ids))
        while True:
            stands = refreshes.standing(
                services, request.run_ids, post_ids, asked_at=request.asked_at, stored=request.stored
            )
            bar.update(task, completed=len(stands.words))
            if not stands.waiting:
                return stands, []
            found = obstacles.obstacles(services, is_unpaid=stands.unpaid == stands.waiting)
            lasting = [one for one in found if one.outlasts(ends_at)]
            if believed := patience.believed(lasting, now_seconds=time.monotonic()):
                return stands, believed
            if time.monotonic() >= deadline or stop.wait(LOOK_SECONDS):
                return stands, []


def _document(
    request: commands.Refresh, stands: Standing, obstacles: Sequence[Obstacle], rows: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "runs": request.run_ids,
        "total": request.total,
        "joined": request.joined,
        "stored": sorted(request.stored),
        "results": stands.words,
        "posts": rows,
        "usd": round(sum(row["usd"] for row in rows), 6),
        "dead_letters": sorted(set(stands.dead.values())),
        "obstacles": [{"what": one.what, "reason": one.reason, "until": one.until} for one in obstacles],
        "complete": stands.is_complete,
    }


def _print(stands: Standing, obstacles: Sequence[Obstacle], rows: Sequence[dict[str, Any]]) -> None:
    from control.refreshes import DEAD, WAITING

    words = {WAITING: "nothing yet", DEAD: "nothing, its job died"}
    table = Table("post", "X says", *SHOWN.values(), "age", "cost")
    for column in table.columns[:2]:
        column.no_wrap = True
    for row in rows:
        counts = (_count(row, name) for name in SHOWN)
        table.add_row(row["id"], words.get(row["state"], row["state"]), *counts, _age(row), f"${row['usd']:.3f}")
    out.print(table)
    for letter in sorted(set(stands.dead.values())):
        count = sum(one == letter for one in stands.dead.values())
        out.print(f"The job of {count} posts died: covey dead show {letter}", highlight=False, soft_wrap=True)
    if stands.cancelled:
        out.print(f"{len(stands.cancelled)} posts were cancelled: nobody asks X for them any more")
    for one in obstacles:
        until = f"until {one.until:%Y-%m-%d %H:%M:%S} UTC" if one.until else "until a person acts, see covey status"
        out.print(f"{one.what}, {until}: {one.reason}", markup=False, highlight=False, soft_wrap=True)


def _age(row: dict[str, Any]) -> str:
    """How old the counts are, and whether X was not asked for them."""
    if row["age_seconds"] is None:
        return "-"
    return f"stored, {row['age_seconds']:.0f} s ago" if row["is_stored"] else f"{row['age_seconds']:.0f} s"


def _count(row: dict[str, Any], name: str) -> str:
    """One count: before and after, and the difference; what is not known is left out."""
    before, after, delta = ((row[part] or {}).get(name) for part in ("before", "after", "delta"))
    if after is None:
        return "-" if before is None else str(before)
    return str(after) if before is None or row["is_stored"] else f"{before} > {after} ({delta:+})"
