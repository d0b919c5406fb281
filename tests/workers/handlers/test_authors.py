"""Authors are bought once while they are fresh, and never dearer than by expansion."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.errors import NotGranted
from shared.domain.jobs import LookUpAuthors
from shared.domain.models import User
from shared.services.bootstrap import Services
from tests.workers.world import Asked, ScriptedX, next_sweep, open_sweep, post, post_id, read_to_end
from workers.handlers.authors import look_up_authors


def x_of(*authors: int, missing: int | None = None) -> Any:
    """A script: one page with a post of each author, and the accounts when they are looked up."""

    def script(asked: Asked) -> tuple[int, Any]:
        if asked.path == "/2/users":
            ids = [one for one in asked.params["ids"].split(",") if one != str(missing)]
            return 200, {"data": [{"id": one, "username": f"user_{one}"} for one in ids]}
        posts = [post(post_id(30, author), author_id=str(author)) for author in authors]
        return 200, {"data": posts, "meta": {"result_count": len(posts)}}

    return script


def wanted(services: Services) -> set[int]:
    """The authors that are still to be looked up."""
    return {int(document["_id"]) for document in services.stores.db["authors_wanted"].find({"missing_at": None})}


def look_up(services: Services, *authors: int) -> None:
    """Do one job."""
    look_up_authors(services, LookUpAuthors(claim_id="c", user_ids=tuple(map(str, authors))))


def test_a_search_asks_for_no_accounts_and_notes_unknown_authors(services: Services, x: ScriptedX) -> None:
    """No page is asked for with the expansion, once the followed account has its id; authors that are not known are
    noted, each once.
    """
    x.script = x_of(7, 8, 9)
    sweep = open_sweep(services)
    services.stores.handles.learn([User(id=42, username="alice")], now=services.clock.now())

    read_to_end(services, sweep.id)

    assert all("author_id" not in asked.params["expansions"] for asked in x.asked)
    assert wanted(services) == {7, 8, 9}


def test_a_name_that_x_denies_makes_no_page_dearer(services: Services, x: ScriptedX) -> None:
    """Until X has said so, accounts come along with the page; then no more: nobody would be known by them."""
    x.script = x_of(7)
    read_to_end(services, open_sweep(services).id)
    services.stores.handles.note_missing({"alice": "not-found"}, now=services.clock.now())
    read_to_end(services, open_sweep(services, names=("bob", "alice"), id_="later").id)
    services.stores.handles.learn([User(id=43, username="bob")], now=services.clock.now())
    (stream,) = services.stores.streams.with_members(["alice"])
    read_to_end(services, next_sweep(services, stream.id, "last").id)

    assert ["author_id" in asked.params["expansions"] for asked in x.asked] == [True, True, False]


def test_noted_authors_are_looked_up_once(services: Services, x: ScriptedX) -> None:
    """One call for all; afterwards they are stored, fresh, and no longer wanted, whatever page they write on."""
    x.script = x_of(7, 8)
    read_to_end(services, open_sweep(services).id)
    services.following.follow(["user_8"], since=services.clock.now(), now=services.clock.now())

    look_up(services, 7, 8)
    look_up(services, 7, 8)
    read_to_end(services, open_sweep(services, names=("bob",), id_="later").id)

    assert [asked.params["ids"] for asked in x.asked if asked.path == "/2/users"] == ["7,8"]
    assert services.stores.users.count() == 2
    assert wanted(services) == set()
    followed = {row["_id"]: row["user_id"] for row in services.stores.handles.all()}
    assert followed["user_8"] == "8"


def test_stale_authors_are_looked_up_again(make_services: Any, x: ScriptedX) -> None:
    """An account described longer ago than the setting says is wanted again."""
    services = make_services(x.url, user_fresh_seconds=0.001)
    x.script = x_of(7)
    look_up(services, 7)

    read_to_end(services, open_sweep(services).id)

    assert wanted(services) == {7}


def test_an_author_that_x_does_not_return_is_not_asked_for_again_at_once(services: Services, x: ScriptedX) -> None:
    """X's silence is kept for as long as an account stays fresh."""
    x.script = x_of(7, 8, missing=8)
    read_to_end(services, open_sweep(services).id)

    look_up(services, 7, 8)
    read_to_end(services, open_sweep(services, names=("bob",), id_="later").id)

    assert wanted(services) == set()
    assert (
        services.stores.authors.claim(now=services.clock.now(), lease=services.refresh_policy.gone_confirm, limit=9)
        == {}
    )


def test_a_look_up_that_is_refused_leaves_the_authors_wanted(make_services: Any, x: ScriptedX) -> None:
    """Without money they wait; nothing is asked."""
    services = make_services(x.url, budget_day_usd=0.0)
    services.stores.authors.want([7, 8], now=services.clock.now())

    with pytest.raises(NotGranted):
        look_up(services, 7, 8)

    assert x.asked == []
    assert wanted(services) == {7, 8}


DAY = 24.0
pages = st.lists(st.tuples(st.floats(0, 6 * DAY), st.frozensets(st.integers(0, 9), max_size=5)), max_size=25)


@given(pages=pages)
def test_look_ups_cost_no_more_than_expansions(pages: list[tuple[float, frozenset[int]]]) -> None:
    """For any pages (hour, authors): what look-ups buy on a day, expansions would have bought on that day too."""
    expanded = {(int(hour // DAY), author) for hour, authors in pages for author in authors}
    looked_up: set[tuple[int, int]] = set()
    described_at: dict[int, float] = {}
    for hour, authors in sorted(pages, key=lambda one: one[0]):
        for author in authors:
            if author not in described_at or hour - described_at[author] >= DAY:
                described_at[author] = hour
                looked_up.add((int(hour // DAY), author))

    assert looked_up <= expanded
