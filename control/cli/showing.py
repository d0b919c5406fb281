"""`covey show`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from control.cli.app import Json, app, out, print_json, stores_here


@app.command()
def show(
    what: Annotated[str, typer.Argument(metavar="ID|@HANDLE", help="A post by id or address, or an account.")],
    as_json: Json = False,
) -> None:
    """Show a post with the curve of its engagement, or an account with its posts of 30 days.

    covey show 1460323737035677698

    covey show @nasa
    """
    from control import showing
    from control.cli.tracing import post_id_in
    from control.inputs import handles
    from control.lists import Word
    from shared.runtime.clock import SystemClock

    post_id = post_id_in(what)
    if post_id is not None:
        found = showing.post(stores_here(), post_id, now=SystemClock().now())
    else:
        (name,) = handles([Word(what)])
        found = showing.account(stores_here(), name, now=SystemClock().now())
    if as_json:
        return print_json(found)
    for name, words in _post(found) if post_id is not None else _account(found):
        if words:
            out.print(f"{name + ':':<10} {words}", markup=False, highlight=False, soft_wrap=True)
    return None


def _post(found: dict[str, Any]) -> list[tuple[str, str]]:
    media = [f"{one['id']} {one['type']} {one['stored_path'] or one['status'] or ''}".strip() for one in found["media"]]
    return [
        ("post", found["id"]),
        ("author", f"@{found['author']}" if found["author"] else found["author_id"] or "not known"),
        ("made", _at(found["created_at"])),
        ("text", found["text"] or _no_text(found["state"])),
        ("counts", _counts(found["counts"])),
        ("curve", _curve(found["curve"])),
        ("now", _now(found["estimate"])),
        ("stored", ", ".join(_stored(found, what) for what in ("quotes", "replies"))),
        ("media", "; ".join(media)),
        ("state", _state(found["state"])),
        ("found", f"by {found['found_by']}, {_at(found['first_seen_at'])}"),
    ]


def _account(found: dict[str, Any]) -> list[tuple[str, str]]:
    marks = [name for name in ("verified", "protected", "followed") if found[name]]
    newest = found["newest_post"]
    return [
        ("account", f"@{found['username']} ({found['id']})" + "".join(f", {mark}" for mark in marks)),
        ("name", found["name"] or ""),
        ("bio", found["description"] or ""),
        ("made", _at(found["created_at"])),
        ("counts", _counts(found["counts"])),
        ("posts", f"{found['posts_stored']:,} stored"),
        ("newest", f"{newest['id']}, {_at(newest['created_at'])}" if newest else ""),
        ("curve", _days(found["curve"])),
        ("described", _at(found["described_at"])),
        ("state", _state(found["state"]) if "by" in found["state"] else ""),
    ]


def _state(state: dict[str, Any]) -> str:
    """What became of it, since when, by which route that was learned; and what follows for what was written."""
    if "by" not in state:
        reports = state.get("reports")
        return f"{state['state']}, as of {_at(state['at'])}" + (
            "; X called it gone, to be confirmed" if reports else ""
        )
    words = f"{state['state']}, since {_at(state['at'])}"
    words += f", learned by {state['by']}" if state["by"] else ""
    words += f" (X says {state['said']})" if state["said"] else ""
    if state["purged_at"]:
        return f"{words}; what was written is gone here too, since {_at(state['purged_at'])}"
    return f"{words}; what was written goes {_at(state['purge_at'])}" if state["purge_at"] else words


def _no_text(state: dict[str, Any]) -> str:
    return "(gone, see state)" if state.get("purged_at") else ""


def _days(curve: list[dict[str, Any]]) -> str:
    from control.showing import sparkline

    each = [one["posts"] for one in curve]
    return f"{sparkline(each)} {sum(each):,} stored posts in {len(each)} days, at most {max(each):,} in one"


def _stored(found: dict[str, Any], what: str) -> str:
    """How many are stored, and of how many where X counts more."""
    stored, missing = found[f"{what}_stored"], found[f"{what}_missing"]
    return f"{stored:,} of {stored + missing:,} {what}" if missing else f"{stored:,} {what}"


def _curve(curve: list[dict[str, Any]]) -> str:
    from control.showing import sparkline

    if not curve:
        return ""
    first, last = curve[0], curve[-1]
    line = sparkline([one["engagement"] for one in curve])
    return f"{line} {first['engagement']:,} to {last['engagement']:,} in {len(curve)} readings, last {_at(last['at'])}"


def _now(estimate: dict[str, Any] | None) -> str:
    """What it probably is by now; nothing where it does not grow."""
    if not estimate or estimate["high"] - estimate["low"] < 1:
        return ""
    return f"probably {estimate['acts']:,.0f} acts, between {estimate['low']:,.0f} and {estimate['high']:,.0f}"


def _counts(counts: dict[str, Any]) -> str:
    return ", ".join(
        f"{value:,} {name.removesuffix('_count')}" for name, value in counts.items() if isinstance(value, int)
    )


def _at(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "not known"
