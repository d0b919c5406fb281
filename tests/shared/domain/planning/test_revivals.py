"""Quiet posts that grow again are found by asking about groups."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.planning.revivals import (
    AUTHORS_A_QUERY,
    POSTS_A_QUERY,
    Query,
    Search,
    Suspect,
    Terms,
    begin,
    largest,
    money_for,
)

AUTHORS, POSTS_EACH = 40, 20


def searched(reposts: dict[int, int], money: int, owned: dict[int, int] | None = None) -> Search:
    """Through 40 authors with 20 quiet posts each; `reposts` by post, `owned` by author, of posts that were owned."""
    suspects = [Suspect(author * 100 + post, author, 1.0) for author in range(AUTHORS) for post in range(POSTS_EACH)]
    explained = owned or {}
    search = begin(suspects, explained, money)
    while (query := search.ask()) is not None:
        assert len(query.authors) <= AUTHORS_A_QUERY
        assert len(query.posts) <= POSTS_A_QUERY
        assert bool(query.authors) != bool(query.posts)
        of_authors = sum(count for post, count in reposts.items() if post // 100 in query.authors)
        of_authors += sum(explained.get(author, 0) for author in query.authors)
        search.tell(of_authors + sum(count for post, count in reposts.items() if post in query.posts))
    return search


def test_the_one_that_woke_up_is_found() -> None:
    """One of 800, with a dozen requests."""
    search = searched({1707: 50}, money=30)
    assert 1707 in search.found
    assert search.requests <= 14


def test_the_largest_come_first() -> None:
    """Where the money does not suffice for all, it finds those with the most reposts."""
    search = searched({307: 500, 1211: 40, 2502: 5}, money=16)
    assert 307 in search.found
    assert 2502 not in search.found


def test_what_owned_posts_explain_is_no_revival() -> None:
    """Reposts of posts that were read are known: after one sweep nothing is left to ask."""
    search = searched({}, money=50, owned={3: 900, 17: 40})
    assert search.found == []
    assert search.requests == -(-AUTHORS // AUTHORS_A_QUERY)


@settings(max_examples=50)
@given(
    reposts=st.dictionaries(
        st.builds(
            lambda author, post: author * 100 + post, st.integers(0, AUTHORS - 1), st.integers(0, POSTS_EACH - 1)
        ),
        st.integers(3, 900),
        max_size=6,
    ),
    money=st.integers(0, 120),
)
def test_it_never_spends_more_than_it_may(reposts: dict[int, int], money: int) -> None:
    """Requests and purchases together; with plenty, every post that woke up is found."""
    search = searched(reposts, money)
    assert search.requests + len(search.found) + search.left == money
    if money >= 3 + 12 * len(reposts):
        assert set(reposts) <= set(search.found)


def test_it_pays_only_with_enough_money() -> None:
    """Nothing for a twentieth of the posts a day, a 25th of the money for three twentieths, nothing for all of them."""
    assert money_for(1000, 20_000) == 0
    assert money_for(3000, 20_000) == 120
    assert money_for(20_000, 20_000) == 0


def test_reposts_of_posts_that_nobody_follows_buy_nothing() -> None:
    """An author's posts are asked about themselves, so that others of the same author are found out, and left."""
    suspects = [Suspect(post, 1, 1.0) for post in range(30)]
    search = begin(suspects, {}, 50)
    assert search.ask() == Query(authors=(1,))
    search.tell(900)
    while search.ask() is not None:
        search.tell(0)
    assert (search.found, search.requests) == ([], 4)


@given(st.integers(0, 300), st.integers(1, 9), st.integers(1, 9), st.lists(st.none() | st.integers(0, 99), max_size=60))
def test_whatever_is_answered_the_money_is_kept_to(
    money: int, request_costs: int, post_costs: int, answers: list[int | None]
) -> None:
    """Of any prices; answers may be lost. Told again, the same answers lead to the same queries and posts."""
    terms = Terms(request_costs, post_costs, authors=4, posts=3)
    suspects = [Suspect(post, post % 17, float(post)) for post in range(90)]
    search, again = (begin(suspects, {}, money, terms=terms) for _ in range(2))
    for answer in answers:
        asked = search.ask()
        assert again.ask() == asked
        if asked is None:
            break
        assert len(asked.authors) <= 4
        assert len(asked.posts) <= 3
        search.tell(answer)
        again.tell(answer)
    assert again == search
    assert 0 <= search.left == money - search.requests * request_costs - len(search.found) * post_costs
    assert len(set(search.found)) == len(search.found)


def test_what_was_lost_is_not_asked_again() -> None:
    """Nor what it was a part of: the next group comes."""
    search = begin([Suspect(post, post, 1.0) for post in range(4)], {}, 20, terms=Terms(authors=2))
    asked = [search.ask()]
    search.tell(None)
    while (query := search.ask()) is not None:
        asked.append(query)
        search.tell(0)
    assert asked == [Query(authors=(0, 1)), Query(authors=(2, 3))]


def test_the_first_look_takes_half_of_the_money_at_most() -> None:
    """The largest come first; what is left of the authors is not asked about."""
    search = begin([Suspect(post, post, float(post)) for post in range(1_000)], {}, 10)
    asked = []
    while (query := search.ask()) is not None:
        asked.append(query)
        search.tell(0)
    assert len(asked) == 5
    assert asked[0].authors == tuple(range(999, 983, -1))


@given(st.lists(st.tuples(st.floats(0, 1e6), st.integers(0, 10**19)), max_size=60), st.integers(0, 20))
def test_the_largest_are_the_largest_however_they_come(quiet: list[tuple[float, int]], most: int) -> None:
    """A part that keeps so many of each batch ends with the largest of all."""
    kept: list[tuple[float, int]] = []
    for start in range(0, len(quiet), 7):
        kept = largest([*kept, *quiet[start : start + 7]], most)
    assert kept == sorted(quiet, key=lambda one: (-one[0], one[1]))[:most]


def test_it_ends_where_the_money_buys_more_elsewhere() -> None:
    """40 reposts are about 400 acts: not worth nine requests where each would buy a post that lacks 100."""
    search = begin([Suspect(1, 1, 1.0), Suspect(2, 2, 1.0)], {}, 50, marginal=100.0)
    assert search.ask() == Query(authors=(1, 2))
    search.tell(40)
    assert search.ask() is None
