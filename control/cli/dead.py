"""`covey dead`: the jobs that were given up."""

from __future__ import annotations

from datetime import datetime
from textwrap import shorten
from typing import TYPE_CHECKING, Annotated, Any

import typer

from control.cli.app import Json, app, err, out, print_json, services_here, stores_here
from control.cli.rows import Rows
from shared.domain.errors import InputError

if TYPE_CHECKING:
    from shared.services.bootstrap import Services
    from shared.stores.bundle import Stores
    from shared.stores.dead_letters import DeadFilter

dead = typer.Typer(no_args_is_help=True, help="List, show, replay and purge the jobs that were given up.")
app.add_typer(dead, name="dead")

ERROR_CHARACTERS = 100
Ids = Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Ids, or their first characters.")]
Job = Annotated[str | None, typer.Option("--job", help="Only this job, such as search_page.")]
Reason = Annotated[str | None, typer.Option(help="Only letters whose reason holds this text.")]
Older = Annotated[str | None, typer.Option(help="Only letters older than this: 30m, 2h, 7d.")]
All = Annotated[bool, typer.Option("--all", help="Every letter.")]
WasReplayed = Annotated[
    bool | None, typer.Option("--replayed/--waiting", help="Only letters that were replayed, or only the others.")
]


@dead.command(name="list")
def list_dead(
    job: Job = None,
    reason: Reason = None,
    older_than: Older = None,
    replayed: WasReplayed = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 50,
    as_json: Json = False,
) -> None:
    """List dead letters, the oldest first."""
    from control.health import look_at_letters
    from shared.stores.database import ServerClock

    stores = stores_here()
    which = _filter(stores, None, job, reason, older_than, replayed=replayed)
    letters = stores.dead_letters.find(which, limit=limit)
    look_at_letters(stores, now=ServerClock(stores.db).now())
    if as_json:
        return print_json(letters)
    rows = [
        (
            letter["_id"],
            f"{letter['died_at']:%Y-%m-%d %H:%M:%S}",
            letter["job"] or "?",
            letter["reason"],
            _error(letter),
            str(letter.get("attempts", "?")),
            "yes" if letter.get("replay", {}).get("sent") else "",
        )
        for letter in letters
    ]
    columns = ("id", "died", "job", "reason", "error", "attempts", "replayed")
    total = stores.dead_letters.count(which)
    out.print(Rows(columns, rows, whole=("id",)) if letters else "No dead letters.")
    if total > len(letters):
        out.print(f"{total - len(letters)} more; see --limit")
    return None


def _error(letter: dict[str, Any]) -> str:
    """The words of the error, shortened; its name is in the reason."""
    lines = str(letter.get("traceback") or "").strip().splitlines()
    _, _, words = (lines[-1] if lines else "").partition(": ")
    return shorten(words, ERROR_CHARACTERS, placeholder=" ...")


@dead.command()
def show(
    dead_id: Annotated[str, typer.Argument(metavar="ID", help="The id, or its first characters.")],
    as_json: Json = False,
) -> None:
    """Show one dead letter whole: arguments, reason, traceback, times."""
    letter = services_here(redis=False).dead_letters.one(dead_id)
    if as_json:
        return print_json(letter)
    for name, value in letter.items():
        out.print(f"{name}: {value}", markup=False, highlight=False, soft_wrap=True)
    return None


@dead.command()
def replay(
    ids: Ids = None,
    job: Job = None,
    reason: Reason = None,
    older_than: Older = None,
    every: All = False,
    as_json: Json = False,
) -> None:
    """Enqueue dead jobs anew. Repeating this command enqueues nothing twice."""
    from control import dead as doing
    from control.trail import at_terminal
    from shared.stores.dead_letters import REPLAY_LEASE

    services = services_here()
    which = _some(services, ids, job, reason, older_than, every=every)
    done = doing.replay(services, at_terminal(), which)
    if as_json:
        return print_json(done)
    out.print(f"Replayed {done['replayed']} jobs.")
    for count, why in (
        (done["outstanding"], "needed no replay: the same work is in the queue"),
        (done["unreadable"], "cannot be replayed: the message cannot be read"),
        (
            done["busy"],
            f"in the hands of another replay; should that have died, repeat this in {REPLAY_LEASE.seconds} s",
        ),
    ):
        if count:
            out.print(f"{count} {why}.")
    return None


@dead.command()
def purge(
    ids: Ids = None,
    job: Job = None,
    reason: Reason = None,
    older_than: Older = None,
    every: All = False,
    replayed: WasReplayed = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Forget dead letters for good."""
    from control import dead as doing
    from control.trail import at_terminal

    services = services_here(redis=False)
    which = _some(services, ids, job, reason, older_than, every=every or replayed is True, replayed=replayed)
    count = doing.count(services, which)
    if not yes and count and not typer.confirm(f"Forget {count} dead letters for good?", err=True):
        err.print("Nothing was forgotten.")
        raise typer.Exit(1)
    purged = doing.purge(services, at_terminal(), which)
    if as_json:
        return print_json({"purged": purged})
    out.print(f"Forgot {purged} dead letters.")
    return None


def _some(
    services: Services,
    ids: list[str] | None,
    job: str | None,
    reason: str | None,
    older_than: str | None,
    *,
    every: bool,
    replayed: bool | None = None,
) -> DeadFilter:
    """The filter of a command that changes something: it must be told which, or --all."""
    if not every and all(given is None for given in (ids or None, job, reason, older_than)):
        raise InputError("say which dead letters: ids, --job, --reason, --older-than, or --all")
    return _filter(services.stores, ids, job, reason, older_than, replayed=replayed)


def _filter(
    stores: Stores,
    ids: list[str] | None,
    job: str | None,
    reason: str | None,
    older_than: str | None,
    replayed: bool | None = None,
) -> DeadFilter:
    from control import inputs
    from shared.stores.database import ServerClock
    from shared.stores.dead_letters import DeadFilter

    before: datetime | None = None
    if older_than is not None:
        before = inputs.ago(older_than, now=ServerClock(stores.db).now())
    return DeadFilter(ids=ids or (), job=job, reason=reason, died_before=before, replayed=replayed)
