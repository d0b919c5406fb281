"""How much is posted, as far as it was measured: what estimates and forecasts of work that is to come go by.

Of whole days where there are some, before that of what was covered so far, else assumed. Reads only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from shared.domain.coverage.streams import Stream
from shared.domain.engagement.next_reading import RETIRE_AGE
from shared.domain.money.estimate import DAY, Rate, Rates, rates_of, unseen_authors
from shared.domain.money.prices import PriceKind
from shared.domain.money.purchases import Sums
from shared.platforms.x.endpoints import QUOTE_TWEETS, SEARCH_RECENT, USERS
from shared.services.bootstrap import Services
from shared.spending.treasury import Books

# So much has to be covered, and found in it, before it is a measure: an hour of one account, half a page.
LEAST_COVERED = timedelta(hours=1)
LEAST_POSTS = 50
NEWEST = 5_000  # posts that tell how many authors are new
LOOKS_BACK = timedelta(days=8)  # the first day may have begun yesterday, with a week of history


def rates_now(services: Services, books: Books) -> Rates:
    """The rates of now."""
    streams = services.stores.streams.active()
    days, by_endpoint = books.measured()
    if days:
        found = by_endpoint.get(SEARCH_RECENT.key, Sums()).bought[PriceKind.POST]
        return _rates(services, sum(len(stream.members) for stream in streams), days, found, by_endpoint)
    covered, found = _read_so_far(services, streams)
    carried = sum(len(stream.members) for stream in streams if stream.sweeps_completed)
    if not carried or covered < LEAST_COVERED or found < LEAST_POSTS:
        return _rates(services, 0, 0, 0, {})
    rates = _rates(services, carried, covered / carried / DAY, found, books.so_far())
    newcomers, unseen = _newcomers(services)
    return replace(rates, new_authors=Rate(newcomers, rates.posts_a_day.basis), unseen=unseen)


def _read_so_far(services: Services, streams: Sequence[Stream]) -> tuple[timedelta, int]:
    """Of the members that are followed, how much time of theirs was read, and how many posts were new in it.

    From the ledger, which knows what a stream's parts had read before they were joined.
    """
    stores = services.stores
    carriers = stores.streams.that_carried([key for stream in streams for key in stream.members])
    sizes = {stream.id: len(stream.members) for stream in carriers}
    spans = stores.intervals.read(sizes, since=services.clock.now() - LOOKS_BACK)
    covered = sum((span.length * (span.members or sizes[span.stream]) for span in spans), start=timedelta(0))
    return covered, sum(span.posts for span in spans)


def _newcomers(services: Services) -> tuple[float, float]:
    """How likely the next post is by somebody not met, and how many there are who were not met.

    The part of the posts whose author wrote no other (I. J. Good, "The population frequencies of species and the
    estimation of population parameters", 1953), and a bound from those who wrote one or two. In the first hours most of
    those who were met are new, and ever fewer of those to come: in the demo's world the mean so far was up to nine
    times what came next.
    """
    posts, once, twice = services.stores.posts.authors_met(among=NEWEST)
    return (once / posts if posts else 0.0), unseen_authors(once, twice)


def _rates(services: Services, accounts: int, days: float, found: int, by_endpoint: dict[str, Sums]) -> Rates:
    """found: posts of searches. by_endpoint: what was bought in the same time."""
    nothing, settings = Sums(), services.settings
    return rates_of(
        accounts=accounts,
        days=days,
        search_posts=found,
        looked_up=by_endpoint.get(USERS.key, nothing).bought[PriceKind.USER],
        quotes=by_endpoint.get(QUOTE_TWEETS.key, nothing).bought[PriceKind.POST],
        looks_a_day=min(1.0, DAY.total_seconds() / looks) if (looks := settings.account_look_seconds) else 0.0,
        paid_days=RETIRE_AGE * settings.refresh_time_scale / DAY,
    )
