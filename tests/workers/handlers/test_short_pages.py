"""Pages shorter than X announced, on real servers: asked for again, and in the end passed over with a gap."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from shared.domain import snowflake
from shared.domain.coverage.gaps import GapReason, Unread
from shared.domain.coverage.short_pages import WAITS_SECONDS
from shared.domain.coverage.streams import Stream
from shared.domain.errors import PostsWithheld
from shared.domain.jobs import Queue, QuotePage, SearchPage
from shared.domain.money.prices import PriceKind
from shared.services.bootstrap import Services
from tests.workers.world import (
    Asked,
    ScriptedX,
    gaps_of,
    jobs_in,
    open_quotes,
    open_sweep,
    page,
    post_id,
    state_of,
    stored_ids,
)
from workers.handlers.quotes import quote_page
from workers.handlers.search import search_page

A, B, C, D, E = (post_id(seconds) for seconds in (60, 120, 180, 240, 300))
QUOTED = post_id(3600)
FAULT = {"type": "https://api.x.com/2/problems/internal-error", "parameter": "ids", "title": "Internal Error"}


def short(*ids: int, announced: int, token: str | None = None) -> tuple[int, Any]:
    """A page that holds less than it says."""
    status, body = page(*ids, token=token, errors=[FAULT])
    body["meta"]["result_count"] = announced
    return status, body


def search(services: Services, page: int = 0) -> None:
    """Deliver a page of the search."""
    search_page(services, SearchPage(sweep_id="sweep-1", page=page))


def quotes(services: Services, page: int = 0) -> None:
    """Deliver a page of the quotes."""
    quote_page(services, QuotePage(sweep_id="quotes-1", page=page))


def waits_of(deliver: Callable[[], None], most: int = 20) -> list[float]:
    """Deliver a page until it is taken; the waits before each further try."""
    waits: list[float] = []
    while len(waits) < most:
        try:
            deliver()
        except PostsWithheld as error:
            waits.append(error.wait_seconds)
        else:
            return waits
    raise AssertionError(f"put off {most} times")


def stream_of(services: Services) -> Stream:
    """The one stream there is."""
    return services.stores.streams.active()[0]


@pytest.mark.parametrize("came", [(A, C), ()])
def test_a_short_page_is_stored_and_asked_for_again(services: Services, x: ScriptedX, came: tuple[int, ...]) -> None:
    """The sweep stands; once X has all of the page it goes on, and nothing is missed."""
    open_sweep(services)
    before = stream_of(services)
    x.script = lambda asked: short(*came, announced=4)

    with pytest.raises(PostsWithheld):
        search(services)

    assert stored_ids(services) == set(came)
    assert stream_of(services) == before
    assert (state_of(services, "sweep-1").page, jobs_in(services, Queue.SEARCH)) == (0, [])
    x.script = lambda asked: page(A, B, C, D)
    search(services)
    after = stream_of(services)
    assert state_of(services, "sweep-1").is_complete
    assert (stored_ids(services), after.cursor_id, gaps_of(services)) == ({A, B, C, D}, A, [])


def test_an_answer_that_is_short_is_no_fault_of_the_endpoint(services: Services, x: ScriptedX) -> None:
    """What came is bought and nothing else: two posts, however often they come."""
    open_sweep(services)
    x.script = lambda asked: short(A, C, announced=100)

    waits_of(lambda: search(services))

    assert services.ledger.bought(PriceKind.POST, [A, B, C]) == {A, C}
    assert services.limiter.state().windows[0].blocked is None


def test_what_x_withholds_for_good_is_a_gap_in_the_end(services: Services, x: ScriptedX) -> None:
    """After four waits the page is taken as it is; what may lie between its ends is a gap, and no more than that.

    The next page is asked for below the oldest post that came, because X's token may lie below posts it withholds.
    """

    def answer(asked: Asked) -> tuple[int, Any]:
        return page(D, E) if asked.params.get("until_id") == str(C) else short(A, C, announced=3, token="t1")

    open_sweep(services)
    x.script = answer

    waits = waits_of(lambda: search(services))
    search(services, page=1)

    stream = stream_of(services)
    ended = state_of(services, "sweep-1")
    assert waits == list(WAITS_SECONDS)
    assert len(x.asked) == len(WAITS_SECONDS) + 2
    assert "next_token" not in x.asked[-1].params
    assert (ended.is_complete, stored_ids(services), stream.cursor_id) == (True, {A, C, D, E}, A)
    assert ended.through_at is not None
    assert gaps_of(services) == [Unread(snowflake.created_at(C), ended.through_at, GapReason.POSTS_WITHHELD)]


def test_a_last_page_that_stays_short_is_a_gap_down_to_the_begin(services: Services, x: ScriptedX) -> None:
    """Below its oldest post nothing says where X's hits end; what the pages before it held is no gap."""
    open_sweep(services)
    began_at = stream_of(services).began_at
    x.script = lambda asked: short(C, announced=2) if "next_token" in asked.params else page(A, B, token="t1")
    search(services)

    waits_of(lambda: search(services, page=1))

    assert state_of(services, "sweep-1").is_complete
    assert gaps_of(services) == [Unread(began_at, snowflake.created_at(B), GapReason.POSTS_WITHHELD)]


def test_pages_that_are_announced_and_never_come_end_with_a_gap(services: Services, x: ScriptedX) -> None:
    """X announces posts and shows none: the cursor stands, and what the sweep was to cover is a gap."""
    open_sweep(services)
    before = stream_of(services)
    x.script = lambda asked: short(announced=2)

    assert waits_of(lambda: search(services)) == list(WAITS_SECONDS)

    after = stream_of(services)
    assert after.cursor_id == before.cursor_id
    assert [(gap.from_at, gap.reason) for gap in gaps_of(services)] == [(before.began_at, "posts_withheld")]


def cursor_of(services: Services) -> int:
    """Below which id all quotes were read."""
    (known,) = services.stores.quotes.candidates([{"_id": str(QUOTED)}])
    return known.cursor_id


def test_a_short_page_of_quotes_is_asked_for_again(services: Services, x: ScriptedX) -> None:
    """The cursor of the quotes waits for the page that is whole."""
    open_quotes(services, QUOTED)
    x.script = lambda asked: short(A, announced=3)
    with pytest.raises(PostsWithheld):
        quotes(services)
    assert cursor_of(services) == 0
    x.script = lambda asked: page(A, B, C)

    quotes(services)

    assert state_of(services, "quotes-1").is_complete
    assert stored_ids(services) == {A, B, C}


def test_quotes_that_x_withholds_for_good_do_not_have_the_others_bought_for_ever(
    services: Services, x: ScriptedX
) -> None:
    """After four waits the reading ends, and the next one begins above it."""
    sweep = open_quotes(services, QUOTED)
    x.script = lambda asked: short(A, C, announced=3)

    assert waits_of(lambda: quotes(services)) == list(WAITS_SECONDS)

    assert state_of(services, "quotes-1").is_complete
    assert cursor_of(services) == snowflake.first_id_at(sweep.started_at)
