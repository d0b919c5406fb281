"""A file of sources carried out: what would change, what that would cost, and doing it.

Idempotent: what is as the file says is left alone. What the file does not name is left alone too, unless it is to be
removed; `tracked` is never removed by a file, since `covey track` is who fills it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from enum import StrEnum

from control import sources
from control.look_up import LookedUp
from control.sources_file import Entry
from control.track_costs import as_asked, cost_of_track
from control.trail import Origin
from shared.domain.coverage.accounts import carried
from shared.domain.coverage.counted import Step
from shared.domain.errors import InputError
from shared.domain.models import WorkClass
from shared.domain.money.estimate import Rate, Rates, TrackEstimate, of_track
from shared.domain.sources import Source
from shared.services.bootstrap import Services
from shared.services.rates import rates_now

WEEK = timedelta(days=7)
_OF_THE_STORE = frozenset({"created_at", "updated_at", "changed_at", "removed_at"})


class Act(StrEnum):
    """What becomes of a source."""

    ADD = "add"
    CHANGE = "change"
    REMOVE = "remove"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Change:
    """A source as it is to be, and the fields in which it differs from what is there."""

    act: Act
    source: Source
    before: Source | None = None
    fields: tuple[str, ...] = ()

    @property
    def new_accounts(self) -> list[str]:
        """Accounts that it begins to ask for."""
        before = self.before.accounts if self.before is not None and self.before.asks else ()
        now = self.source.accounts if self.source.asks and self.act is not Act.REMOVE else ()
        return [name for name in now if name not in before]

    @property
    def lost_accounts(self) -> list[str]:
        """Accounts that it asks for no longer."""
        before = self.before.accounts if self.before is not None and self.before.asks else ()
        now = self.source.accounts if self.source.asks and self.act is not Act.REMOVE else ()
        return [name for name in before if name not in now]


@dataclass(frozen=True, slots=True)
class Cost:
    """What a change costs about, in micro-dollars: once, a day (once older posts are read again too), a month. Below 0
    is saved. basis: where the number of posts comes from.
    """

    once: int = 0
    day: int = 0
    month: int = 0
    basis: str = ""


def changes(
    services: Services, entries: Sequence[Entry], *, prune: bool = False, tenant: str | None = None
) -> list[Change]:
    """What a file asks for. Everything in it is checked first: raises InputError, and then nothing was done.

    tenant: of whom sources are changed and removed; None: of all.
    """
    known = services.stores.sources
    there = {one.id: one for one in (known.all() if tenant is None else known.of_tenant(tenant))}
    found = [_change(services, entry, there.get(entry.source.id)) for entry in entries]
    for change in found:
        sources.check_all(services, change.source)
    named = {entry.source.id for entry in entries}
    gone = [one for one in there.values() if one.id not in named and not one.is_tracked] if prune else []
    return found + [Change(Act.REMOVE, one, one) for one in gone]


def apply(services: Services, wanted: Sequence[Change], *, found: LookedUp | None = None) -> list[sources.Done]:
    """Carry the changes out. found: what X said of the accounts that are new."""
    return [done for change in wanted if (done := one(services, change, found=found)) is not None]


def one(
    services: Services, change: Change, *, found: LookedUp | None = None, origin: Origin | None = None
) -> sources.Done | None:
    """Carry one out; None where there is nothing to do. origin: who asks, for the runs that it begins."""
    match change.act:
        case Act.ADD:
            return sources.add(services, change.source, found=found, origin=origin)
        case Act.CHANGE:
            return sources.edit(services, change.source.id, lambda now: _as(now, change), found=found, origin=origin)
        case Act.REMOVE:
            return sources.remove(services, change.source.id)
        case Act.SAME:
            return None


def new_accounts(services: Services, wanted: Sequence[Change]) -> list[str]:
    """The accounts that nobody follows yet, each once: X is to be asked about them."""
    names = list(dict.fromkeys(name for change in wanted for name in change.new_accounts))
    return [name for name in names if name not in services.stores.handles.active_among(names)]


def cost_of(services: Services, change: Change, *, count: bool = False) -> Cost:
    """What a change would cost about. count: ask X how many posts a new query finds ($0.005 a query)."""
    gained = _gained(services, change, count) if change.act in (Act.ADD, Act.CHANGE) else Cost()
    lost = _lost(services, change)
    return Cost(gained.once, gained.day - lost.day, gained.month - lost.month, gained.basis or lost.basis)


def _gained(services: Services, change: Change, count: bool) -> Cost:
    source, before = change.source, change.before
    if change.new_accounts:
        since, refresh = source.look_back, source.refresh
        cost = cost_of_track(services, change.new_accounts, since=since, count=count, refresh=refresh)
        return _cost(cost.estimate, cost.rates)
    if before is not None and before.asks and source.asks and before.refresh != source.refresh:
        return _of_refresh(services, before, source)
    if source.key is None or not source.asks:
        return Cost()
    after = _of_query(services, source, source.look_back, count)
    if before is None or not before.asks:
        return after
    if not count or (source.terms, source.quotes_of) == (before.terms, before.quotes_of):
        return Cost(basis="as much as before")
    less = _of_query(services, before, timedelta(0), count)
    return Cost(0, after.day - less.day, after.month - less.month, after.basis)


def _of_refresh(services: Services, before: Source, after: Source) -> Cost:
    """What it makes a difference that other posts of the same members are read again."""
    members = len(after.accounts) if after.key is None else 1
    rates = rates_now(services, services.treasury.books())
    new, old = (as_asked(services, rates, one.refresh) for one in (after, before))
    gained, lost = (of_track(members, members, timedelta(0), one, services.ledger.prices) for one in (new, old))
    day, month = gained.later_day - lost.later_day, gained.month - lost.month
    return Cost(0, day, month, new.paid_days.basis)


def _of_query(services: Services, source: Source, look_back: timedelta, count: bool) -> Cost:
    rates = as_asked(services, _rates_of_query(services, source, count), source.refresh)
    return _cost(of_track(1, 1, look_back, rates, services.ledger.prices), rates)


def _lost(services: Services, change: Change) -> Cost:
    """What is no longer read for anybody else either."""
    before, rates = change.before, rates_now(services, services.treasury.books())
    if before is None or not before.asks:
        return Cost()
    if before.key is not None:
        stays = change.act is not Act.REMOVE and change.source.asks
        count = 0 if stays else 1
        rates = replace(rates, looks_a_day=Rate(0.0, ""))
    else:
        known = services.stores.handles.names(change.lost_accounts) if change.lost_accounts else {}
        only = [name for name in change.lost_accounts if name in known and set(known[name].sources) <= {before.id}]
        count = len(only)
    return _cost(of_track(count, count, timedelta(0), rates, services.ledger.prices), rates) if count else Cost()


def _rates_of_query(services: Services, source: Source, count: bool) -> Rates:
    """The rates of a query that is no account: as many posts as an account has, until X is asked."""
    rates = replace(rates_now(services, services.treasury.books()), looks_a_day=Rate(0.0, "it is no account"))
    if not count:
        return replace(rates, posts_a_day=Rate(rates.posts_a_day.value, "assumed: as many as an account has"))
    start = services.ledger.now() - WEEK + timedelta(minutes=1)
    posts = sum(
        services.x.counts(WorkClass.INTERACTIVE, query=query.text, step=Step.DAY, start_time=start).total
        for query in services.following.check(source)
    )
    return replace(rates, posts_a_day=Rate(posts / 7, f"X counted {posts} in 7 days"))


def _cost(estimate: TrackEstimate, rates: Rates) -> Cost:
    return Cost(estimate.once, estimate.later_day, estimate.month, rates.posts_a_day.basis)


def _change(services: Services, entry: Entry, before: Source | None) -> Change:
    if before is None:
        return Change(Act.ADD, entry.source)
    if before.kind is not entry.source.kind:
        kinds = f"{before.kind.value}, not {entry.source.kind.value}"
        raise InputError(f"source {before.id} is of kind {kinds}: remove it first, or use another id")
    names = services.stores.handles.names(entry.source.accounts) if entry.source.accounts else {}
    accounts = tuple(dict.fromkeys(new for name in entry.source.accounts for new in (carried([name], names) or [name])))
    if set(accounts) == set(before.accounts):
        accounts = before.accounts
    after = replace(entry.source, accounts=accounts, **{name: getattr(before, name) for name in _OF_THE_STORE})
    if "paused" not in entry.given:
        after = replace(after, paused=before.paused)
    different = tuple(one.name for one in fields(Source) if getattr(after, one.name) != getattr(before, one.name))
    return Change(Act.CHANGE if different else Act.SAME, after, before, different)


def _as(now: Source, change: Change) -> Source:
    """The source as it is now with what the change is about."""
    return replace(now, **{name: getattr(change.source, name) for name in change.fields})
