"""`quote_page` on real servers: down to the known quote, once, and no further."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from shared.domain import snowflake
from shared.domain.coverage.sweeps import SweepStatus
from shared.domain.errors import StoreUnavailable
from shared.domain.jobs import Queue, QuotePage
from shared.services.bootstrap import Services
from tests.workers.world import (
    ScriptedX,
    Simulator,
    by_token,
    jobs_in,
    open_quotes,
    page,
    post_id,
    read_to_end,
    refusing,
    state_of,
    stored_ids,
)
from workers.handlers.quotes import quote_page

QUOTED = post_id(3600)
A, B, C, KNOWN = (post_id(seconds) for seconds in (60, 120, 180, 2400))
NOT_JSON = b"<html>not found</html>"
GONE_ID = {
    "parameter": "id",
    "resource_id": "7",
    "title": "Not Found Error",
    "type": "https://api.x.com/2/problems/resource-not-found",
}
GONE = {"title": "Not Found Error", "type": "https://api.x.com/2/problems/resource-not-found", "detail": "gone"}


def cursor_of(services: Services, quoted: int = QUOTED) -> int:
    """Below which id all quotes were read."""
    document: dict[str, Any] = services.stores.db["X_engagement"].find_one({"_id": str(quoted)}) or {}
    return int(document.get("quotes_cursor_id") or 0)


def read_at(services: Services, quoted: int = QUOTED) -> datetime | None:
    """When the last reading of the quotes that has ended began."""
    document: dict[str, Any] = services.stores.db["X_engagement"].find_one({"_id": str(quoted)}) or {}
    return document.get("quotes_read_at")


def test_the_quotes_of_a_post_are_read_whole(simulated: Services, simulator: Simulator) -> None:
    """Every quote that the simulator could show is stored, and the greatest is the cursor."""
    posts = simulator.truth("posts", query=f"from:{simulator.names()[0]}")["posts"][:200]
    living = [int(post["id"]) for post in posts if post["state"] == "live"]
    quoted = max(living, key=lambda id_: len(simulator.truth(f"posts/{id_}")["quotes"]))
    before = {int(q["id"]) for q in simulator.truth(f"quotes/{quoted}")["posts"] if q["unsearchable_at"] is None}

    ended = read_to_end(simulated, open_quotes(simulated, quoted).id)

    assert ended.is_complete
    assert before
    assert before <= stored_ids(simulated)
    assert cursor_of(simulated, quoted) >= max(before)  # each was shown before the reading began


def test_a_reading_ends_at_the_known_quote(services: Services, x: ScriptedX) -> None:
    """The second reading stops at the page that reaches 35 minutes below the begin of the first."""
    x.script = lambda asked: page(KNOWN)
    read_to_end(services, open_quotes(services, QUOTED).id)
    x.asked.clear()
    x.script = by_token({None: page(A, B, token="t1"), "t1": page(C, KNOWN, token="t2")})

    ended = read_to_end(services, open_quotes(services, QUOTED, id_="quotes-2").id)

    assert ended.is_complete
    assert len(x.asked) == 2
    assert stored_ids(services) == {A, B, C, KNOWN}
    assert cursor_of(services) == snowflake.first_id_at(ended.started_at)
    assert read_at(services) == ended.started_at


def test_a_quote_that_x_shows_late_is_found(services: Services, x: ScriptedX) -> None:
    """A quote indexed after a reading, with more than a page of newer ones above it, is read by the next one."""
    read_then, late = [post_id(600, number) for number in range(100)], post_id(660)
    x.script = by_token({None: page(*reversed(read_then), token="t1"), "t1": page(KNOWN)})
    read_to_end(services, open_quotes(services, QUOTED).id)
    new = [post_id(60, number) for number in range(100)]
    pages = {None: page(*reversed(new), token="t1"), "t1": page(*reversed(read_then), token="t2")}
    x.script = by_token({**pages, "t2": page(late, KNOWN, token="t3")})

    ended = read_to_end(services, open_quotes(services, QUOTED, id_="quotes-2").id)

    assert ended.is_complete
    assert stored_ids(services) == {*read_then, *new, late, KNOWN}


def test_the_cursor_waits_for_the_last_page(services: Services, x: ScriptedX) -> None:
    """While pages are missing the post's cursor stands, and the next page is sent for once."""
    x.script = by_token({None: page(A, token="t1"), "t1": page(B)})
    sweep = open_quotes(services, QUOTED)
    job = QuotePage(sweep_id=sweep.id, page=0)

    quote_page(services, job)
    quote_page(services, job)

    assert cursor_of(services) == 0
    assert read_at(services) is None
    assert len(x.asked) == 1
    assert jobs_in(services, Queue.QUOTES) == [QuotePage(sweep_id=sweep.id, page=1)]


@pytest.mark.parametrize(("status", "body"), [(404, GONE), (410, GONE), (200, {"errors": [GONE_ID]})])
def test_the_quotes_of_a_gone_post_are_given_up(services: Services, x: ScriptedX, status: int, body: Any) -> None:
    """When X says that the quoted post is gone the sweep is abandoned: no retry, no cursor, no next page."""
    x.script = lambda asked: (status, body)
    sweep = open_quotes(services, QUOTED)

    quote_page(services, QuotePage(sweep_id=sweep.id, page=0))

    assert state_of(services, sweep.id).status is SweepStatus.ABANDONED
    assert cursor_of(services) == 0
    assert read_at(services) == sweep.started_at  # not asked for again sooner than after a reading
    assert jobs_in(services, Queue.QUOTES) == []


def test_a_gone_post_can_be_read_again_later(services: Services, x: ScriptedX) -> None:
    """An abandoned reading keeps the next one away no longer than any other would."""
    x.script = lambda asked: (404, GONE)
    read_to_end(services, open_quotes(services, QUOTED).id)
    x.script = lambda asked: page(A)

    ended = read_to_end(services, open_quotes(services, QUOTED, id_="quotes-2").id)

    assert ended.is_complete
    assert stored_ids(services) == {A}


def test_paging_that_leads_nowhere_leaves_the_cursor(services: Services, x: ScriptedX) -> None:
    """A reading that X's paging cut short is no whole one: the next begins from the same cursor."""
    x.script = lambda asked: page(A, token="same")

    ended = read_to_end(services, open_quotes(services, QUOTED).id)

    assert ended.stuck
    assert read_at(services) == ended.started_at
    assert stored_ids(services) == {A}
    assert cursor_of(services) == 0


@pytest.mark.parametrize("step", ["X_tweets", "X_engagement", "X_sweeps"])
def test_a_crash_at_any_step_loses_nothing(services: Services, x: ScriptedX, step: str) -> None:
    """Whichever write fails, the same delivery again leads to the same documents at the cost of one page at most."""
    x.script = lambda asked: page(A, B)
    sweep = open_quotes(services, QUOTED)
    job = QuotePage(sweep_id=sweep.id, page=0)

    with refusing(services, step), pytest.raises(StoreUnavailable):
        quote_page(services, job)
    quote_page(services, job)

    assert state_of(services, sweep.id).is_complete
    assert stored_ids(services) == {A, B}
    assert cursor_of(services) == snowflake.first_id_at(sweep.started_at)
    assert len(x.asked) == 2
