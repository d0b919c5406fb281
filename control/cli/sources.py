"""`covey sources`: what is listened to, one by one and by a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from control.cli import sources_options as o
from control.cli import sources_told as told
from control.cli.app import Json, app, out, print_json, services_here, stores_here
from control.cli.given import text_of
from control.cli.rows import Rows
from shared.domain.errors import InputError

if TYPE_CHECKING:
    from control.sources_apply import Change
    from shared.services.bootstrap import Services

sources = typer.Typer(no_args_is_help=True, help="List, add and change what is listened to.")
app.add_typer(sources, name="sources")

Id = Annotated[str, typer.Argument(metavar="ID", help="As covey sources list shows it.")]
Force = Annotated[bool, typer.Option("--force", help="Follow names too that X does not know.")]
Count = Annotated[bool, typer.Option("--count", help="Ask X how many posts new queries find ($0.005 a query).")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would change and cost, and do nothing.")]
AsYaml = Annotated[bool, typer.Option("--yaml", help="As a file for covey sources apply.")]


@sources.command(name="list")
def list_sources(as_yaml: AsYaml = False, as_json: Json = False) -> None:
    """List the sources: what each listens to, how often, and how far it is covered."""
    if as_yaml:
        from control.sources_file import dump

        return out.out(dump(stores_here().sources.all()), end="", highlight=False)
    from control.sources import rows

    found = rows(services_here(redis=False))
    if as_json:
        return print_json(found)
    if not found:
        out.print("There is no source. Begin with: covey track NAME, or covey sources add --help")
        return None
    columns = ("id", "kind", "members", "interval", "searches", "covered until", "note")
    out.print(Rows(columns, [told.cells(row) for row in found], whole=columns[:-1]))
    return None


@sources.command()
def show(source_id: Id, as_yaml: AsYaml = False, as_json: Json = False) -> None:
    """Show one source: all its fields, the searches that carry it and their queries."""
    from control import sources as doing

    services = services_here(redis=False)
    source = doing.get(services, source_id)
    if as_yaml:
        from control.sources_file import dump

        return out.out(dump([source]), end="", highlight=False)
    row = doing.row(services, source)
    if as_json:
        return print_json(row)
    out.print(
        Rows(("field", "value"), [(name, told.shown(value)) for name, value in row.items() if value not in (None, [])])
    )
    return None


@sources.command()
def add(
    source_id: Annotated[str, typer.Argument(metavar="ID", help="Short, of a-z, 0-9 and -.")],
    name: o.Name = None,
    account: o.Accounts = None,
    keyword: o.Keywords = None,
    phrase: o.Phrases = None,
    hashtag: o.Hashtags = None,
    mention: o.Mentions = None,
    exclude: o.Excluded = None,
    language: o.Languages = None,
    conversation: o.Conversation = None,
    quotes_of_post: o.QuotesOfPost = None,
    quotes_of: o.QuotesOf = None,
    interval: o.Interval = None,
    look_back: o.LookBack = None,
    priority: o.Priority = None,
    quota_share: o.QuotaShare = None,
    credential: o.Credential = None,
    live: o.Live = None,
    retention_days: o.RetentionDays = None,
    alert_velocity: o.AlertVelocity = None,
    refresh: o.Refresh = None,
    tenant: o.Tenant = None,
    force: Force = False,
    count: Count = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Listen to accounts, or to terms, or to a conversation, or to the quotes of a post or of an account.

    covey sources add floods --keyword flood --phrase "high water" --exclude "#ad" --language en --interval 5m
    """
    given = o.given(locals())
    services = services_here()
    _one(services, given, force=force, count=count, dry_run=dry_run, as_json=as_json)


@sources.command()
def edit(
    source_id: Id,
    name: o.Name = None,
    account: o.Accounts = None,
    keyword: o.Keywords = None,
    phrase: o.Phrases = None,
    hashtag: o.Hashtags = None,
    mention: o.Mentions = None,
    exclude: o.Excluded = None,
    language: o.Languages = None,
    conversation: o.Conversation = None,
    quotes_of_post: o.QuotesOfPost = None,
    quotes_of: o.QuotesOf = None,
    interval: o.Interval = None,
    look_back: o.LookBack = None,
    priority: o.Priority = None,
    quota_share: o.QuotaShare = None,
    credential: o.Credential = None,
    live: o.Live = None,
    retention_days: o.RetentionDays = None,
    alert_velocity: o.AlertVelocity = None,
    refresh: o.Refresh = None,
    tenant: o.Tenant = None,
    add_account: o.AddedAccounts = None,
    drop_account: o.DroppedAccounts = None,
    force: Force = False,
    count: Count = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Change a source: what is given takes the place of what was; `--interval none` and the like take a value away."""
    from control import sources as doing
    from control.sources_form import fields_of

    given = o.given(locals())
    services = services_here()
    before = fields_of(doing.get(services, source_id))
    changed = o.over(before, given, added=add_account or (), dropped=drop_account or ())
    if changed == before:
        raise InputError("nothing to change was given: see covey sources edit --help")
    _one(services, changed, force=force, count=count, dry_run=dry_run, as_json=as_json, is_new=False)


@sources.command()
def pause(source_id: Id, as_json: Json = False) -> None:
    """Read nothing for a source until it is resumed. What was collected stays."""
    from control import sources as doing

    told.tell(doing.pause(services_here(), source_id), "Paused", as_json=as_json)


@sources.command()
def resume(source_id: Id, as_json: Json = False) -> None:
    """Read for a paused source again, from now on."""
    from control import sources as doing

    told.tell(doing.resume(services_here(), source_id), "Resumed", as_json=as_json)


@sources.command()
def remove(source_id: Id, as_json: Json = False) -> None:
    """Listen to a source no longer. What was collected stays; `tracked`, which covey track fills, is emptied."""
    from control import sources as doing

    told.tell(doing.remove(services_here(), source_id), "Removed", as_json=as_json)


@sources.command()
def apply(
    file: Annotated[Path, typer.Argument(help="YAML: what covey sources list --yaml prints.")],
    prune: Annotated[bool, typer.Option("--prune", help="Remove sources that the file does not name.")] = False,
    force: Force = False,
    count: Count = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Make the sources what a file says. Sources that it does not name are left alone, and so is what is as it says.

    Nothing is done when anything in the file is wrong. `tracked` is never removed, and a pause that the file does not
    mention stays.
    """
    from control import sources_apply
    from control.sources_file import parse

    services = services_here()
    entries = parse(text_of(file), file.name, now=services.clock.now())
    wanted = sources_apply.changes(services, entries, prune=prune)
    _carry_out(services, wanted, force=force, count=count, dry_run=dry_run, as_json=as_json)


def _one(
    services: Services,
    given: dict[str, Any],
    *,
    force: bool,
    count: bool,
    dry_run: bool,
    as_json: bool,
    is_new: bool = True,
) -> None:
    from control import sources_apply
    from control.sources_file import Entry
    from control.sources_form import FIELDS, Reader

    reader = Reader(given, services.clock.now(), lambda field: f"source {given['id']}{f': {field}' if field else ''}")
    source = reader.read()
    if source is None:
        raise InputError(f"{'; '.join(reader.faults)}; nothing was done")
    if is_new and (there := services.stores.sources.get(source.id)) is not None and there.removed_at is None:
        raise InputError(f"there is a source {source.id} already: covey sources edit changes it")
    wanted = sources_apply.changes(services, [Entry(source, 0, frozenset(FIELDS))])
    _carry_out(services, wanted, force=force, count=count, dry_run=dry_run, as_json=as_json)


def _carry_out(
    services: Services, wanted: Sequence[Change], *, force: bool, count: bool, dry_run: bool, as_json: bool
) -> None:
    from control import sources_apply
    from control.look_up import look_up

    if dry_run:
        return told.tell_plan(services, wanted, count=count, as_json=as_json)
    found = look_up(services, sources_apply.new_accounts(services, wanted))
    if found.unknown and not force:
        names = ", ".join(f"@{name}" for name in found.unknown)
        raise InputError(f"X knows no {names}; nothing was done (--force follows them all the same)")
    done = sources_apply.apply(services, wanted, found=found)
    if as_json:
        return print_json(told.all_done(services, wanted, done))
    for change in wanted:
        out.print(told.words(change), highlight=False, soft_wrap=True)
    told.tell_done(services, done, found)
    return None
