"""`covey track`, `untrack`, `handles`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from control.cli.app import Json, app, database_here, err, out, print_json, services_here
from control.cli.given import Column, File, Handles, given
from control.cli.rows import Rows
from shared.domain.errors import InputError

if TYPE_CHECKING:
    from control.commands import Tracked
    from control.look_up import LookedUp


@app.command()
def track(
    handles: Handles = None,
    file: File = None,
    column: Column = None,
    since: Annotated[str, typer.Option(help="Also what was posted since: 30m, 2h, up to 7d. Costs reads.")] = "0s",
    force: Annotated[bool, typer.Option("--force", help="Follow names too that X does not know.")] = False,
    count: Annotated[
        bool,
        typer.Option("--count", help="Ask X how many posts --since means ($0.005 a search), for a closer estimate."),
    ] = False,
    sample: Annotated[
        bool,
        typer.Option(
            "--sample",
            help="Also read a page of it, to see by how many people (up to $0.50 a search; then not paid again today).",
        ),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would cost, and do nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Follow accounts: what they post, who mentions them, replies to them and quotes them.

    New names are looked up first, where X can be asked (a call for a hundred); one that X does not know is refused.
    With --since, what accounts that are followed already posted is read from then on too, where it was not yet.

    Nothing is done when any word is wrong. Other pages of X (/home, /search, /i/...) are no profiles and are refused.

    covey track NASA @SpaceX https://x.com/esa/media

    covey track --file accounts.csv --column username
    """
    from control import inputs

    names, duration = inputs.handles(given(handles, file, column)), inputs.since(since)
    from control import commands
    from control.cli.costs import tell_track
    from control.health import is_planned
    from control.look_up import look_up

    if dry_run:
        return tell_track(services_here(), names, since=duration, count=count or sample, sample=sample, as_json=as_json)
    services = services_here()
    found = look_up(services, commands.not_followed(services, names))
    if found.unknown and not force:
        raise InputError(f"X knows no {_listed(found.unknown)}; nothing was done (--force follows them all the same)")
    done = commands.track(services, names, since=duration, found=found, count=count or sample, sample=sample)
    if not is_planned(services):
        _warn("No scheduler runs: nothing is read until one does. Start all with covey up, or run covey once.")
    if as_json:
        said = {name: getattr(found, name) for name in ("unknown", "suspended", "protected")}
        asked = {"looked_up": found.why_not is None, "not_looked_up_because": found.why_not, **said}
        return print_json({**asdict(done), **asked})
    _tell(done, found, since=since)
    return None


def _tell(done: Tracked, found: LookedUp, *, since: str) -> None:
    """What was done, and what X said of the names."""
    if done.added:
        out.print(f"Following {len(done.added)} more in {done.streams} searches: {', '.join(done.added)}")
    if done.already:
        out.print(f"Followed already: {', '.join(done.already)}")
    if done.read_back:
        out.print(f"Read again from {since} ago on: {', '.join(done.read_back)}")
    for names, what in (
        (found.unknown, "X knows no"),
        (found.suspended, "Suspended, there is nothing to read until X lets them back:"),
        (found.protected, "Protected, X shows their posts to nobody else:"),
    ):
        if names:
            _warn(f"{what} {_listed(names)}")
    if found.why_not is not None:
        _warn(f"Not looked up first: {found.why_not}. A worker does it.")


def _warn(line: str) -> None:
    err.print(line, style="yellow", markup=False, highlight=False, soft_wrap=True)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"@{name}" for name in names)


@app.command()
def untrack(handles: Handles = None, file: File = None, column: Column = None, as_json: Json = False) -> None:
    """Follow accounts no longer. What was collected stays."""
    from control import commands, inputs

    done = commands.untrack(services_here(redis=False), inputs.handles(given(handles, file, column)))
    if as_json:
        return print_json({"removed": done.removed, "still": done.still})
    if done.removed:
        out.print(f"No longer followed: {', '.join(done.removed)}")
    for name, sources in done.still.items():
        _warn(f"@{name} is followed all the same: asked for by {', '.join(sources)}; covey sources edit changes that")
    return None


@app.command(name="handles")
def list_handles(as_json: Json = False) -> None:
    """List the accounts that are or were followed, and how far each is covered."""
    from control.roster import handles
    from shared.runtime.clock import SystemClock
    from shared.stores.followed import Followed

    rows = handles(Followed.on(database_here()))
    if as_json:
        return print_json(rows)
    if not rows:
        out.print("No account is followed. Begin with: covey track NAME")
        return None
    now = SystemClock().now()
    cells = [
        (
            f"@{row['username']}",
            row["user_id"] or "-",
            f"{row['since']:%Y-%m-%d}" if row["active"] else "no longer",
            f"{(now - covered).total_seconds():.0f} s ago" if (covered := row["covered_through"]) else "-",
            str(row["gaps"]),
            row["problem"] or "",
        )
        for row in rows
    ]
    columns = ("account", "id", "since", "covered until", "gaps", "problem")
    out.print(Rows(columns, cells, whole=columns[:-1]))
    return None
