"""`covey erase`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from control.cli.app import Json, app, err, out, print_json, services_here
from shared.domain.errors import InputError

if TYPE_CHECKING:
    from shared.domain.erasing import Subject
    from shared.services.bootstrap import Services


@app.command()
def erase(
    what: Annotated[str | None, typer.Argument(metavar="[POST_ID|@HANDLE]", help="A post or an account.")] = None,
    user_id: Annotated[int | None, typer.Option("--user-id", help="An account by its id.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and do nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Erase a person or a post everywhere, for good; it is never stored again, and a receipt says what went.

    Of a person all posts, their profile, files, counts and mentions go, and they are followed no longer. What others
    wrote stays.

    covey erase @nasa --dry-run

    covey erase --user-id 11348282 --yes
    """
    services = services_here()
    subject = _subject(services, what, user_id)
    found = services.stores.erasures.count(subject)
    if dry_run:
        return _tell({"kind": subject.kind.value, "would_delete": found}, as_json=as_json)
    asked = f"Erase {subject.kind.value} {subject.id} for good ({found['X_tweets']} posts)?"
    if not yes and not typer.confirm(asked, err=True):
        err.print("Nothing was erased.")
        raise typer.Exit(1)
    from shared.services.erasing import erase as erase_now

    return _tell(erase_now(services, subject), as_json=as_json)


def _subject(services: Services, what: str | None, user_id: int | None) -> Subject:
    from control import erasing
    from control.cli.tracing import post_id_in
    from control.inputs import handles
    from control.lists import Word

    if (what is None) == (user_id is None):
        raise InputError("say one of: a post's id, @handle, --user-id ID")
    if user_id is not None:
        return erasing.person_of_id(services.stores, user_id)
    post_id = post_id_in(what or "")
    if post_id is not None:
        return erasing.post(post_id)
    return erasing.person(services.stores, handles([Word(what or "")])[0])


def _tell(receipt: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        return print_json(receipt)
    counts = receipt.get("would_delete", receipt.get("deleted", {}))
    told = ", ".join(f"{count} of {name}" for name, count in sorted(counts.items()) if count) or "nothing was stored"
    out.print(f"Would go: {told}" if "would_delete" in receipt else f"Erased: {told}")
    if "_id" in receipt:
        out.print(f"Receipt {receipt['_id']} ({receipt['kind']}, {receipt['at']:%Y-%m-%d %H:%M:%S} UTC)")
    return None
