"""`covey unblock`, and the table of blocks in `covey status`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from control.cli.app import Json, app, out, print_json, services_here
from control.cli.rows import Rows


@app.command()
def unblock(
    credential: Annotated[str | None, typer.Argument(help="as covey status names it")] = None,
    endpoint: Annotated[str | None, typer.Argument(help="only for this endpoint")] = None,
    paid: Annotated[bool, typer.Option("--paid", help="Lift the block of all paid calls.")] = False,
    as_json: Json = False,
) -> None:
    """Lift a block of X when what X refused for is mended, instead of waiting until it is tried again."""
    from control import operating
    from control.trail import at_terminal

    operating.unblock(services_here(), at_terminal(), credential, endpoint, paid=paid)
    if as_json:
        return print_json({"unblocked": {"credential": credential, "endpoint": endpoint, "paid": paid}})
    what = "Paid calls are" if paid else f"{' '.join(filter(None, (credential, endpoint)))} is"
    out.print(f"{what} no longer blocked.", markup=False)
    return None


def blocked_table(rows: list[dict[str, Any]]) -> Rows:
    """What is blocked; - stands for all of them. Times are UTC."""
    cells: list[tuple[str, ...]] = []
    for row in rows:
        until = row["until"]
        end = f"{until:%Y-%m-%d %H:%M:%S}" if until else f"an operator; tried again at {row['next_try_at']:%H:%M:%S}"
        cells.append((row["scope"], row["endpoint"] or "-", row["credential"] or "-", row["reason"], end))
    return Rows(("scope", "endpoint", "credential", "reason", "until"), cells, title="blocked by X")
