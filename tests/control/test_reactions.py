"""`covey reposters` and `covey likers` on real servers, against the simulated X and one that answers by a script."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from control import reactions
from shared.domain.counts import PostMetrics
from shared.domain.errors import NotFound, Unauthorized
from shared.domain.models import Post
from shared.domain.reactions import Reaction
from shared.domain.snowflake import created_at
from shared.platforms.x.auth import oauth2_credential
from shared.services.bootstrap import Services
from shared.stores.bundle import Stores
from tests.control.whole import Covey, covey
from tests.workers.world import NOW, ScriptedX, Simulator, post_id, running_simulator

__all__ = ["covey"]
POST = post_id(600)


def people(*ids: int, token: str | None = None) -> tuple[int, Any]:
    """A page of accounts, as X answers it."""
    meta: dict[str, Any] = {"result_count": len(ids)} | ({"next_token": token} if token else {})
    data = [{"id": str(id_), "username": f"user{id_}", "name": f"[b]User {id_}[/b]"} for id_ in ids]
    return 200, ({"data": data} if data else {}) | {"meta": meta}


def known(services: Services, *, reposts: int, likes: int = 0) -> None:
    """The post as it is stored, with X's counts."""
    counts = PostMetrics(repost_count=reposts, like_count=likes)
    post = Post(id=POST, text="", created_at=created_at(POST), metrics=counts)
    services.stores.posts.upsert([post], source="search", now=services.clock.now())


def stored(services: Services) -> set[tuple[str, str, str]]:
    """Post, kind and account of each reaction that is stored."""
    return {(one["post_id"], one["kind"], one["user_id"]) for one in services.stores.db["X_reactions"].find()}


def reposted(simulator: Simulator) -> tuple[int, int]:
    """The post of the busiest account that was reposted most, and how often; so old that it is not reposted now."""
    until = (NOW - timedelta(hours=6)).isoformat()
    posts = simulator.truth("posts", query=f"from:{simulator.names()[0]} -is:retweet", until=until)["posts"]
    living = [one["id"] for one in posts if one["state"] == "live"]
    one = max(living, key=lambda id_: simulator.truth(f"posts/{id_}")["metrics"]["retweet_count"])
    return int(one), simulator.truth(f"posts/{one}")["metrics"]["retweet_count"]


@pytest.fixture
def own() -> Iterator[Simulator]:
    """A world of many reposts of which nobody else has bought anything."""
    with running_simulator("--seed", "11", "--accounts", "8", "--reactions", "10", "--history-hours", "96") as running:
        yield running


def test_who_reposted_is_stored_with_the_accounts_and_booked(
    make_services: Callable[..., Services], own: Simulator
) -> None:
    """As many as X counts, each an account that is stored; the cost is what X bills, and nothing when read again."""
    simulated, simulator = make_services(own.url), own
    post, count = reposted(simulator)
    before = simulator.truth("bill")["micro_usd"]

    asked = reactions.planned(simulated, post, Reaction.REPOST, limit=1000)
    found = reactions.read(simulated, asked)
    again = reactions.read(simulated, asked)

    ids = {one["id"] for one in found["accounts"]}
    assert len(ids) == count > 0
    assert stored(simulated) == {(str(post), "repost", id_) for id_ in ids}
    assert simulated.stores.users.names([int(id_) for id_ in ids]).keys() == {int(id_) for id_ in ids}
    assert (found["new"], found["is_whole"], again["new"], again["usd"]) == (count, True, 0, 0)
    assert found["usd"] * 1e6 == simulator.truth("bill")["micro_usd"] - before
    assert simulated.stores.reactions.count(post, Reaction.REPOST) == count


def test_no_more_is_asked_for_than_the_limit(services: Services, x: ScriptedX) -> None:
    """The last page is as small as what is left; what came is told page by page and that there is more."""
    pages = {None: people(*range(1, 101), token="t1"), "t1": people(101, 102, 103, token="t2")}
    x.script = lambda asked: pages[asked.params.get("pagination_token")]
    told: list[int] = []

    found = reactions.read(services, reactions.planned(services, POST, Reaction.REPOST, limit=103), told=told.append)

    assert [asked.params["max_results"] for asked in x.asked] == ["100", "3"]
    assert told == [100, 103]
    assert (len(found["accounts"]), found["is_whole"]) == (103, False)


def test_the_price_is_told_first_and_nothing_is_asked(services: Services, x: ScriptedX, covey: Covey) -> None:
    """By X's count of the post where that is known, else by the limit; of likers no more than X lists."""
    unknown = json.loads(covey("reposters", str(POST), "--dry-run", "--limit", "300", "--json").stdout)
    known(services, reposts=40, likes=5000)
    address = f"https://x.com/nasa/status/{POST}"
    reposts = json.loads(covey("reposters", address, "--dry-run", "--json").stdout)
    likes = covey("likers", str(POST), "--dry-run", "--limit", "1000").stdout

    assert (unknown["accounts_at_most"], unknown["usd_at_most"]) == (300, 3.0)
    assert (reposts["accounts_at_most"], reposts["usd_at_most"]) == (40, 0.4)
    assert "up to 100 accounts, $1.00 at most" in likes
    assert x.asked == []


def test_who_reposted_is_listed(services: Services, x: ScriptedX, covey: Covey) -> None:
    """A line for each, words as they are; the price and the sum go to standard error."""
    x.script = lambda asked: people(5, 6)
    environment = {"COVEY_X_BASE_URL": x.url, "X_BEARER_TOKEN": "sim-test"}

    done = covey("reposters", str(POST), **environment)

    assert done.status == 0, done
    assert done.stdout.splitlines() == ["@user5 (5) [b]User 5[/b]", "@user6 (6) [b]User 6[/b]"]
    assert "Asking for up to 1,000 accounts, $10.00 at most." in done.stderr
    assert "2 accounts, 2 of them new, for $0.02." in done.stderr
    assert [asked.path for asked in x.asked] == [f"/2/tweets/{POST}/retweeted_by"]


def test_what_is_no_post_is_refused_in_a_line(services: Services, x: ScriptedX, covey: Covey) -> None:
    """The value is named, and nothing is asked."""
    assert "'nasa' is no id or address of a post" in covey("reposters", "nasa").line
    assert x.asked == []


def test_likers_are_asked_for_as_an_account(services: Services, x: ScriptedX) -> None:
    """X does not tell the app alone: without an account's credential nothing is asked."""
    x.script = lambda asked: people(7)
    asked = reactions.planned(services, POST, Reaction.LIKE, limit=10)
    with pytest.raises(Unauthorized, match="liking_users"):
        reactions.read(services, asked)
    assert x.asked == []

    connected = replace(services, x=services.x.asking_as(oauth2_credential("7", SecretStr("of-an-account"))))
    found = reactions.read(connected, asked)

    assert [one["id"] for one in found["accounts"]] == ["7"]
    assert [(one.path, one.authorization) for one in x.asked] == [
        (f"/2/tweets/{POST}/liking_users", "Bearer of-an-account")
    ]
    assert stored(services) == {(str(POST), "like", "7")}


def test_a_post_that_is_gone_says_so(services: Services, x: ScriptedX) -> None:
    """X's word is an error of its own, and what was stored before stays."""
    services.stores.reactions.note(POST, Reaction.REPOST, [5], now=services.clock.now())
    gone = {"parameter": "id", "title": "Not Found Error", "type": "https://api.x.com/2/problems/resource-not-found"}
    x.script = lambda asked: (200, {"errors": [gone]})

    with pytest.raises(NotFound):
        reactions.read(services, reactions.planned(services, POST, Reaction.REPOST, limit=10))

    assert stored(services) == {(str(POST), "repost", "5")}


def test_what_somebody_did_is_erased_with_them_and_with_the_post(
    services: Services, x: ScriptedX, covey: Covey
) -> None:
    """Nothing of either is left, and it does not come back."""
    x.script = lambda asked: people(5, 6)
    known(services, reposts=2)
    asked = reactions.planned(services, POST, Reaction.REPOST, limit=10)
    reactions.read(services, asked)

    assert covey("erase", "--user-id", "5", "--yes").status == 0
    assert stored(services) == {(str(POST), "repost", "6")}
    reactions.read(replace(services, stores=Stores.on(services.stores.db)), asked)
    assert stored(services) == {(str(POST), "repost", "6")}
    assert covey("erase", str(POST), "--yes").status == 0
    assert stored(services) == set()
