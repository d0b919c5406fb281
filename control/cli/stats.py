"""`covey stats`: how engagement is followed, what that took, and what it saved."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from control.cli.app import Json, app, out, print_json, services_here
from control.cli.rows import Rows
from shared.domain.errors import InputError
from shared.domain.spans import span

FIGURES = ("calls", "ids", "ids a call", "read", "bought", "free", "saved", "cost")


@app.command()
def stats(
    day: Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="A UTC day, by source; else today.")] = None,
    source: Annotated[str | None, typer.Option(metavar="ID", help="A source, by day.")] = None,
    run: Annotated[str | None, typer.Option(metavar="RUN", help="A run of covey budget runs.")] = None,
    as_json: Json = False,
) -> None:
    """Show how engagement is followed: posts by tier, readings by day, source or run, their cost.

    A post that concerns several sources counts for each of them. Read again on a day on which X was paid for it, it is
    free, and saves its price.
    """
    from control import stats as doing

    if sum(one is not None for one in (day, source, run)) > 1:
        raise InputError("give one of --day, --source and --run")
    services = services_here()
    today = services.ledger.now().date()
    if run is not None:
        return _tell(doing.of_run(services, run), ("run", "kind"), as_json=as_json)
    if source is not None:
        return _tell(doing.of_source(services, source), ("day",), as_json=as_json)
    chosen = today if day is None else doing.day_of(day, today=today)
    followed = {} if day is not None else {"followed": doing.followed(services)}
    readings = doing.of_day(services, chosen)
    if as_json:
        return print_json({**followed, "readings": readings})
    for one in followed.values():
        _tell_followed(one)
    return _tell(readings, ("day", "source"), as_json=False)


def _tell_followed(followed: dict[str, Any]) -> None:
    """Posts by tier, and how old the count is."""
    columns = ("tier", "followed", "due", "overdue", "lag", "stale")
    out.print(Rows(columns, [_tier(row) for row in followed["tiers"]], whole=columns, title="followed posts"))
    age = span(followed["age_seconds"])
    out.print(f"Counted {age} ago; {followed['unpaid']:,} readings until midnight cost money.", highlight=False)


def _tier(row: dict[str, Any]) -> tuple[str, ...]:
    counts = (f"{row[name]:,}" for name in ("followed", "due", "overdue"))
    return (row["tier"] or "all", *counts, span(row["lag_seconds"]), f"{row['stale_ratio']:.1%}")


def _tell(rows: list[dict[str, Any]], of: tuple[str, ...], *, as_json: bool) -> None:
    if as_json:
        return print_json({"readings": rows})
    if not rows:
        out.print("Nothing was read again yet.")
        return None
    columns = (*of, *FIGURES)
    out.print(Rows(columns, [_cells(row, of) for row in rows], whole=columns, title="readings"))
    return None


def _cells(row: dict[str, Any], of: tuple[str, ...]) -> tuple[str, ...]:
    counts = [f"{row[name]:,}" for name in ("calls", "ids")]
    full = "-" if row["ids_a_call"] is None else f"{row['ids_a_call']:.1f}"
    counts += [full, *(f"{row[name]:,}" for name in ("read", "bought", "free"))]
    return (*(row[name] or "all" for name in of), *counts, f"${row['saved_usd']:,.3f}", f"${row['usd']:,.3f}")
