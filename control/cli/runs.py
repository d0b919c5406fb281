"""`covey budget runs`: what each request was to cost, and what it cost."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.table import Table

from control.cli.app import Json, out, print_json, services_here
from control.cli.budget import budget


@budget.command(name="runs")
def list_runs(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 20,
    as_json: Json = False,
) -> None:
    """List what `track` and `refresh` were to cost and what they cost, the newest first.

    The cost is what was bought for the request itself: names looked up, posts, and the accounts behind new posts.
    """
    from control.runs import runs

    rows = runs(services_here(redis=False), limit)
    if as_json:
        return print_json(rows)
    if not rows:
        out.print("Nothing was tracked or refreshed in the last 30 days.")
        return None
    table = Table("started", "what", "state", "estimate", "cost", "difference", "posts", "accounts")
    for row in rows:
        table.add_row(*_cells(row))
    out.print(table)
    return None


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    more = f" and {row['subjects'] - len(row['first'])} more" if row["subjects"] > len(row["first"]) else ""
    difference = "-" if row["difference_usd"] is None else f"{row['difference_usd']:+,.3f}"
    ratio = "" if row["difference_ratio"] is None else f" ({row['difference_ratio']:+.0%})"
    return (
        f"{row['started_at']:%Y-%m-%d %H:%M:%S}",
        f"{row['kind']} {', '.join(row['first'])}{more}",
        row["state"],
        "-" if row["estimate_usd"] is None else f"${row['estimate_usd']:,.3f}",
        f"${row['cost_usd']:,.3f}",
        f"{difference}{ratio}",
        str(row["posts"]),
        str(row["users"]),
    )
