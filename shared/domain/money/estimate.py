"""What something would cost before it is done: following accounts, refreshing posts. Pure.

An estimate is arithmetic on prices and rates; every rate carries the words that say where it comes from. Money is in
micro-dollars. Invariant: what was bought today costs nothing, and an estimate of nothing is nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from shared.domain.money.prices import PriceKind, Prices

DAY: Final = timedelta(days=1)
MONTH_DAYS: Final = 30
IDS_A_CALL: Final = 100
# Where nothing was measured yet. A post of, to or about an account; every second one by somebody not met before.
ASSUMED: Final = "assumed"
ASSUMED_POSTS_A_DAY: Final = 50.0
ASSUMED_NEW_AUTHORS: Final = 0.5


@dataclass(frozen=True, slots=True)
class Rate:
    """A number, and in words where it comes from."""

    value: float
    basis: str

    @property
    def is_measured(self) -> bool:
        """Whether it is more than an assumption."""
        return not self.basis.startswith(ASSUMED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """posts_a_day: found for one account. new_authors: accounts to look up for each post. paid_days: later UTC days on
    which a post is read again. quotes: quotes read for each post. looks_a_day: how often an account is bought again.
    unseen: authors there are that were not met yet, None where nobody knows."""

    posts_a_day: Rate
    looks_a_day: Rate
    new_authors: Rate
    paid_days: Rate
    quotes: Rate
    unseen: float | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """Posts that were read to tell how many authors there are: how many, by how many authors, and how many of these
    wrote just one and just two of them. Those who are looked up in any case do not count.
    """

    posts: int
    authors: int
    once: int
    twice: int

    @classmethod
    def of(cls, posts: int, authors: Iterable[int]) -> Sample:
        """The sample of posts of which so many authors are worth looking up, one entry a post."""
        times = Counter(Counter(authors).values())
        return cls(posts, sum(times.values()), times[1], times[2])

    def over(self, rates: Rates) -> Rates:
        """The rates with what the sample says of authors (see `unseen_authors`)."""
        rate = Rate(self.once / self.posts if self.posts else 0.0, f"in a sample of {self.posts} posts")
        return replace(rates, new_authors=rate, unseen=unseen_authors(self.once, self.twice))


def unseen_authors(once: int, twice: int) -> float:
    """How many authors there are at least who were not met, by how many wrote just one post and just two.

    Source: A. Chao, "Nonparametric estimation of the number of classes in a population", 1984.
    """
    return once * (once - 1) / (2 * (twice + 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackEstimate:
    """Following accounts. once: looking them up, and reading what was posted before. first_day: after that.

    run: the part of `once` that the command's own jobs buy; quotes of what was posted before are read as all quotes.
    later_day: once the posts of as many days are followed as a post is followed for. month: the first 30 days and once.
    """

    accounts: int
    once: int
    run: int
    first_day: int
    later_day: int
    month: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshEstimate:
    """Refreshing posts. unknown: posts that were not found before, by people who may not be known.

    cost: if every post that was not bought today is alive; those that are gone cost nothing.
    """

    posts: int
    unknown: int
    bought_today: int
    calls: int
    cost: int


def newcomers(posts: float, rates: Rates) -> float:
    """How many of the authors of so many posts are new; ever fewer, where it is known how many there are.

    Source: T.-J. Shen, A. Chao and C.-F. Lin, "Predicting the number of new species in further taxonomic sampling",
    2003.
    """
    rate, unseen = rates.new_authors.value, rates.unseen
    if unseen is None:
        return posts * rate
    return unseen * (1 - (1 - min(1.0, rate / unseen)) ** posts) if unseen > 0 else 0.0


def of_track(
    accounts: int,
    known_today: int,
    since: timedelta,
    rates: Rates,
    prices: Prices,
    *,
    history: int | None = None,
    sample: Sample | None = None,
) -> TrackEstimate:
    """Following `accounts` more, of which `known_today` were bought today, from `since` ago on.

    history: how many posts there are since then, where X was asked; else by the rate. sample: some of these.
    """
    sample = sample or Sample(0, 0, 0, 0)
    post, user = prices.micro[PriceKind.POST], prices.micro[PriceKind.USER]
    posts = accounts * rates.posts_a_day.value
    before = posts * (since / DAY) if history is None else history
    own, quotes = post + user * rates.new_authors.value, post * rates.quotes.value
    found = posts * (own + quotes)
    looked_up = (accounts - known_today) * user
    reread = posts * post
    days = rates.paid_days.value
    # On day d of the month the posts of the days before, as far back as they are read, are read again.
    rereads = sum(min(day, days) for day in range(MONTH_DAYS)) * reread
    looks = accounts * rates.looks_a_day.value * user
    authors = sample.authors + newcomers(max(0.0, before - sample.posts), rates)
    history_own = before * post + authors * user
    once = looked_up + history_own + before * quotes
    return TrackEstimate(
        accounts=accounts,
        once=round(once),
        run=round(looked_up + history_own),
        first_day=round(found),
        later_day=round(found + days * reread + looks),
        month=round(once + MONTH_DAYS * found + rereads + (MONTH_DAYS - 1) * looks),
    )


def of_refresh(posts: int, bought_today: int, prices: Prices, *, unknown: int, rates: Rates) -> RefreshEstimate:
    """Reading `posts` again, of which `bought_today` are free; new authors of the `unknown` ones are looked up."""
    authors = newcomers(unknown, rates)
    cost = round(prices.micro[PriceKind.POST] * (posts - bought_today) + prices.micro[PriceKind.USER] * authors)
    calls = -(-posts // IDS_A_CALL)
    return RefreshEstimate(posts=posts, unknown=unknown, bought_today=bought_today, calls=calls, cost=cost)


def rates_of(
    *,
    accounts: int,
    days: float,
    search_posts: int,
    looked_up: int,
    quotes: int,
    paid_days: float,
    looks_a_day: float,
) -> Rates:
    """The rates of what was measured over `days` with that many accounts; what was not is assumed.

    search_posts, quotes: posts bought by searches and as quotes. looked_up: authors bought.
    """
    is_measured = accounts > 0 and days > 0 and search_posts > 0
    time = f"{days:.0f} days" if days >= 1 else f"{days * 24:.1f} hours"
    over = f"measured over {time} and {accounts} accounts"
    assumed = f"{ASSUMED}: nothing was measured yet"
    return Rates(
        posts_a_day=Rate(search_posts / days / accounts, over) if is_measured else Rate(ASSUMED_POSTS_A_DAY, assumed),
        new_authors=Rate(looked_up / search_posts, over) if is_measured else Rate(ASSUMED_NEW_AUTHORS, assumed),
        looks_a_day=Rate(looks_a_day, "a followed account is looked at once a day"),
        paid_days=Rate(paid_days, "the tiers read a post at least once a day until it is retired"),
        quotes=Rate(quotes / search_posts, over) if is_measured else Rate(0.0, f"{ASSUMED}: few posts are quoted"),
    )
