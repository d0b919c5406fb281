"""`covey explain`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from control.cli.app import Json, app, out, print_json, services_here
from control.cli.rows import Rows
from control.cli.sources_told import share_words
from shared.domain.spans import span

_COLUMNS = ("need", "route", "$", "calls", "delay", "verdict")


@app.command()
def explain(
    what: Annotated[
        str, typer.Argument(metavar="SOURCE|@HANDLE", help="A source by its id, or an account that is followed.")
    ],
    as_json: Json = False,
) -> None:
    """Explain which way X is asked for a source or an account, and what other ways cost.

    covey explain floods

    covey explain @nasa
    """
    from control import explaining

    found = explaining.explain(services_here(), what)
    if as_json:
        return print_json(found)
    rows = [cells for need in found["needs"] for cells in _cells(need)]
    out.print(Rows(_COLUMNS, rows, whole=_COLUMNS[1:]))
    out.print(
        f"{found['subject']}: {found['queries']} searches of up to {found['query_length']} characters, "
        f"{found['posts_a_day']:.3g} posts a day ({found['basis']})",
        highlight=False,
    )
    for one in found["streams"]:
        paid = f", with the share of {one['share_of']}" if one["share_of"] else ""
        out.print(
            f"Read now by {one['route']}, every {span(one['interval_seconds'])}, in the search {one['stream']} of "
            f"{one['members']}{paid}.",
            highlight=False,
        )
    if found["share"]:
        out.print(f"{found['subject']}: {share_words(found['share'])}.", highlight=False)
    return None


def _cells(need: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """A row for each route; the need is told once."""
    for place, one in enumerate(need["candidates"]):
        yield (
            f"{need['need']}: {need['about']}, {need['posts']:g} posts" if place == 0 else "",
            one["route"],
            f"{one['usd']:.3f}",
            str(one["calls"]),
            span(one["delay_seconds"]),
            _verdict(need, one),
        )


def _verdict(need: dict[str, Any], one: dict[str, Any]) -> str:
    if one["route"] == need["taken"]:
        untried = "" if one["is_tried"] else ", not tried yet"
        return f"taken: {need['reason'].replace('_', ' ')}{untried}"
    return ", ".join(one["lacks"]).replace("_", " ") or "would do"
