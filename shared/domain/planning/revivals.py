"""Which quiet posts grow again, asked in groups. Pure.

A post that nobody reads can wake up unseen. X tells how often the posts of up to 16 authors were reposted in the last
day (`retweets_of:`), for the price of one post. What the posts that were owned that day explain is subtracted; the
group with the most reposts that nothing explains is halved, one half is asked about and the other is known by
subtraction, down to one author; so are its posts (`retweets_of_tweet_id:`, 11 a query); the last pair is bought.

A sweep costs a request for each 16 authors, so it pays only where a day's money buys enough posts: from
`LEAST_MONEY` of those that are followed on, and then it takes at most `MOST_OF_MONEY`, what it buys included.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

AUTHORS_A_QUERY: Final = 16
POSTS_A_QUERY: Final = 11
LEAST_MONEY: Final = 0.1
MOST_OF_MONEY: Final = 0.04
BOUGHT_TOGETHER: Final = 2
# From a group of authors to a post it takes about so many requests; each could have bought a post.
REQUESTS_TO_FIND: Final = 9
# Which part of a post's acts are reposts, roughly.
REPOST_SHARE: Final = 0.1
LEAST_REPOSTS: Final = 3


class Suspect(NamedTuple):
    """A post that was not owned in the last day; `size` in acts, by which the likelier ones are asked about first."""

    post_id: int
    author_id: int
    size: float


@dataclass(frozen=True, slots=True)
class Query:
    """How many reposts of the last 24 hours were of posts by these authors, or of these: one of the two is empty."""

    authors: tuple[int, ...] = ()
    posts: tuple[int, ...] = ()


class _Group(NamedTuple):
    """Ordered by the most unexplained reposts; where it is not known yet, it is asked for before all others."""

    rank: float
    number: int
    query: Query
    unexplained: int | None


def money_for(money: int, followed: int) -> int:
    """What of a day's money the tests may spend; none where they do not pay."""
    authors_pay = money >= LEAST_MONEY * followed
    return int(money * MOST_OF_MONEY) if authors_pay else 0


@dataclass(slots=True)
class Search:
    """Asked for its next query (`ask`) and told the answer (`tell`) until there is none; then `found` are to be bought.

    explained: by author, the reposts of the last 24 hours of posts that were owned. left: money. least: fewer reposts
    that nothing explains are not looked into.
    """

    suspects: Mapping[int, Sequence[Suspect]]
    explained: Mapping[int, int]
    left: int
    least: int = LEAST_REPOSTS
    found: list[int] = field(default_factory=list)
    requests: int = 0
    _pushed: int = 0
    _open: list[_Group] = field(default_factory=list)
    _asked: tuple[Query, _Group | None] | None = None

    def ask(self) -> Query | None:
        """The next query, which is paid for with 1; None when there is no money or nothing to ask."""
        while self._open and self.left > 0:
            group = heapq.heappop(self._open)
            if group.unexplained is None:
                return self._pay(group.query, None)
            if group.unexplained < self.least:
                return None
            group = self._opened(group)
            if len(group.query.posts) > BOUGHT_TOGETHER or group.query.authors:
                return self._pay(_half(group.query), group)
            self._buy(group.query.posts)
        return None

    def tell(self, reposts: int) -> None:
        """The answer to the query that was asked last."""
        assert self._asked is not None
        query, whole = self._asked
        here = max(0, reposts - sum(self.explained.get(author, 0) for author in query.authors))
        self._push(query, here)
        if whole is not None:
            rest = Query(_without(whole.query.authors, query.authors), _without(whole.query.posts, query.posts))
            self._push(rest, max(0, (whole.unexplained or 0) - here))

    def _opened(self, group: _Group) -> _Group:
        """The posts of a single author in place of the author."""
        if len(group.query.authors) != 1:
            return group
        suspects = self.suspects[group.query.authors[0]]
        return group._replace(query=Query(posts=tuple(one.post_id for one in suspects)))

    def _buy(self, posts: tuple[int, ...]) -> None:
        bought = posts[: self.left]
        self.found.extend(bought)
        self.left -= len(bought)

    def _pay(self, query: Query, whole: _Group | None) -> Query:
        self.left, self.requests, self._asked = self.left - 1, self.requests + 1, (query, whole)
        return query

    def _push(self, query: Query, unexplained: int | None) -> None:
        """Unasked groups come first, then those with the most."""
        if query.authors or query.posts:
            rank = -math.inf if unexplained is None else -float(unexplained)
            self._pushed += 1
            heapq.heappush(self._open, _Group(rank, self._pushed, query, unexplained))


def begin(suspects: Iterable[Suspect], explained: Mapping[int, int], money: int, marginal: float = 0.0) -> Search:
    """A search that has asked nothing yet. explained: as in `Search`. money: that it may spend. marginal: what the last
    post that was bought yesterday was worth, in acts: a search must be worth as much as what else its money buys.
    """
    least = max(LEAST_REPOSTS, round(REQUESTS_TO_FIND * REPOST_SHARE * marginal))
    by_author: dict[int, list[Suspect]] = {}
    for suspect in sorted(suspects, key=lambda one: (-one.size, one.post_id)):
        by_author.setdefault(suspect.author_id, []).append(suspect)
    search, authors = Search(by_author, explained, money, least), list(by_author)
    for start in range(0, len(authors), AUTHORS_A_QUERY):
        search._push(Query(authors=tuple(authors[start : start + AUTHORS_A_QUERY])), None)
    return search


def _half(query: Query) -> Query:
    """The half to ask about."""
    if query.authors:
        return Query(authors=query.authors[: len(query.authors) // 2])
    return Query(posts=query.posts[: min(POSTS_A_QUERY, len(query.posts) // 2)])


def _without(whole: tuple[int, ...], part: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(one for one in whole if one not in part)
