"""`covey reposters`, `covey likers`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from control.cli.app import Json, app, err, out, print_json, services_here
from shared.domain.errors import InputError

if TYPE_CHECKING:
    from shared.domain.reactions import Reaction

Post = Annotated[str, typer.Argument(metavar="ID|ADDRESS", help="The post.")]
Limit = Annotated[int, typer.Option(min=1, max=100_000, help="No more accounts than these.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what it would cost at most, and ask X nothing.")]


@app.command()
def reposters(post: Post, limit: Limit = 1000, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Ask X who reposted a post, and keep it; each account is billed once a day.

    covey reposters 1460323737035677698 --dry-run
    """
    from shared.domain.reactions import Reaction

    _run(post, Reaction.REPOST, limit, dry_run=dry_run, as_json=as_json)


@app.command()
def likers(post: Post, limit: Limit = 100, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Ask X who liked a post, and keep it; each account is billed once a day.

    X lists a hundred at most, and only for the credential of an account: see covey connect.
    """
    from shared.domain.reactions import Reaction

    _run(post, Reaction.LIKE, limit, dry_run=dry_run, as_json=as_json)


def _run(post: str, kind: Reaction, limit: int, *, dry_run: bool, as_json: bool) -> None:
    from control import reactions
    from control.cli.tracing import post_id_in

    post_id = post_id_in(post)
    if post_id is None:
        raise InputError(f"{post!r} is no id or address of a post")
    services = services_here()
    asked = reactions.planned(services, post_id, kind, limit=limit)
    cost = f"up to {asked.accounts:,} accounts, ${asked.usd:,.2f} at most"
    if dry_run:
        would = {"post": str(post_id), "kind": kind.value, "accounts_at_most": asked.accounts, "usd_at_most": asked.usd}
        return print_json(would) if as_json else out.print(f"Would ask for {cost}.", highlight=False)
    if not as_json:
        err.print(f"Asking for {cost}.", highlight=False)
    with err.status("asking X") as status:
        found = reactions.read(services, asked, told=lambda count: status.update(f"{count:,} accounts"))
    if as_json:
        return print_json(found)
    for one in found["accounts"]:
        out.print(f"@{one['username']} ({one['id']}) {one['name']}", markup=False, highlight=False, soft_wrap=True)
    rest = "" if found["is_whole"] else "; there are more: --limit"
    line = f"{len(found['accounts']):,} accounts, {found['new']:,} of them new, for ${found['usd']:,.2f}{rest}."
    return err.print(line, highlight=False)
