"""`covey coverage --live`: when nobody heard X's live events."""

from __future__ import annotations

from datetime import datetime

from control.cli.app import out, print_json, services_here
from control.cli.rows import Rows
from shared.domain.spans import span


def show_breaks(since: datetime, until: datetime, *, as_json: bool) -> None:
    """Print the breaks of all routes that touch a window. Raises StoreUnavailable."""
    from control.live import breaks

    found = breaks(services_here(), since=since, until=until)
    if as_json:
        return print_json(found)
    if not found:
        out.print("No break: live events were heard all the time, or never.")
        return None
    cells = [
        (
            one["route"],
            f"{one['from_at']:%Y-%m-%d %H:%M:%S}",
            span(one["seconds"]),
            one["why"] or "",
            "" if one["to_at"] else "lasts",
        )
        for one in found
    ]
    columns = ("route", "from (UTC)", "for", "why", "note")
    out.print(Rows(columns, cells, whole=columns))
    return None
