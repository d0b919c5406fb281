"""`quote_page` on real servers: down to the known quote, once, and no further."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.domain import snowflake
from shared.domain.attribution import Concern, Why
from shared.domain.coverage.quote_routes import Reading, sweep_of
from shared.domain.coverage.sweeps import ReadBy, Sweep, SweepStatus
from shared.domain.errors import StoreUnavailable
from shared.domain.jobs import Queue, QuotePage
from shared.domain.models import Post
from shared.domain.sources import TRACKED
from shared.platforms.x.query import quotes_query
from shared.services.bootstrap import Services
from tests.workers.world import (
    LAG_SECONDS,
    ScriptedX,
    Simulator,
    by_token,
    eventually,
    jobs_in,
    open_quotes,
    page,
    post,
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


def living(simulator: Simulator, count: int) -> list[int]:
    """Posts of the last six days, the oldest of the busiest account: nothing becomes of them while a test runs."""
    now = snowflake.created_at(post_id(0))
    posts = simulator.posts(f"from:{simulator.names()[0]} -is:retweet", since=now - timedelta(days=6), until=now)
    return [int(post["id"]) for post in posts[::-1] if post["state"] == "live"][:count]


def quoted_by_strangers(simulator: Simulator, posts: list[int], *, each: int) -> set[int]:
    """Let each post be quoted so often; answers all their quotes, once a search shows them."""
    for one in posts:
        simulator.order("quotes", {"post": str(one), "count": each})
    now = datetime.now(UTC)
    eventually(lambda: datetime.now(UTC) - now > timedelta(seconds=LAG_SECONDS + 0.1))
    return shown(simulator, posts)


def shown(simulator: Simulator, posts: list[int]) -> set[int]:
    """The quotes of posts that can be found."""
    quotes = [quote for one in posts for quote in simulator.truth(f"quotes/{one}")["posts"]]
    return {int(quote["id"]) for quote in quotes if quote["unsearchable_at"] is None and quote["searchable_at"]}


def test_the_quotes_of_a_post_are_read_whole(simulated: Services, simulator: Simulator) -> None:
    """Every quote that the simulator could show is stored, and the greatest is the cursor."""
    (quoted,) = living(simulator, 1)
    before = quoted_by_strangers(simulator, [quoted], each=5)

    ended = read_to_end(simulated, open_quotes(simulated, quoted).id)

    assert ended.is_complete
    lasting = before & shown(simulator, [quoted])  # one may have been deleted meanwhile
    assert len(lasting) > 2
    assert lasting <= stored_ids(simulated)
    assert cursor_of(simulated, quoted) >= max(lasting)  # each was shown before the reading began


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


def open_search(services: Services, *quoted: int, by: ReadBy = ReadBy.RECENT) -> Sweep:
    """Open one search for the quotes of several posts, from the oldest of them on."""
    posts = [Post(id=id_, text="", created_at=snowflake.created_at(id_)) for id_ in quoted]
    services.stores.engagement.begin(posts, now=services.clock.now())
    found = services.stores.quotes.candidates([{"_id": str(id_)} for id_ in sorted(quoted)])
    reading, query = Reading(tuple(found), min(quoted), by), quotes_query(sorted(quoted))
    sweep = sweep_of(reading, slot="quotes@1", query=query, now=services.clock.now())
    assert services.stores.sweeps.open(sweep)
    return sweep


def test_one_search_reads_the_quotes_of_many_posts(simulated: Services, simulator: Simulator) -> None:
    """Every quote of each of eleven posts that the simulator's search shows is stored, and each counts as read."""
    quoted = living(simulator, 11)
    before = quoted_by_strangers(simulator, quoted, each=2)

    ended = read_to_end(simulated, open_search(simulated, *quoted).id)

    assert ended.is_complete
    lasting = before & shown(simulator, quoted)
    assert len(lasting) > 11
    assert lasting <= stored_ids(simulated)
    assert {read_at(simulated, one) for one in quoted} == {ended.started_at}
    assert {cursor_of(simulated, one) for one in quoted} == {snowflake.first_id_at(ended.started_at)}


def test_each_quote_of_a_search_concerns_those_who_follow_its_author(services: Services, x: ScriptedX) -> None:
    """Of two posts by two followed accounts each quote is the business of one."""
    first, second = post_id(600), post_id(500)
    names, now = ["alice", "bob"], services.clock.now()
    services.stores.sources.add_accounts(TRACKED, names, now=now)
    services.stores.handles.activate(names, now=now, source=TRACKED)
    for id_, name in ((first, "alice"), (second, "bob")):
        made = Post(id=id_, text="", created_at=snowflake.created_at(id_), author_id=None)
        why = {id_: [Concern(TRACKED, name, Why.AUTHOR)]}
        services.stores.posts.upsert([made], source="search", now=services.clock.now(), concerns=why)
    quotes = [post(A, referenced_tweets=[{"type": "quoted", "id": str(first)}])]
    quotes += [post(B, referenced_tweets=[{"type": "quoted", "id": str(second)}])]
    x.script = lambda asked: (200, {"data": quotes, "meta": {"result_count": 2}})

    read_to_end(services, open_search(services, first, second).id)

    told = {id_: (services.stores.posts.get(id_) or {})["concerns"] for id_ in (A, B)}
    assert told[A] == [{"source": TRACKED, "member": "alice", "why": "quote"}]
    assert told[B] == [{"source": TRACKED, "member": "bob", "why": "quote"}]


TOO_OLD = f"'since_id' must be a tweet id created after. Please use a 'since_id' that is larger than {C}"
STALE = {
    "errors": [{"parameters": {"since_id": ["1"]}, "message": TOO_OLD}],
    "title": "Invalid Request",
    "detail": "One or more parameters to your request was invalid.",
    "type": "https://api.x.com/2/problems/invalid-request",
}
NO_ARCHIVE = {"title": "Client Forbidden", "reason": "client-not-enrolled"}


def test_a_search_that_comes_too_late_is_given_up(services: Services, x: ScriptedX) -> None:
    """X does not reach back so far any more: the posts do not count as read, and are chosen again."""
    x.script = lambda asked: (400, STALE)

    ended = read_to_end(services, open_search(services, QUOTED).id)

    assert ended.status is SweepStatus.ABANDONED
    assert read_at(services) is None
    assert jobs_in(services, Queue.QUOTES) == []


def test_a_search_of_an_archive_that_the_plan_lacks_is_given_up(services: Services, x: ScriptedX) -> None:
    """The refusal is remembered, so the next choice takes another way."""
    x.script = lambda asked: (403, NO_ARCHIVE)
    sweep = open_search(services, QUOTED, by=ReadBy.ALL)

    ended = read_to_end(services, sweep.id)

    assert ended.status is SweepStatus.ABANDONED
    assert read_at(services) is None
    assert not services.has_archive


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
