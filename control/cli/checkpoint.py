"""`covey checkpoint show`, `reset`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from control.cli.app import Json, app, err, out, print_json, services_here, stores_here
from shared.domain.spans import span

Name = Annotated[str, typer.Argument(metavar="@HANDLE|STREAM", help="A followed handle, or the id of a search.")]

checkpoint = typer.Typer(no_args_is_help=True, help="Show how far searches have read, and set them back.")
app.add_typer(checkpoint, name="checkpoint")


@checkpoint.command()
def show(name: Name, as_json: Json = False) -> None:
    """Show the searches that carry a handle: cursor, coverage, gaps, and the sweep that is under way with its page."""
    from control import checkpoints

    rows = checkpoints.show(stores_here(), name)
    if as_json:
        return print_json(rows)
    for row in rows:
        _tell(row)
    return None


@checkpoint.command()
def reset(
    name: Name,
    to: Annotated[str, typer.Option(metavar="TIME|SPAN", help="2026-05-01T12:00 (UTC), or so long ago: 2h, up to 7d.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Read again from then on: the next sweep of the search goes back to there. What is stored stays.

    Asks before, and says what is read again and about what it costs. Other handles of the same search are read again
    too. What was bought within this UTC day costs nothing.
    """
    from control import checkpoints

    services = services_here()
    at = checkpoints.moment(to, now=services.clock.now())
    planned = checkpoints.plan(services, name, at)
    what = f"{span(planned['reads_seconds'])} of {len(planned['handles'])} handles, about ${planned['usd']:,.3f}"
    err.print(f"Reads again from {at:%Y-%m-%d %H:%M:%S} UTC on: {what}.", highlight=False, markup=False)
    if planned["also"]:
        also = ", ".join(f"@{handle}" for handle in planned["also"])
        err.print(f"In the same search, and read again too: {also}", highlight=False, soft_wrap=True)
    if not yes and not typer.confirm("Set it back?", err=True):
        raise typer.Exit(1)
    rows = checkpoints.reset(services, name, at)
    if as_json:
        return print_json({**planned, "now": rows})
    for row in rows:
        _tell(row)
    return None


def _tell(row: dict[str, Any]) -> None:
    """One search, a fact a line."""
    sweep = row["sweep"]
    under_way = (
        f"page {sweep['page']}, begun {sweep['started_at']:%H:%M:%S}, {sweep['posts_seen']} posts" if sweep else "-"
    )
    facts = {
        "search": f"{row['stream']}, {len(row['handles'])} handles: {', '.join(row['handles'])}",
        "covered": f"{row['began_at']:%Y-%m-%d %H:%M:%S} to {row['covered_through']:%Y-%m-%d %H:%M:%S} UTC",
        "cursor": row["cursor_id"],
        "sweeps": f"{row['sweeps']} complete; under way: {under_way}",
        "gaps": ", ".join(
            f"{gap['from_at']:%m-%d %H:%M} to {gap['to_at']:%m-%d %H:%M} ({gap['reason']})" for gap in row["gaps"]
        ),
    }
    for name, value in facts.items():
        if value:
            out.print(f"{name}: {value}", highlight=False, markup=False, soft_wrap=True)
