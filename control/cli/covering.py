"""`covey coverage`, `covey backfill`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from control.cli.app import Json, app, err, out, print_json, services_here
from control.cli.given import Column, File, given
from control.cli.rows import Rows
from shared.domain.errors import InputError
from shared.domain.spans import span

if TYPE_CHECKING:
    from control.backfills import Plan
    from shared.services.bootstrap import Services

LOOK_SECONDS = 1.0


@app.command()
def coverage(
    handles: Annotated[
        list[str] | None,
        typer.Argument(metavar="[HANDLE|SOURCE]...", help="Of these; else of all that is followed."),
    ] = None,
    window: Annotated[str, typer.Option(help="How far back: 24h, 7d.")] = "7d",
    since: Annotated[
        str | None,
        typer.Option(metavar="TIME|SPAN", help="2026-05-01T12:00 (UTC), or so long ago; in place of --window."),
    ] = None,
    until: Annotated[str, typer.Option(metavar="TIME|SPAN", help="Up to then; default: now.")] = "0s",
    audit: Annotated[
        bool,
        typer.Option("--audit", help="Compare what is stored with how many posts X counts ($0.005 each)."),
    ] = False,
    live: Annotated[bool, typer.Option("--live", help="When nobody heard X's live events.")] = False,
    as_json: Json = False,
) -> None:
    """Show what was read of accounts and sources, what is missing and what it costs.

    "verified" is what was read a second time, for posts that X shows late. "silent" is an account that has posted
    nothing for longer than its rhythm explains. "audited" is how many posts were stored of those that X counted in the
    last nightly audit. With --audit X's own count is shown beside what is stored; what was
    deleted since is stored and not counted. Exit status with --audit: 0 when nothing is missing, else 1.
    """
    from control import coverage as covering
    from control import inputs
    from control.cli.covering_live import show_breaks
    from shared.runtime.clock import SystemClock

    now = SystemClock().now()
    to_at = inputs.moment(until, now=now)
    from_at = inputs.ago(window, now=to_at) if since is None else inputs.moment(since, now=now)
    if from_at >= to_at:
        raise InputError(f"--since {since or window} is not before --until {until}")
    if live:
        return show_breaks(from_at, to_at, as_json=as_json)
    if audit:
        return _audit(handles or [], to_at - from_at, to_at, as_json=as_json)
    rows = covering.coverage(services_here(), handles or [], window=to_at - from_at, until=to_at)
    if as_json:
        return print_json(rows)
    if not rows:
        out.print("No account is followed. Begin with: covey track NAME")
        return None
    columns = ("what", "covered", "verified", "behind", "gaps", "late", "last post", "note")
    out.print(Rows(columns, [_cells(row) for row in rows], whole=columns[:-1]))
    _tell_gaps(rows)
    return None


def _audit(words: Sequence[str], window: timedelta, until: datetime, *, as_json: bool) -> None:
    from control.audits import audit

    found = audit(services_here(), words, window=window, until=until)
    if as_json:
        print_json(found)
    else:
        cells = [
            (
                row["subject"],
                f"{row['from_at']:%Y-%m-%d %H:%M}",
                *(f"{row[name]:,}" for name in ("counted", "stored", "gone", "missing")),
            )
            for row in found["rows"]
        ]
        columns = ("what", "from (UTC)", "X counts", "stored", "deleted since", "missing")
        out.print(Rows(columns, cells, whole=columns))
        out.print(f"Asking cost ${found['usd']:.3f}. Hour by hour: --json", highlight=False)
    if any(row["missing"] for row in found["rows"]):
        raise typer.Exit(1)


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    lag, last, every = row["lag_seconds"], row["last_post_at"], row["expected_every_seconds"]
    notes = [f"a post every {span(every)}"] if every else []
    notes += ["silent"] if row["is_silent"] else []
    notes += [f"{span(row['unaccounted_seconds'])} unaccounted for"] if row["unaccounted_seconds"] else []
    if audit := row["audit"]:
        notes.append(f"audited {audit['at']:%Y-%m-%d}: {audit['stored']:,} of {audit['counted']:,}")
    return (
        row["subject"],
        _percent(row["covered_ratio"]),
        _percent(row["verified_ratio"]),
        "-" if lag is None else span(lag),
        str(len(row["gaps"])),
        str(row["late_posts"]),
        f"{last:%Y-%m-%d %H:%M}" if last else "-",
        "; ".join(notes),
    )


def _percent(ratio: float | None) -> str:
    """Rounded down: what is not whole is not 100 %."""
    return "-" if ratio is None else f"{int(ratio * 10_000) / 100:g} %"


def _tell_gaps(rows: Sequence[dict[str, Any]]) -> None:
    """Each gap once, with what it is and what filling it would cost."""
    found = {gap["id"]: gap for row in rows for gap in row["gaps"]}
    if not found:
        return
    cells = [
        (
            gap["id"],
            f"{gap['from_at']:%Y-%m-%d %H:%M:%S}",
            span(gap["seconds"]),
            gap["reason"],
            gap["state"] if gap["route"] else "out of reach",
            f"{gap['posts_about']:,}",
            f"${gap['usd_about']:,.2f}" if gap["route"] else "-",
        )
        for gap in sorted(found.values(), key=lambda one: one["from_at"])
    ]
    columns = ("gap", "from (UTC)", "length", "reason", "state", "posts about", "cost about")
    out.print(Rows(columns, cells, title="missing", whole=columns))


@app.command()
def backfill(
    handles: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="HANDLE|SOURCE",
            help="name, @name or the address of a profile, or the id or name of a source; - reads them from stdin.",
        ),
    ] = None,
    file: File = None,
    column: Column = None,
    since: Annotated[
        str, typer.Option("--from", metavar="TIME|SPAN", help="2026-05-01T12:00 (UTC), or so long ago: 3d.")
    ] = "7d",
    until: Annotated[str, typer.Option("--to", metavar="TIME|SPAN", help="Up to then; default: now.")] = "0s",
    wait: Annotated[bool, typer.Option("--wait", help="Show how far it is, until it ends.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would cost, and do nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Read what accounts and sources had in a span of time, where it was not read.

    A source of accounts stands for these.

    What was read already is not read again. It runs beside what is new and never before it, in the class of work
    `backfill` and its part of the budget; when money ends it goes on the next day.

    Exit status with --wait: 0 when all of it is read, 1 when some of it is out of reach or you stopped waiting.
    """
    from control import backfills, inputs
    from shared.runtime.clock import SystemClock

    words, now = given(handles, file, column), SystemClock().now()
    from_at, to_at = inputs.moment(since, now=now), inputs.moment(until, now=now)
    services = services_here()
    wanted = inputs.followed(words, services.stores.sources.all())
    planned = backfills.plan(services, wanted, from_at=from_at, to_at=to_at)
    run_id = None if dry_run else backfills.begin(services, planned, wanted)
    done = _wait(services, run_id, planned, quiet=as_json) if wait and run_id else None
    if as_json:
        print_json(_document(planned, run_id, done, dry_run=dry_run))
    else:
        _tell(planned, run_id, done, dry_run=dry_run)
    if done is not None and (done["open"] or done["final"]):
        raise typer.Exit(1)


def _wait(services: Services, run_id: str, planned: Plan, *, quiet: bool) -> dict[str, Any]:
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    from control import backfills
    from control.local import interruptible

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with interruptible() as stop, Progress(*columns, console=err, disable=quiet or not err.is_terminal) as bar:
        task = bar.add_task("reading", total=None)
        while True:
            stands = backfills.progress(services, run_id, planned)
            bar.update(task, completed=stands["read_seconds"], total=stands["seconds"])
            if not stands["open"] or stop.wait(LOOK_SECONDS):
                return stands


def _document(planned: Plan, run_id: str | None, done: dict[str, Any] | None, *, dry_run: bool) -> dict[str, Any]:
    spans = [
        {"gap": gap.id, "from_at": gap.from_at, "to_at": gap.to_at, "members": list(gap.members)}
        for gap in planned.gaps
    ]
    money = {"posts_about": planned.posts_about, "usd_about": round(planned.usd_about, 4)}
    return {"dry_run": dry_run, "run": run_id, "spans": spans, **money, "progress": done}


def _tell(planned: Plan, run_id: str | None, done: dict[str, Any] | None, *, dry_run: bool) -> None:
    if not planned.gaps:
        out.print("All of it was read already: there is nothing to do.")
        return
    seconds = sum(gap.length.total_seconds() for gap in planned.gaps)
    about = f"{planned.posts_about:,} posts, ${planned.usd_about:,.2f}"
    verb = "Would read" if dry_run else "Reading"
    out.print(f"{verb} {span(seconds)} in {len(planned.gaps)} spans: about {about}.", highlight=False)
    if done is not None:
        for one in done["final"]:
            out.print(
                f"Out of reach: {one['from_at']:%Y-%m-%d %H:%M} to {one['to_at']:%Y-%m-%d %H:%M}", highlight=False
            )
        left = f"{done['open']} spans are left" if done["open"] else "All that can be reached is read."
        out.print(left)
    elif run_id is not None:
        out.print("Follow it with: covey coverage, covey budget runs", highlight=False)
