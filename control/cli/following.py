"""`covey track`, `untrack`, `handles`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from control.cli.app import Json, app, out, print_json, services_here, stores_here
from control.cli.given import Column, File, Handles, given


@app.command()
def track(
    handles: Handles = None,
    file: File = None,
    column: Column = None,
    since: Annotated[str, typer.Option(help="Also what was posted since: 30m, 2h, up to 7d. Costs reads.")] = "0s",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would cost, and do nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Follow accounts: what they post, who mentions them, replies to them and quotes them.

    Nothing is done when any word is wrong. Other pages of X (/home, /search, /i/...) are no profiles and are refused.

    covey track NASA @SpaceX https://x.com/esa/media

    covey track --file accounts.csv --column username
    """
    from control import inputs

    names, duration = inputs.handles(given(handles, file, column)), inputs.since(since)
    from control import commands
    from control.cli.costs import tell_track

    if dry_run:
        return tell_track(services_here(), names, since=duration, as_json=as_json)
    done = commands.track(services_here(), names, since=duration)
    if as_json:
        return print_json({"added": done.added, "already": done.already, "streams": done.streams})
    if done.added:
        out.print(f"Following {len(done.added)} more in {done.streams} searches: {', '.join(done.added)}")
    if done.already:
        out.print(f"Followed already: {', '.join(done.already)}")
    return None


@app.command()
def untrack(handles: Handles = None, file: File = None, column: Column = None, as_json: Json = False) -> None:
    """Follow accounts no longer. What was collected stays."""
    from control import commands, inputs

    removed = commands.untrack(services_here(redis=False), inputs.handles(given(handles, file, column)))
    if as_json:
        return print_json({"removed": removed})
    out.print(f"No longer followed: {', '.join(removed)}")
    return None


@app.command(name="handles")
def list_handles(as_json: Json = False) -> None:
    """List the accounts that are or were followed, and how far each is covered."""
    from control.roster import handles
    from shared.runtime.clock import SystemClock

    rows = handles(stores_here())
    if as_json:
        return print_json(rows)
    if not rows:
        out.print("No account is followed. Begin with: covey track NAME")
        return None
    now = SystemClock().now()
    table = Table("account", "id", "since", "covered until", "gaps", "problem")
    for column in table.columns:
        column.no_wrap = True
    for row in rows:
        covered = row["covered_through"]
        table.add_row(
            f"@{row['username']}",
            row["user_id"] or "-",
            f"{row['since']:%Y-%m-%d}" if row["active"] else "no longer",
            f"{(now - covered).total_seconds():.0f} s ago" if covered else "-",
            str(row["gaps"]),
            row["problem"] or "",
        )
    table.columns[-1].no_wrap = False
    out.print(table)
    return None
