"""`covey analyse`: figures over what is stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from control.cli.app import Json, app, err, out, print_json, services_here
from control.cli.rows import Rows
from shared.domain.errors import InputError

if TYPE_CHECKING:
    from shared.services.bootstrap import Services
    from shared.stores.analysis import Span

BY: Final = ("language", "source")
From = Annotated[str, typer.Option("--from", help="Not before: 2026-05-01T12:00 (UTC), or 2d ago.")]
To = Annotated[str | None, typer.Option("--to", help="Before this time, written the same way; else until now.")]
Most = Annotated[int, typer.Option(min=1, max=50, help="The most frequent, so many.")]

analyse = typer.Typer(help="Count what is stored: mentions by day, top authors, share of voice.", no_args_is_help=True)
app.add_typer(analyse, name="analyse")


@analyse.command()
def volume(
    since: From = "7d",
    until: To = None,
    by: Annotated[str | None, typer.Option(metavar="|".join(BY), help="Also by language or source.")] = None,
    most: Most = 10,
    as_json: Json = False,
) -> None:
    """Show how many mentions each day (UTC) has, and each of the most frequent languages or sources."""
    from control import analytics

    if by not in (None, *BY):
        raise InputError(f"--by {by!r}: {' or '.join(BY)}")
    services, span = _over(since, until)
    found = analytics.volume(services, span, by=by, most=most)  # type: ignore[arg-type]
    if as_json:
        return print_json(found)
    lines = found["series"]
    columns = ("day", "all", *(one["value"] or "none" for one in lines))
    counted = zip(found["days"], *(one["days"] for one in lines), strict=True)
    rows = [(f"{day['day']}", *(f"{one['mentions']:,}" for one in (day, *others))) for day, *others in counted]
    totals = ("in all", f"{found['mentions']:,}", *(f"{one['mentions']:,}" for one in lines))
    out.print(Rows(columns, [*rows, totals], whole=columns))
    return _cut(found)


@analyse.command()
def authors(since: From = "7d", until: To = None, most: Most = 10, as_json: Json = False) -> None:
    """Show who wrote most of the mentions, and the likes, replies and reposts that these had."""
    from control import analytics

    found = analytics.authors(*_over(since, until), most=most)
    if as_json:
        return print_json(found)
    rows = [
        (f"@{one['handle']}" if one["handle"] else one["author_id"], f"{one['mentions']:,}", f"{one['acts']:,}")
        for one in found["authors"]
    ]
    _table(("author", "mentions", "acts"), rows)
    return _cut(found)


@analyse.command()
def share(
    sources: Annotated[list[str] | None, typer.Argument(metavar="SOURCE...", help="Only these, else all.")] = None,
    since: From = "7d",
    until: To = None,
    as_json: Json = False,
) -> None:
    """Show which part of the mentions each source has, of all sources or of those that are named.

    A mention that concerns several counts for each.
    """
    from control import analytics

    found = analytics.share(*_over(since, until), sources=sources or ())
    if as_json:
        return print_json(found)
    rows = [
        (one["source"], f"{one['mentions']:,}", f"{one['share']:.1%}", f"{one['acts']:,}", f"{one['acts_share']:.1%}")
        for one in found["sources"]
    ]
    return _table(("source", "mentions", "share", "acts", "share of acts"), rows)


def _over(since: str, until: str | None) -> tuple[Services, Span]:
    """The services, and the span that is meant."""
    from control import analytics
    from control.inputs import moment
    from shared.domain.sources import DEFAULT_TENANT

    services = services_here()
    now = services.clock.now()
    end = None if until is None else moment(until, now=now)
    return services, analytics.span_of(services, DEFAULT_TENANT, since=moment(since, now=now), until=end)


def _table(columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    out.print(Rows(columns, rows, whole=columns) if rows else "There are none.")


def _cut(found: dict[str, Any]) -> None:
    if found["is_cut"]:
        err.print("there are more: --most", highlight=False)
