"""What following accounts would cost. Asks X only where a person lets it; changes nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from shared.domain.coverage.counted import Step
from shared.domain.engagement.selection import ALL, RefreshRule, left_out
from shared.domain.models import Post, WorkClass
from shared.domain.money.estimate import Rate, Rates, Sample, TrackEstimate, of_track
from shared.domain.money.prices import PriceKind
from shared.services.bootstrap import Services
from shared.services.rates import rates_now

# Pages that are read for a sample: 500 posts tell enough.
SAMPLED: Final = 5
# Of so many stored posts it is told how many have enough engagement to be followed.
COUNTED: Final = 1_000


@dataclass(frozen=True, slots=True)
class TrackCost:
    """What `track` would cost. The names that are followed already cost nothing more, but for those in `read_back`.

    history: how many posts there are since then, where X was asked. sample: some of them, which were read to tell.
    """

    added: list[str]
    already: list[str]
    read_back: list[str]
    estimate: TrackEstimate
    rates: Rates
    history: int | None = None
    sample: Sample | None = None


def cost_of_track(
    services: Services,
    names: Sequence[str],
    *,
    since: timedelta,
    count: bool = False,
    sample: bool = False,
    own_ids: Collection[int] = (),
    refresh: RefreshRule = ALL,
) -> TrackCost:
    """Estimate following accounts; changes nothing.

    count: ask X how many posts there are since then, which costs one request for each search. sample: read a page of
    each of the first searches too, to see how many people wrote them; following buys the same posts the same day, and
    then does not pay again. own_ids: of the accounts, where they are known. refresh: which posts are read again. Raises
    what X answers.
    """
    followed = {row["_id"]: row for row in services.stores.handles.all()}
    active = {name for name, row in followed.items() if row["active"]}
    added = [name for name in names if name.lower() not in active]
    ids = [int(row["user_id"]) for name in added if (row := followed.get(name.lower())) and row.get("user_id")]
    rates = as_asked(services, rates_now(services, services.treasury.books()), refresh)
    read = sample_of(services, added, since=since, own_ids={*ids, *own_ids}) if sample and added and since else None
    if read is not None:
        rates = read.over(rates)
    known_today = len(services.ledger.bought(PriceKind.USER, ids))
    prices = services.ledger.prices
    history = count_since(services, added, since=since) if count and added and since else None
    estimate = of_track(len(added), known_today, since, rates, prices, history=history, sample=read)
    already = [name for name in names if name.lower() in active]
    begin = services.clock.now() - since
    back = services.following.not_read_since(already, since=begin) if since else []
    again = of_track(len(back), len(back), since, rates, prices).once
    estimate = replace(estimate, once=estimate.once + again, month=estimate.month + again)
    return TrackCost(added, already, back, estimate, rates, history, read)


def as_asked(services: Services, rates: Rates, refresh: RefreshRule) -> Rates:
    """The rates where not every post is read again; that authors have to be followed is left out of account."""
    if refresh == ALL:
        return rates
    counts = services.stores.posts.newest_counts(COUNTED) if refresh.is_any and refresh.min_engagement else []
    enough = sum(left_out(refresh.min_engagement, one) is None for one in counts)
    share = enough / len(counts) if counts else float(refresh.is_any)
    basis = f"{enough} of the newest {len(counts)} posts have enough engagement" if counts else f"refresh: {share:.0%}"
    return replace(rates, paid_days=Rate(rates.paid_days.value * share, basis))


def count_since(services: Services, names: Sequence[str], *, since: timedelta) -> int:
    """How many posts X has of the names since then, by its own count."""
    start = services.ledger.now() - since
    return sum(
        services.x.counts(WorkClass.INTERACTIVE, query=query, step=Step.DAY, start_time=start).total
        for query in services.following.queries(names)
    )


def sample_of(services: Services, names: Sequence[str], *, since: timedelta, own_ids: Collection[int]) -> Sample:
    """What a page of each of the first searches tells of authors. Who is known lately need not be looked up."""
    start, now = services.ledger.now() - since, services.clock.now()
    posts: list[Post] = []
    for query in services.following.queries(names)[:SAMPLED]:
        page = services.x.search(WorkClass.INTERACTIVE, query=query, start_time=start, expand_authors=None)
        posts += page.posts
    authors = [post.author_id for post in posts if post.author_id is not None and post.author_id not in own_ids]
    fresh = timedelta(seconds=services.settings.user_fresh_seconds)
    known = services.stores.users.fresh_among(set(authors), since=now - fresh)
    return Sample.of(len(posts), [author for author in authors if author not in known])
