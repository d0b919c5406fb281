"""`covey thread`."""

from __future__ import annotations

from typing import Annotated

import typer

from control.cli.app import Json, app, out, print_json, services_here, stores_here
from shared.domain.errors import InputError


@app.command()
def thread(
    post: Annotated[str, typer.Argument(metavar="ID|ADDRESS", help="A post of the conversation.")],
    follow: Annotated[bool, typer.Option("--follow", help="Also listen to the conversation from now on.")] = False,
    since: Annotated[str | None, typer.Option(help="With --follow: and what was said since: 12h, up to 7d.")] = None,
    as_json: Json = False,
) -> None:
    """Show the conversation around a post as a tree, and listen to it if wished.

    Shown is what is stored, and how many more replies X counts. With --follow it becomes a source of its own: covey
    sources shows it, covey coverage what was read of it.
    """
    from control import inputs, threads
    from control.lists import Word
    from shared.runtime.clock import SystemClock

    (post_id,) = inputs.post_ids([Word(post)], now=SystemClock().now(), old_ids=True)
    look_back = inputs.since("0s" if since is None else since)
    if since is not None and not follow:
        raise InputError(f"--since {since} goes with --follow")
    services = services_here() if follow else None
    branches = threads.thread(services.stores if services else stores_here(), post_id)
    source = threads.listen(services, post_id, look_back_seconds=int(look_back.total_seconds())) if services else None
    if as_json:
        return print_json({"source": source, "posts": [threads.row(branch) for branch in branches]})
    for branch in branches:
        known, indent = branch.reply, "  " * min(branch.depth, 20)
        line = f"{indent}{branch.id}: not stored"
        if known is not None:
            line = f"{indent}@{known.author} {known.created_at:%Y-%m-%d %H:%M}: {' '.join(known.text.split())}"
            line += f" [{known.replies_missing:,} replies not stored]" if known.replies_missing else ""
        out.print(line, markup=False, highlight=False, soft_wrap=True)
    if source:
        out.print(f"Listening to it as the source {source}.")
    return None
