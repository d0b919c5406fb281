"""`covey mentions`: the newest posts that concern the sources, and how far a person is with them."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from control.cli.app import Json, app, out, print_json, services_here, stores_here
from control.cli.rows import Rows

SHOWN_CHARACTERS = 60
mentions = typer.Typer(help="List the newest posts that concern the sources, and say how far you are with them.")
app.add_typer(mentions, name="mentions")


@mentions.callback(invoke_without_command=True)
def newest(
    context: typer.Context,
    source: Annotated[str | None, typer.Option(help="Only of this source.")] = None,
    status: Annotated[str | None, typer.Option(help="Only new, seen, handled or muted ones.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many.")] = 20,
    as_json: Json = False,
) -> None:
    """List the newest posts that concern the sources, and say how far you are with them."""
    if context.invoked_subcommand is not None:
        return
    from control import mentions as doing

    found = doing.newest(stores_here(), source=source, status=status, limit=limit)
    if as_json:
        print_json(found)
    elif not found:
        out.print("There are none.")
    else:
        columns = ("published (UTC)", "id", "by", "likes", "status", "content")
        out.print(Rows(columns, [_cells(one) for one in found], whole=columns[:-1]))


@mentions.command(name="set")
def set_status(
    mention: Annotated[str, typer.Argument(metavar="ID", help="As covey mentions shows it, or its post.")],
    status: Annotated[str, typer.Argument(metavar="STATUS", help="new, seen, handled or muted.")],
    as_json: Json = False,
) -> None:
    """Say how far you are with a mention."""
    from control import mentions as doing
    from control.trail import at_terminal

    done = doing.set_status(services_here(), at_terminal(), mention, status)
    if as_json:
        return print_json(done)
    out.print(f"{done['id']} is {done['status']}; it was {done['before']}.", markup=False)
    return None


def _cells(one: dict[str, Any]) -> tuple[str, ...]:
    content = " ".join((one["content"] or "").split())  # purged, where its post is gone
    likes = "" if one["likes_count"] is None else f"{one['likes_count']:,}"
    return (
        f"{one['published_at']:%Y-%m-%d %H:%M}",
        one["id"],
        f"@{one['author_handle']}" if one["author_handle"] else "",
        likes,
        one["status"],
        content if len(content) <= SHOWN_CHARACTERS else f"{content[: SHOWN_CHARACTERS - 1]}…",
    )
