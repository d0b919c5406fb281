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
        str,
        typer.Argument(
            metavar="ID|SOURCE|@HANDLE",
            help="A post by id or address, a source by its id, or an account that is followed.",
        ),
    ],
    as_json: Json = False,
) -> None:
    """Explain which way X is asked for a source or an account, and what other ways cost; or when a post is next read.

    covey explain floods

    covey explain @nasa

    covey explain 1460323737035677698
    """
    from control import explaining
    from control.cli.tracing import post_id_in

    post_id = post_id_in(what)
    if post_id is not None:
        return _of_post(post_id, as_json=as_json)
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


def _of_post(post_id: int, *, as_json: bool) -> None:
    from control import planned

    found = planned.of_post(services_here(), post_id)
    if as_json:
        return print_json(found)
    guess, grows, due = found["estimate"], found["grows"], found["next_reading_at"]
    read = f"{found['read_at']:%Y-%m-%d %H:%M} UTC" if found["read_at"] else "never"
    rows = {
        "post": f"{found['id']}, {found['state']}, {found['tier']}, {found['velocity']:g} acts an hour",
        "read": f"{found['acts']:,} acts, {read}",
        "next": f"{due:%Y-%m-%d %H:%M:%S} UTC, ${found['usd']:g}" if due else "no time is set",
        "why": f"by the {found['by']}: {found['why']}",
        "now": f"probably {guess['acts']:,.0f} acts, between {guess['low']:,.0f} and {guess['high']:,.0f}",
        "grows": f"{grows['until_midnight']:,.1f} acts until 00:00 UTC, {grows['in_a_day_more']:,.1f} in a day more",
        "model": found["model"],
    }
    for name, words in rows.items():
        out.print(f"{name + ':':<7} {words}", markup=False, highlight=False, soft_wrap=True)
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
