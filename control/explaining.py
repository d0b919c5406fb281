"""Which way X is asked for a source or an account, and why: what `covey explain` shows. It asks X nothing.

Money is in US dollars in what is answered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from control import inputs
from control.lists import Word
from control.sources import share_row
from shared.domain.coverage.route_facts import FACTS, Need
from shared.domain.coverage.routes import Candidate, Choice, Wanted
from shared.domain.coverage.streams import Stream
from shared.domain.errors import InputError
from shared.domain.money.estimate import DAY, Rate
from shared.domain.money.prices import MICRO
from shared.domain.money.source_shares import ShareStanding
from shared.domain.sources import Source
from shared.services.bootstrap import Services
from shared.services.rates import rates_now
from shared.services.routing import Ways, search_by, ways
from shared.services.source_shares import standings
from shared.stores.database import ServerClock

# The recent search reaches back seven days; a span of the whole of them would be too old by the time it is asked for.
YOUNGER: Final = timedelta(days=6, hours=23)
OLDER: Final = timedelta(days=30)
# What a person expects of work on the past.
PAST_WITHIN: Final = DAY


@dataclass(frozen=True, slots=True)
class Explained:
    """One need: what it is about, in words, what is wanted, and the choice."""

    about: str
    wanted: Wanted
    choice: Choice


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of a source or an account, and of how X may be asked. subject: its id, or the name with an @.
    streams: the searches that carry it, shared with others. share: of the day's money, where it has one.
    """

    subject: str
    queries: tuple[str, ...]
    interval: timedelta
    posts_a_day: Rate
    is_owner: bool
    ways: Ways
    streams: Sequence[Stream] = ()
    share: ShareStanding | None = None

    def wants(self, need: Need, *, span: timedelta, oldest: timedelta, within: timedelta, free: bool = False) -> Wanted:
        """What is wanted for a need. free: what was read was bought today."""
        return self.ways.wants(
            need,
            posts=self.posts_a_day.value * (span / DAY),
            span=span,
            oldest=oldest,
            within=within,
            queries=self.queries,
            is_free=free,
            is_owner=self.is_owner,
        )


def explain(services: Services, subject: str) -> dict[str, Any]:
    """For each need of a source (its id) or an account: the routes, what each costs and lacks, which is taken and why.

    Raises InputError for what is neither a source nor an account that is followed; StoreUnavailable,
    LimiterUnavailable.
    """
    source = None if subject.startswith("@") else services.stores.sources.get(subject)
    if source is None:
        known = _of_account(services, inputs.handles([Word(subject)])[0])
    else:
        known = _of_source(services, source)
    return {
        "subject": known.subject,
        "queries": len(known.queries),
        "query_length": max(map(len, known.queries), default=0),
        "posts_a_day": known.posts_a_day.value,
        "basis": known.posts_a_day.basis,
        "is_owner": known.is_owner,
        "plan_has": {FACTS[route].endpoint: there for route, there in known.ways.has.items()},
        "share": known.share and share_row(known.share),
        "streams": [_stream_row(services, one) for one in known.streams],
        "needs": [_row(one) for one in _needs(services, known)],
    }


def _stream_row(services: Services, stream: Stream) -> dict[str, Any]:
    """By which search a stream that carries it would be read now, as the planner chooses: of all that it carries."""
    now = ServerClock(services.stores.db).now()
    route = search_by(
        services,
        Need.FOLLOW,
        stream=stream.id,
        members=len(stream.members),
        query=stream.query,
        credential=stream.group.credential,
        span=(min(stream.covered_through, now), now),
        now=now,
    )
    interval = stream.group.interval_seconds or services.settings.search_interval_seconds
    return {
        "stream": stream.id,
        "members": len(stream.members),
        "interval_seconds": interval,
        "share_of": stream.group.share_of,
        "behind_seconds": (now - stream.covered_through).total_seconds(),
        "route": route.value,
    }


def _needs(services: Services, known: _Known) -> list[Explained]:
    """What is wanted of an account by and by."""
    settings = services.settings
    interval = known.interval
    lag = timedelta(seconds=settings.x_search_lag_seconds)
    part = timedelta(seconds=settings.reread_every_seconds)
    settled = timedelta(seconds=settings.reread_after_seconds)
    wanted = {
        "what it posts and is told from now on": known.wants(
            Need.FOLLOW, span=interval, oldest=interval, within=interval + lag
        ),
        "a day of this week": known.wants(Need.FILL, span=DAY, oldest=YOUNGER, within=PAST_WITHIN),
        "a day of a month ago": known.wants(Need.FILL, span=DAY, oldest=OLDER, within=PAST_WITHIN),
        "what came late, read again the same day": known.wants(
            Need.REREAD, span=part, oldest=settled + part, within=settled, free=True
        ),
        "which posts of a week are gone": known.wants(Need.STATE, span=7 * DAY, oldest=7 * DAY, within=PAST_WITHIN),
        "how many there are of this week": known.wants(Need.COUNT, span=YOUNGER, oldest=YOUNGER, within=PAST_WITHIN),
        "how many there were of 30 days": known.wants(Need.COUNT, span=OLDER, oldest=OLDER, within=PAST_WITHIN),
    }
    if known.is_owner:
        wanted["a day of the owner's own account"] = known.wants(Need.OWN, span=DAY, oldest=DAY, within=PAST_WITHIN)
    return [Explained(about, one, known.ways.choose(one)) for about, one in wanted.items()]


def _of_account(services: Services, handle: str) -> _Known:
    """What is known of an account. Raises InputError where it is not followed."""
    name = handle.lower()
    row = next((one for one in services.stores.handles.all(active_only=True) if one["_id"] == name), None)
    if row is None:
        raise InputError(f"@{handle} is not followed: covey track follows it")
    owner_id, streams = services.settings.x_app_owner_id, services.stores.streams.with_members([name])
    every = min((one.group.interval_seconds for one in streams if one.group.interval_seconds), default=None)
    found = _known(
        services,
        subject=f"@{name}",
        queries=services.following.queries([name]),
        accounts=1,
        is_owner=owner_id is not None and str(owner_id) == str(row.get("user_id")),
    )
    found = replace(found, streams=streams)
    return found if every is None else replace(found, interval=timedelta(seconds=every))


def _of_source(services: Services, source: Source) -> _Known:
    """What is known of a source. Raises InputError where it was removed or is paused: nothing is asked for it."""
    if not source.asks:
        raise InputError(f"source {source.id!r} asks for nothing: it is paused or was removed")
    members = source.accounts if source.key is None else (source.key,)
    found = _known(
        services,
        subject=source.id,
        queries=[one.text for one in services.following.searches(members)],
        accounts=len(members),
    )
    streams, interval = services.stores.streams.with_members(members), source.interval_seconds
    found = replace(found, streams=streams, share=standings(services, [source]).get(source.id))
    return found if interval is None else replace(found, interval=timedelta(seconds=interval))


def _known(
    services: Services,
    *,
    subject: str,
    queries: Sequence[str],
    accounts: int,
    is_owner: bool = False,
) -> _Known:
    """accounts: how many times the posts of one account are to be expected; terms count as one."""
    rate = rates_now(services, services.treasury.books()).posts_a_day
    return _Known(
        subject=subject,
        queries=tuple(queries),
        interval=timedelta(seconds=services.settings.search_interval_seconds),
        posts_a_day=replace(rate, value=rate.value * accounts),
        is_owner=is_owner,
        ways=ways(services),
    )


def _row(one: Explained) -> dict[str, Any]:
    wanted, choice = one.wanted, one.choice
    return {
        "need": wanted.need.value,
        "about": one.about,
        "posts": round(wanted.posts, 1),
        "span_seconds": wanted.span.total_seconds(),
        "oldest_seconds": wanted.oldest.total_seconds(),
        "within_seconds": wanted.within.total_seconds(),
        "taken": choice.taken.route.value if choice.taken else None,
        "reason": choice.reason.value if choice.reason else None,
        "candidates": [_candidate(found) for found in choice.candidates],
    }


def _candidate(found: Candidate) -> dict[str, Any]:
    return {
        "route": found.route.value,
        "endpoint": found.endpoint,
        "usd": found.micro_usd / MICRO,
        "calls": found.calls,
        "delay_seconds": found.delay.total_seconds(),
        "keeps": found.keeps,
        "is_tried": found.is_tried,
        "lacks": [lack.value for lack in found.lacks],
    }
