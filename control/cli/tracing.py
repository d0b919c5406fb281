"""`covey trace`."""

from __future__ import annotations

from typing import Annotated

import typer

from control.cli.app import Json, app, out, print_json, services_here
from control.cli.rows import Rows
from control.inputs import handles, post_ids
from control.lists import Word
from shared.domain.errors import InputError
from shared.runtime.clock import SystemClock


@app.command()
def trace(
    what: Annotated[str, typer.Argument(metavar="POST_ID|@HANDLE", help="A post by id or address, or an account.")],
    as_json: Json = False,
) -> None:
    """Tell where a post or an account is in the pipeline, and why it is not stored, not read again, not downloaded.

    covey trace 1460323737035677698

    covey trace @nasa
    """
    from control import tracing

    services = services_here()
    post_id = post_id_in(what)
    if post_id is not None:
        steps = tracing.trace_post(services, post_id)
    else:
        steps = tracing.trace_handle(services, handles([Word(what)])[0])
    if as_json:
        return print_json(steps)
    cells = [(step["step"], f"{step['at']:%Y-%m-%d %H:%M:%S}" if step["at"] else "-", step["text"]) for step in steps]
    out.print(Rows(("step", "at (UTC)", "what is known"), cells, whole=("step", "at (UTC)")))
    return None


def post_id_in(what: str) -> int | None:
    """The post that is meant; None: an account may be. Raises InputError for a number that is no post."""
    try:
        return post_ids([Word(what)], now=SystemClock().now(), old_ids=True)[0]
    except InputError:
        if what.isdecimal():
            raise
        return None
