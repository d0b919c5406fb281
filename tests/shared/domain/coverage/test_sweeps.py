"""Sweeps against an X whose paging misbehaves in every way that was ever seen, and some more."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain import snowflake
from shared.domain.coverage import quotes, sweeps
from shared.domain.coverage.sweeps import MAX_STALLS, Sweep, SweepKind, SweepStatus, after_page
from shared.domain.models import Page, Post

NOW = datetime(2600, 5, 1, tzinfo=UTC)  # later than every id here, of up to 66 bits, was made
FAULTS = ("none", "repeated_token", "empty", "same_page", "overlap", "token_ignored", "older_than_cursor")


def page_of(*ids: int, next_token: str | None = None) -> Page:
    """A page with posts of these ids, in this order."""
    return Page(posts=tuple(Post(id=i, text="", created_at=NOW) for i in ids), next_token=next_token)


def sweep_of(kind: SweepKind = SweepKind.SEARCH, **values: object) -> Sweep:
    """An open sweep since id 10."""
    given_values = {"id": "w", "kind": kind, "subject": "s", "queue": "search", "query": "q", "since_id": 10}
    return Sweep(**(given_values | {"started_at": NOW} | values))  # type: ignore[arg-type]


def step(sweep: Sweep, page: Page) -> Sweep:
    """The sweep after a page of which nothing was new."""
    after_page = quotes.after_page if sweep.kind is SweepKind.QUOTES else sweeps.after_page
    return after_page(sweep, page, new_ids=(), through_at=NOW)


@dataclass
class FaultyX:
    """Pages of posts, newest first, by tokens that remember where they go on; `faults` happen one an answer.

    `arrivals` are posts that turn up above all others between answers; `strays` posts at or below the cursor.
    """

    posts: list[int]
    size: int
    faults: list[str]
    arrivals: list[int]
    strays: list[int]
    bounds_since: bool = True
    offered: set[int] = field(default_factory=set)
    answers: int = 0
    _below: dict[str, int] = field(default_factory=dict)

    def answer(self, sweep: Sweep) -> Page:
        """One page for the sweep's present position."""
        fault = self.faults[self.answers] if self.answers < len(self.faults) else "none"
        self.answers += 1
        top = 1 << 80
        below = self._below[sweep.next_token] if sweep.next_token else sweep.until_id or top
        if fault == "token_ignored":
            below = sweep.until_id or top
        found = self._newest(below + 2 if fault == "overlap" else below, sweep.since_id)
        ids = [] if fault == "empty" else found[: self.size]
        goes_on = below if fault in {"empty", "same_page"} else min(ids, default=0)
        more = fault in {"empty", "same_page"} or len(found) > len(ids)
        token = self._token(goes_on) if more else None
        if fault == "repeated_token" and sweep.next_token:
            token = sweep.next_token
        if fault == "older_than_cursor" and self.strays:
            ids.insert(len(ids) // 2, self.strays[self.answers % len(self.strays)])
        self.offered.update(ids)
        if self.arrivals:
            self.posts.append(self.arrivals.pop(0))
        return page_of(*ids, next_token=token)

    def _newest(self, below: int, since_id: int) -> list[int]:
        above = since_id if self.bounds_since else 0
        return sorted((i for i in self.posts if above < i < below), reverse=True)

    def _token(self, below: int) -> str:
        token = f"t{len(self._below)}"
        self._below[token] = below
        return token


@st.composite
def worlds(draw: st.DrawFn, *, faults: tuple[str, ...] = FAULTS, bounds_since: bool = True) -> tuple[FaultyX, int]:
    """A misbehaving X, and the cursor a sweep starts from. Ids differ in their number of digits."""
    ids = draw(st.lists(st.integers(1, 1 << 66) | st.integers(1, 40), min_size=1, max_size=25, unique=True))
    since_id = draw(st.sampled_from([0, *ids]))
    highest = max(ids)
    x = FaultyX(
        posts=list(ids),
        size=draw(st.integers(1, 4)),
        faults=draw(st.lists(st.sampled_from(faults), max_size=60)),
        arrivals=draw(st.lists(st.integers(highest + 1, highest + 10**6), max_size=20, unique=True).map(sorted)),
        strays=[i for i in ids if i <= since_id],
        bounds_since=bounds_since,
    )
    return x, since_id


def read_to_the_end(x: FaultyX, sweep: Sweep) -> tuple[Sweep, list[Page]]:
    """Read pages until the sweep ends; fails when it takes more than any sequence of faults can cost."""
    most = (MAX_STALLS + 1) * (len(x.posts) + len(x.arrivals) + 2)
    pages: list[Page] = []
    while sweep.status is SweepStatus.OPEN:
        assert len(pages) < most, "the sweep loops"
        pages.append(x.answer(sweep))
        sweep = after_page(sweep, pages[-1], new_ids=(), through_at=NOW + timedelta(seconds=len(pages)))
    return sweep, pages


@settings(deadline=None, max_examples=150)
@given(world=worlds())
def test_a_search_ends_and_loses_nothing_whatever_paging_does(world: tuple[FaultyX, int]) -> None:
    """It ends; what lies between the cursor and its newest post was offered, or it says from where it was stuck."""
    x, since_id = world

    sweep, pages = read_to_the_end(x, sweep_of(since_id=since_id))

    firsts = next(
        ([post.id for post in page.posts if post.id > since_id] for page in pages if _news(page, since_id)), []
    )
    assert sweep.newest_id == max(firsts, default=None)
    assert sweep.page == len(pages)
    assert sweep.next_token is None
    assert sweep.through_at == NOW + timedelta(seconds=1)
    floor = since_id
    if sweep.stuck:
        floor = max(since_id, (sweep.oldest_id or 1 << 80) - 1)
    wanted = {i for i in x.posts if floor < i <= (sweep.newest_id or 0)}
    assert wanted <= x.offered


@settings(deadline=None)
@given(world=worlds(faults=("none", "overlap", "empty")))
def test_the_quotes_of_a_post_are_read_down_to_the_cursor(world: tuple[FaultyX, int]) -> None:
    """X does not know the cursor of quotes: the sweep ends by itself at the first known one, with all newer offered."""
    x, since_id = world
    x.bounds_since = False

    sweep, _ = read_to_the_end(x, sweep_of(SweepKind.QUOTES, since_id=since_id))

    floor = max(since_id, (sweep.oldest_id or 1 << 80) - 1) if sweep.stuck else since_id
    assert {i for i in x.posts if floor < i <= (sweep.newest_id or 0)} <= x.offered


def _news(page: Page, since_id: int) -> bool:
    return any(post.id > since_id for post in page.posts)


def test_the_newest_id_is_the_greatest_as_a_number() -> None:
    """Ten digits are more than nine, whatever their first digit."""
    done = step(sweep_of(), page_of(1_000_000_000, 999_999_999))

    assert done.newest_id == 1_000_000_000
    assert done.oldest_id == 999_999_999


def test_the_newest_id_comes_from_the_first_page_with_posts() -> None:
    """Posts that appear while the sweep is read are left to the next sweep: what lies under them was not asked for."""
    first = step(step(sweep_of(), page_of(next_token="a")), page_of(30, 29, next_token="b"))

    after = step(first, page_of(99, 98, next_token="c"))

    assert after.newest_id == 30


def test_an_answer_without_posts_and_token_completes_an_empty_sweep() -> None:
    """Nothing new: complete, with no newest post, and not stuck."""
    done = step(sweep_of(), page_of())

    assert done.is_complete
    assert done.newest_id is None
    assert not done.stuck


def test_a_post_older_than_the_cursor_does_not_end_a_search() -> None:
    """Only X's word ends it: the pages below are still asked for, and from the right place."""
    after = step(sweep_of(), page_of(30, 3, 29, next_token="a"))

    assert after.status is SweepStatus.OPEN
    assert after.next_token == "a"
    assert after.oldest_id == 29


def test_a_quote_that_is_known_ends_the_reading() -> None:
    """The last quote of the page is not newer than the cursor: what follows was read before."""
    done = step(sweep_of(SweepKind.QUOTES), page_of(12, 11, 10, 9, next_token="a"))

    assert done.is_complete
    assert done.newest_id == 12


def test_known_quotes_alone_do_not_move_the_cursor_back() -> None:
    """When the newest known quote was deleted, the sweep names no newest one."""
    done = step(sweep_of(SweepKind.QUOTES), page_of(8, 7, next_token="a"))

    assert done.is_complete
    assert done.newest_id is None


def test_a_repeated_token_is_left_for_the_posts_below_the_oldest() -> None:
    """The sweep goes on by `until_id` from the oldest post it has."""
    before = sweep_of(page=1, next_token="a", newest_id=30, oldest_id=25)

    after = step(before, page_of(24, 23, next_token="a"))

    assert (after.next_token, after.until_id, after.stalls) == (None, 23, 0)
    assert after.status is SweepStatus.OPEN


def test_stalled_pages_are_left_in_the_same_way() -> None:
    """Three pages in a row without an older post count as stuck paging."""
    sweep = step(sweep_of(), page_of(30, 29, next_token="a"))

    for token in ("b", "c", "d"):
        sweep = step(sweep, page_of(next_token=token))

    assert (sweep.next_token, sweep.until_id) == (None, 29)


@pytest.mark.parametrize("kind", list(SweepKind))
def test_where_no_way_is_left_the_sweep_ends_and_says_so(kind: SweepKind) -> None:
    """A sweep that has no older post to go on from ends as stuck, not as complete without a word."""
    sweep = sweep_of(kind)

    for token in ("a", "b", "c"):
        assert sweep.status is SweepStatus.OPEN
        sweep = step(sweep, page_of(next_token=token))

    assert sweep.is_complete
    assert sweep.stuck


def test_counts_add_up_over_the_pages() -> None:
    """Posts seen and posts new are sums over all pages; the time is that of the first."""
    first = after_page(sweep_of(), page_of(30, 29, next_token="a"), new_ids=(30, 29), through_at=NOW)
    done = after_page(first, page_of(29, 28), new_ids=(28,), through_at=NOW + timedelta(minutes=1))

    assert (done.posts_seen, done.posts_new, done.through_at) == (4, 3, NOW)


def test_an_id_ahead_of_time_is_no_cursor() -> None:
    """The newest id is that of a post which can have been made by now; one alone on its page leaves that open."""
    now_id = snowflake.first_id_at(NOW)

    among_others = step(sweep_of(), page_of(2**68, now_id, 20))
    alone = step(sweep_of(), page_of(2**68, next_token="a"))

    assert among_others.newest_id == now_id
    assert alone.newest_id is None
    assert step(alone, page_of(30)).newest_id == 30
