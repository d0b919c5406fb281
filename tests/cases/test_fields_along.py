"""Places, polls, restrictions, edits and long texts are asked for and stored; what X bills comes only where wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from shared.domain.models import User, WorkClass
from shared.domain.money.prices import PriceKind
from shared.platforms.x import calls
from shared.platforms.x.fields import Along, Dialect
from shared.services.bootstrap import Services
from tests.cases.pages import FIRST, LAST, ODD, body, document, searched, set_aside, went_on
from tests.scheduler.slots import fill_gaps
from tests.workers.world import (
    NOW,
    ScriptedX,
    Simulator,
    next_sweep,
    open_sweep,
    post,
    read_to_end,
    start_simulator,
    without_archive,
)

PLACE = {"id": "01a9", "full_name": "Manhattan, NY", "country_code": "US", "geo": {"type": "Feature", "bbox": [1.5, 2]}}
POLL = {"id": "77", "options": [{"position": 1, "label": "yes", "votes": 3}], "voting_status": "open"}


@pytest.fixture
def lively() -> Iterator[Simulator]:
    """A simulator of its own, with enough posts for places, polls and long texts among them."""
    running, process = start_simulator(
        *("--seed", "3", "--accounts", "8", "--activity", "40", "--history-hours", "12", "--search-lag-seconds", "1"),
        *("--limit", "search/recent=100000"),
    )
    yield running
    process.terminate()
    process.wait(10)
    assert process.stdout is not None
    process.stdout.close()


@pytest.mark.parametrize("dialect", ["old", "new"])
def test_what_the_simulator_has_is_stored(
    make_services: Callable[..., Services], lively: Simulator, dialect: str
) -> None:
    """In either dialect: places and polls stand in their own post, long texts are whole, edits and places are named."""
    services = make_services(lively.url, x_dialect=dialect)
    without_archive(services)
    sweep = open_sweep(services, names=lively.names(), since=NOW - timedelta(hours=6))
    read_to_end(services, sweep.id)
    fill_gaps(services)

    stored = list(services.stores.db["X_tweets"].find({"found_by": "search"}))
    assert len(stored) > 200
    assert all("edits_remaining" in one["edit_controls"] for one in stored)
    placed, polled = [one for one in stored if "geo" in one], [one for one in stored if one.get("polls")]
    assert placed
    assert all(one["place"]["id"] == one["geo"]["place_id"] and one["place"]["full_name"] for one in placed)
    assert polled
    assert all([poll["id"] for poll in one["polls"]] == one["attachments"]["poll_ids"] for one in polled)
    assert all(poll["options"] for one in polled for poll in one["polls"])
    assert any(len(one["text"]) > 280 for one in stored)
    assert set_aside(services) == []


def test_a_restriction_is_stored(services: Services, x: ScriptedX) -> None:
    """Where X withholds a post, and on whose word."""
    withheld = {"copyright": False, "country_codes": ["DE"], "scope": "tweet"}
    searched(services, x, body(post(FIRST, withheld=withheld), post(LAST)))

    assert document(services, "X_tweets", FIRST)["withheld"] == withheld
    assert "withheld" not in document(services, "X_tweets", LAST)


def test_a_place_or_a_poll_that_is_odd_costs_no_post(services: Services, x: ScriptedX) -> None:
    """Without an id, of another kind, too odd for a document: set aside; a post whose place did not come has its id."""
    includes = {
        "places": [PLACE, {"full_name": "nowhere"}, None, {"id": "02", "n": 2**64}],
        "polls": [POLL, {"id": ""}, 7],
    }
    ours = post(FIRST, geo={"place_id": "01a9"}, attachments={"poll_ids": ["77", "78", 5]})
    theirs = post(ODD, geo={"place_id": "02"}, attachments={"poll_ids": ["nobody"]})
    sweep = searched(services, x, body(ours, theirs, includes=includes))

    assert went_on(services, sweep, FIRST, ODD)
    stored = document(services, "X_tweets", FIRST)
    assert (stored["place"], stored["polls"]) == (PLACE, [POLL])
    assert document(services, "X_tweets", ODD)["geo"] == {"place_id": "02"}
    assert [(kind, reason) for kind, reason, _ in set_aside(services)] == [
        *(("place", "no_key"), ("place", "not_an_object"), ("place", "too_odd")),
        *(("poll", "no_key"), ("poll", "not_an_object")),
    ]


@pytest.mark.parametrize("wanted", [(), ("places",), ("polls",), ("places", "polls", "referenced_posts")])
def test_only_what_is_wanted_is_asked_for(
    make_services: Callable[..., Services], x: ScriptedX, wanted: tuple[str, ...]
) -> None:
    """By a setting; places and polls unless it says otherwise, and nothing that X bills."""
    services = make_services(x.url, x_along=wanted)
    searched(services, x, body(post(FIRST)))

    expansions = set(x.asked[-1].params["expansions"].split(","))
    assert ("geo.place_id" in expansions) == ("place.fields" in x.asked[-1].params) == ("places" in wanted)
    assert ("attachments.poll_ids" in expansions) == ("poll.fields" in x.asked[-1].params) == ("polls" in wanted)
    assert ("referenced_tweets.id" in expansions) == ("referenced_posts" in wanted)


def test_what_x_bills_is_off_unless_wanted(services: Services, x: ScriptedX) -> None:
    """The default asks for nothing with a price, once the account that is followed is known by its id."""
    sweep = searched(services, x, body(post(FIRST)))
    services.stores.handles.learn([User(id=42, username="alice")], now=services.clock.now())
    read_to_end(services, next_sweep(services, sweep.subject, "later").id)

    assert x.asked[-1].params["expansions"] == "attachments.media_keys,geo.place_id,attachments.poll_ids"


@pytest.mark.parametrize("dialect", Dialect)
def test_posts_that_come_along_are_reserved_for(dialect: Dialect) -> None:
    """A page with the posts it refers to may cost three times as much; a look-up never asks for them."""
    page: Any = calls.search(query="a", expand_authors=False, along=[Along.REFERENCED_POSTS])
    lookup = calls.lookup_posts(post_ids=[1, 2], along=[Along.REFERENCED_POSTS, Along.POLLS])

    assert page.most(dialect)[PriceKind.POST] == 300
    assert page.least.most(dialect)[PriceKind.POST] == 30
    assert lookup.most(dialect)[PriceKind.POST] == 2
    assert lookup.parameters(dialect)["expansions"] == "attachments.media_keys,attachments.poll_ids"


def test_a_look_up_stores_them_too(services: Services, x: ScriptedX) -> None:
    """The votes of a poll grow: a refresh has the later ones."""
    searched(services, x, body(post(FIRST, attachments={"poll_ids": ["77"]}), includes={"polls": [POLL]}))
    services.stores.db["X_tweets"].update_many({}, {"$unset": {"described_at": ""}})
    later = POLL | {"voting_status": "closed"}
    answer = body(post(FIRST, attachments={"poll_ids": ["77"]}), includes={"polls": [later]})
    x.script = lambda asked: (200, answer)
    page = services.x.lookup_posts(work_class=WorkClass.ENGAGEMENT, post_ids=[FIRST])
    services.stores.posts.upsert(page.posts, source="refresh", now=services.clock.now())

    assert document(services, "X_tweets", FIRST)["polls"] == [later]
