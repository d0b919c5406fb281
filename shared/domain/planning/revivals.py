"""Which quiet posts grow again, asked in groups. Pure.

A post that nobody reads can wake up unseen. X tells how often the posts of up to 16 authors were reposted in the last
day (`retweets_of:`), for the price of one post. What the posts that were owned that day explain is subtracted; the
group with the most reposts that nothing explains is halved, one half is asked about and the other is known by
subtraction, down to one author. An author's reposts may be of posts that nobody follows, so its posts are asked about
(`retweets_of_tweet_id:`, 11 a query, the largest first) before they are halved in the same way; the last pair is
bought.

A sweep costs a request for each 16 authors, so it pays only where a day's money buys enough posts: from
`LEAST_MONEY` of those that are followed on, and then it takes at most `MOST_OF_MONEY`, what it buys included; the first
look at the authors takes at most half of that.
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
MOST_OF_FIRST_LOOK: Final = 0.5
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


@dataclass(frozen=True, slots=True)
class Terms:
    """What a request and a post cost, in one unit of money, and how many authors and posts a query holds."""

    request_costs: int = 1
    post_costs: int = 1
    authors: int = AUTHORS_A_QUERY
    posts: int = POSTS_A_QUERY


TERMS: Final = Terms()


class _Group(NamedTuple):
    """Ordered by the most unexplained reposts; where it is not known yet, it is asked for before all others. is_exact:
    they are of its posts, and of no others.
    """

    rank: float
    number: int
    query: Query
    unexplained: int | None
    is_exact: bool


def money_for(money: int, followed: int) -> int:
    """What of a day's money the tests may spend; none where they do not pay, or where it buys all posts."""
    authors_pay = LEAST_MONEY * followed <= money < followed
    return int(money * MOST_OF_MONEY) if authors_pay else 0


def largest(quiet: Iterable[tuple[float, int]], most: int) -> list[tuple[float, int]]:
    """Of quiet posts (size, id) the largest."""
    return heapq.nlargest(most, quiet, key=lambda one: (one[0], -one[1]))


@dataclass(slots=True)
class Search:
    """Asked for its next query (`ask`) and told the answer (`tell`) until there is none; then `found` are to be bought.

    explained: by author, the reposts of the last 24 hours of posts that were owned. left: money. least: fewer reposts
    that nothing explains are not looked into. The same answers lead to the same queries, so a search that was left is
    taken up again by telling them once more.
    """

    suspects: Mapping[int, Sequence[Suspect]]
    explained: Mapping[int, int]
    left: int
    least: int = LEAST_REPOSTS
    terms: Terms = TERMS
    found: list[int] = field(default_factory=list)
    requests: int = 0
    _pushed: int = 0
    _open: list[_Group] = field(default_factory=list)
    _asked: tuple[Query, _Group | None] | None = None

    def ask(self) -> Query | None:
        """The next query, which is paid for now; None when there is no money or nothing to ask."""
        while self._open:
            group = heapq.heappop(self._open)
            if group.unexplained is not None and group.unexplained < self.least:
                return None
            group = self._opened(group)
            if group.is_exact and len(group.query.posts) <= BOUGHT_TOGETHER:
                self._buy(group.query.posts)
            elif self.left >= self.terms.request_costs:
                return self._pay(group)
        return None

    def tell(self, reposts: int | None) -> None:
        """The answer to the query that was asked last; None: it was lost, and what it was about is not asked again."""
        assert self._asked is not None
        (query, whole), self._asked = self._asked, None
        if reposts is None:
            return
        here = max(0, reposts - sum(self.explained.get(author, 0) for author in query.authors))
        self._push(query, here, is_exact=bool(query.posts))
        if whole is not None:
            rest = Query(_without(whole.query.authors, query.authors), _without(whole.query.posts, query.posts))
            self._push(rest, max(0, (whole.unexplained or 0) - here), is_exact=whole.is_exact)

    def _opened(self, group: _Group) -> _Group:
        """The posts of a single author in place of the author, once it is known to have reposts."""
        if len(group.query.authors) != 1 or group.unexplained is None:
            return group
        suspects = self.suspects[group.query.authors[0]]
        return group._replace(query=Query(posts=tuple(one.post_id for one in suspects)))

    def _buy(self, posts: tuple[int, ...]) -> None:
        bought = posts[: self.left // self.terms.post_costs]
        self.found.extend(bought)
        self.left -= len(bought) * self.terms.post_costs

    def _pay(self, group: _Group) -> Query:
        """For the whole group where nothing is known of it, for the part to ask about otherwise."""
        is_known = group.unexplained is not None
        query = self._part(group) if is_known else group.query
        self.left, self.requests = self.left - self.terms.request_costs, self.requests + 1
        self._asked = (query, group if is_known else None)
        return query

    def _part(self, group: _Group) -> Query:
        authors, posts = group.query.authors, group.query.posts
        if authors:
            return Query(authors=authors[: len(authors) // 2])
        return Query(posts=posts[: len(posts) // 2 if group.is_exact else self.terms.posts])

    def _push(self, query: Query, unexplained: int | None, *, is_exact: bool = False) -> None:
        """Unasked groups come first, then those with the most."""
        if query.authors or query.posts:
            rank = -math.inf if unexplained is None else -float(unexplained)
            self._pushed += 1
            heapq.heappush(self._open, _Group(rank, self._pushed, query, unexplained, is_exact))


def begin(
    suspects: Iterable[Suspect],
    explained: Mapping[int, int],
    money: int,
    marginal: float = 0.0,
    terms: Terms = TERMS,
) -> Search:
    """A search that has asked nothing yet. explained: as in `Search`. money: that it may spend. marginal: what the last
    post that the day's money buys is worth, in acts: a search must be worth as much as what else its money buys.
    """
    least = max(LEAST_REPOSTS, round(REQUESTS_TO_FIND * REPOST_SHARE * marginal))
    by_author: dict[int, list[Suspect]] = {}
    for suspect in sorted(suspects, key=lambda one: (-one.size, one.post_id)):
        by_author.setdefault(suspect.author_id, []).append(suspect)
    search = Search(by_author, explained, money, least, terms)
    looks = int(money * MOST_OF_FIRST_LOOK) // terms.request_costs
    authors = list(by_author)[: looks * terms.authors]
    for start in range(0, len(authors), terms.authors):
        search._push(Query(authors=tuple(authors[start : start + terms.authors])), None)
    return search


def _without(whole: tuple[int, ...], part: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(one for one in whole if one not in part)
