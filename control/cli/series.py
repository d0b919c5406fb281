"""`covey series`."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from control.cli.app import Json, app, err, out, print_json, stores_here
from control.cli.rows import Rows
from shared.domain.errors import InputError

if TYPE_CHECKING:
    from shared.stores.curves import Page, Span

COUNTS: Final = {
    "like_count": "likes",
    "repost_count": "reposts",
    "reply_count": "replies",
    "quote_count": "quotes",
    "impression_count": "views",
}


@app.command()
def series(
    what: Annotated[list[str], typer.Argument(metavar="ID...|@HANDLE|SOURCE", help="Posts, an account or a source.")],
    since: Annotated[str | None, typer.Option("--from", help="Not before: 2026-05-01T12:00 (UTC), or 2d ago.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="Before this time, written the same way.")] = None,
    ends: Annotated[
        bool, typer.Option("--ends", help="Only the first and the newest reading of posts that were made in the span.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Readings at most; with --ends: posts.")] = 200,
    after: Annotated[str | None, typer.Option(metavar="MARK", help="Go on after what was shown.")] = None,
    as_json: Json = False,
) -> None:
    """Show how the counts of posts grew: of posts, of an account or of a source, between two times.

    A reading is there where it was taken in the span, or held when the span began. Nothing is read from X.

    covey series 1460323737035677698

    covey series @nasa --from 7d --json
    """
    from control import curves
    from shared.runtime.clock import SystemClock
    from shared.stores.curves import Mark

    now, stores = SystemClock().now(), stores_here()
    span, mark = _span(since, until, now), None if after is None else Mark.read(after)
    subject = curves.subject_of(stores, what, now=now)
    page = (curves.ends if ends else curves.readings)(stores, subject, span, after=mark, limit=limit)
    if as_json:
        rows = [curves.ROW(one) for one in page.snapshots]
        return print_json({"readings": rows, "posts": page.posts, "after": str(page.after) if page.after else None})
    return _show(page)


def _span(since: str | None, until: str | None, now: datetime) -> Span:
    from control.inputs import moment
    from shared.stores.curves import Span

    told = {name: moment(text, now=now) for name, text in (("since", since), ("until", until)) if text is not None}
    span = Span(**told)
    if span.until <= span.since:
        raise InputError(f"--to {until} is not after --from {since}")
    return span


def _show(page: Page) -> None:
    from control.curves import ROW

    rows = [ROW(one) for one in page.snapshots]
    if rows:
        out.print(
            Rows(
                ("post", "at", "until", *COUNTS.values()), [_words(row) for row in rows], whole=("post", "at", "until")
            )
        )
    err.print(f"{len(rows):,} readings of {page.posts:,} posts", highlight=False)
    if page.after:
        err.print(f"there are more: --after {page.after}", highlight=False, markup=False, soft_wrap=True)


def _words(row: dict[str, Any]) -> list[str]:
    counts = ["" if row[name] is None else f"{row[name]:,}" for name in COUNTS]
    return [row["post_id"], _at(row["at"]), _at(row["through"]), *counts]


def _at(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}" if moment else ""
