"""Storing a page: as many round trips to MongoDB for a hundred posts as for one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pymongo
import pytest
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from shared.domain.attribution import Asking, Audience
from shared.domain.coverage.sweeps import Sweep
from shared.domain.errors import StoreUnavailable
from shared.domain.jobs import Job, Queue, QuotePage, RefreshEngagement, SearchPage
from shared.domain.models import Page, RateHeaders
from shared.domain.sources import TRACKED, Source, SourceKind, Terms
from shared.platforms.x.parser import parse_page
from shared.services.bootstrap import Services
from shared.services.storing import store_page
from shared.stores.bundle import Stores
from tests.workers.world import (
    DATABASE,
    HANDLERS,
    NOW,
    ScriptedX,
    jobs_in,
    next_sweep,
    open_quotes,
    open_sweep,
    page,
    post,
    post_id,
    refusing,
    stored_ids,
)


class Commands(CommandListener):
    """The commands that one client sent."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def started(self, event: CommandStartedEvent) -> None:
        """Keep its name."""
        self.names.append(event.command_name)

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Nothing to keep."""

    def failed(self, event: CommandFailedEvent) -> None:
        """Nothing to keep."""


@contextmanager
def counted(services: Services, mongo_uri: str) -> Iterator[tuple[Services, Commands]]:
    """The services with a client of MongoDB whose commands are counted."""
    commands = Commands()
    client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(
        mongo_uri, tz_aware=True, event_listeners=[commands]
    )
    stores = Stores.on(client[DATABASE])
    stores.erasures.blocked(now=services.clock.now())  # looked up every few seconds, not for each page
    commands.names.clear()
    yield replace(services, stores=stores), commands
    client.close()


def full_page(count: int, x_url: str) -> tuple[int, Any]:
    """A page of posts by as many authors, each with a photo."""
    ids = [post_id(100 + number, count) for number in range(count)]  # none of them is in a page of another size
    data = [post(id_, author_id=str(id_ % 997), attachments={"media_keys": [f"3_{id_}"]}) for id_ in ids]
    users = [{"id": str(id_ % 997), "username": f"u{id_ % 997}", "name": "U"} for id_ in ids]
    media = [{"media_key": f"3_{id_}", "type": "photo", "url": f"{x_url}/{id_}.png"} for id_ in ids]
    included = [post(id_ - 5) for id_ in ids]
    return 200, {"data": data, "meta": {}, "includes": {"users": users, "media": media, "tweets": included}}


def search_job(services: Services, count: int) -> Job:
    """A sweep to read one page of."""
    return SearchPage(sweep_id=open_sweep(services, names=[f"account_{count}"], id_=f"sweep-{count}").id, page=0)


def quotes_job(services: Services, count: int) -> Job:
    """Quotes to read one page of."""
    return QuotePage(sweep_id=open_quotes(services, post_id(9000 + count), id_=f"quotes-{count}").id, page=0)


def refresh_job(services: Services, count: int) -> Job:
    """Posts to read again."""
    ids = tuple(str(post_id(100 + number)) for number in range(count))
    services.stores.runs.begin(f"run-{count}", kind="refresh", subjects=ids, now=services.clock.now())
    return RefreshEngagement(claim_id=f"c-{count}", post_ids=ids, run_id=f"run-{count}")


def test_the_quotes_of_a_followed_account_are_wanted(services: Services) -> None:
    """A post that a search finds as its author's own has a debt of quotes, also where another one found it before."""
    body = page(*(post_id(number) for number in (50, 51)))[1]
    body["data"][1]["author_id"] = "8"
    told = parse_page("search/recent", body, RateHeaders())
    asking = Asking(key="alice", sources=(Source(id=TRACKED, name="", kind=SourceKind.ACCOUNTS),), user_id=7)

    def wanted() -> list[str]:
        return [
            one["_id"] for one in services.stores.db["X_engagement"].find({"quotes_owed": 4, "quotes_wanted": True})
        ]

    store_page(services, told, source="search", now=NOW)
    assert wanted() == []
    store_page(services, told, source="search", now=NOW, audience=Audience([asking]))
    assert wanted() == [str(post_id(50))]


@pytest.mark.parametrize("make_job", [search_job, quotes_job, refresh_job])
def test_a_full_page_takes_as_many_commands_as_a_page_of_one(
    services: Services, x: ScriptedX, mongo_uri: str, make_job: Callable[[Services, int], Job]
) -> None:
    """The commands sent to MongoDB for 100 posts with authors, photos and originals are those for one post."""
    sent = {}
    for count in (1, 100):
        x.script = lambda asked, count=count: full_page(count, x.url)  # type: ignore[misc]
        job = make_job(services, count)
        with counted(services, mongo_uri) as (measured, commands):
            HANDLERS[type(job)](measured, job)
            sent[count] = commands.names

    assert sorted(sent[100]) == sorted(sent[1])  # two threads send them
    assert len(sent[100]) <= 20
    assert len(stored_ids(services)) >= 200


def test_included_posts_are_stored_and_not_followed(services: Services, x: ScriptedX) -> None:
    """What came along was paid for and is kept; only posts that were asked for have their engagement followed."""
    x.script = lambda asked: page(post_id(10), includes={"tweets": [post(post_id(20))]})
    job = search_job(services, 1)

    HANDLERS[type(job)](services, job)

    followed = {document["_id"] for document in services.stores.db["X_engagement"].find()}
    assert stored_ids(services) == {post_id(10), post_id(20)}
    assert followed == {str(post_id(10))}


def parsed(numbers: Iterable[int], likes: int = 0) -> Page:
    """A page of these posts, each with an author, a photo and an original."""
    ids = [post_id(400, number * 10) for number in numbers]
    counts = {"like_count": likes}
    body = {
        "data": [
            post(id_, author_id=str(id_), attachments={"media_keys": [f"3_{id_}"]}, public_metrics=counts)
            for id_ in ids
        ],
        "meta": {"result_count": len(ids)},
        "includes": {
            "users": [{"id": str(id_), "username": f"u{id_ % 10**9}", "name": "U"} for id_ in ids],
            "media": [{"media_key": f"3_{id_}", "type": "photo", "url": "http://127.0.0.1/a.png"} for id_ in ids],
            "tweets": [post(id_ + 1) for id_ in ids],
        },
    }
    return parse_page("search/recent", body, RateHeaders())


@pytest.mark.parametrize(
    ("stored_before", "most"), [(0, 7), (1, 10), (2, 5)], ids=["new", "half of them known", "known"]
)
def test_a_page_takes_as_many_round_trips_whatever_its_size(
    services: Services, mongo_uri: str, stored_before: int, most: int
) -> None:
    """Ten posts or a hundred, new or known, with whom they concern: stored by as many commands."""
    asking = Asking(key="+all", sources=(Source(id="all", name="all", kind=SourceKind.TERMS, terms=Terms()),))
    everybody = Audience([asking])
    sent = {}
    for size, first in ((10, 0), (100, 1000)):
        store_page(
            services, parsed(range(first, first + size * stored_before // 2)), source="s", now=NOW, audience=everybody
        )
        page, now = parsed(range(first, first + size), likes=5), services.clock.now()
        with counted(services, mongo_uri) as (measured, commands):
            stored = store_page(measured, page, source="search", now=now, audience=everybody)
            sent[size] = sorted(commands.names)
        assert len(stored.new_ids) == size * (2 - stored_before) // 2

    assert sent[100] == sent[10]
    assert len(sent[100]) <= most
    for collection, counted_by in (("X_tweets", "public_metrics.like_count"), ("mentions", "likes_count")):
        assert services.stores.db[collection].count_documents({counted_by: 5}) == 110


def test_a_fault_beside_the_posts_fails_the_page(services: Services) -> None:
    """Accounts are stored by another thread; what goes wrong there is raised, and the page is read again."""
    with refusing(services, "X_users"), pytest.raises(StoreUnavailable):
        store_page(services, parsed([1]), source="search", now=NOW)

    assert store_page(services, parsed([1]), source="search", now=NOW).new_ids == frozenset()
    assert services.stores.db["X_users"].count_documents({}) == 1


def test_nothing_points_at_posts_that_could_not_be_stored(services: Services) -> None:
    """Mentions, first readings and states are written once the new posts are there, and not before."""
    asking = Asking(key="+all", sources=(Source(id="all", name="all", kind=SourceKind.TERMS, terms=Terms()),))
    page, everybody, db = parsed([1, 2], likes=3), Audience([asking]), services.stores.db
    after = ("mentions", "X_engagement_history", "X_engagement")

    with refusing(services, "X_tweets"), pytest.raises(StoreUnavailable):
        store_page(services, page, source="search", now=NOW, audience=everybody)
    assert [db[name].count_documents({}) for name in after] == [0, 0, 0]

    assert len(store_page(services, page, source="search", now=NOW, audience=everybody).new_ids) == 2
    assert [db[name].count_documents({}) for name in after] == [2, 2, 2]


def test_no_file_is_sent_for_that_is_not_known(services: Services) -> None:
    """The job that downloads a file finds its document: where that could not be stored, nothing was sent."""
    with refusing(services, "X_media"), pytest.raises(StoreUnavailable):
        store_page(services, parsed([1]), source="search", now=NOW)
    assert jobs_in(services, Queue.MEDIA) == []

    store_page(services, parsed([1]), source="search", now=NOW)
    assert [job.subject for job in jobs_in(services, Queue.MEDIA)] == [f"3_{post_id(400, 10)}"]


def test_a_fault_with_posts_that_are_known_fails_the_page(services: Services) -> None:
    """They are written beside what is about them; the page is read again, and then all of it is as X said."""
    store_page(services, parsed([1]), source="search", now=NOW)
    now = services.clock.now()

    with refusing(services, "X_tweets"), pytest.raises(StoreUnavailable):
        store_page(services, parsed([1], likes=7), source="search", now=now)
    assert services.stores.db["X_tweets"].count_documents({"public_metrics.like_count": 7}) == 0

    assert store_page(services, parsed([1], likes=7), source="search", now=now).new_ids == frozenset()
    assert services.stores.db["X_tweets"].count_documents({"public_metrics.like_count": 7}) == 1


def test_a_page_with_a_known_version_and_its_edit_links_the_two(services: Services) -> None:
    """The version that was there is told which one took its place, in the page that brings that one."""
    first, second = post_id(400, 10), post_id(400, 10) + 7
    chain = [str(first), str(second)]
    store_page(services, parsed([1]), source="search", now=NOW)

    body = {"data": [post(second, edit_history_tweet_ids=chain), post(first)], "meta": {"result_count": 2}}
    page = parse_page("search/recent", body, RateHeaders())
    assert store_page(services, page, source="search", now=services.clock.now()).new_ids == {second}

    versions = {one["_id"]: one.get("superseded_by") for one in services.stores.db["X_tweets"].find()}
    assert versions == {str(first): str(second), str(second): None, str(first + 1): None}


def followed(services: Services, *names: str, tenant: str = "default") -> Sweep:
    """Accounts that a source asks for, one of terms beside it, and the first sweep of the stream that carries all."""
    now = services.clock.now()
    services.stores.sources.add_accounts(TRACKED, names, now=now)
    terms = Terms(keywords=("moon",))
    services.stores.sources.add(
        Source(id="moon", name="moon", kind=SourceKind.TERMS, terms=terms, tenant=tenant), now=now
    )
    services.stores.handles.activate(names, now=now, source=TRACKED)
    stream = services.following.carry([*names, "+moon"], since=NOW - timedelta(hours=1), now=now)[0]
    return next_sweep(services, stream.id, "sweep-1")


def test_a_search_says_whom_its_posts_concern(services: Services, x: ScriptedX) -> None:
    """Each post has its reasons, each tenant its mention; both are there when the page is read again."""
    sweep = followed(services, "alice", tenant="lunar")
    ids = [post_id(30), post_id(20), post_id(10)]
    texts = ["by alice", "the moon, @alice", "more moon"]
    users = [{"id": "7", "username": "Alice", "name": "A"}, {"id": "8", "username": "bob", "name": "B"}]
    data = [
        post(id_, text=text, author_id="7" if text == "by alice" else "8") for id_, text in zip(ids, texts, strict=True)
    ]
    x.script = lambda asked: (200, {"data": data, "meta": {}, "includes": {"users": users}})
    job = SearchPage(sweep_id=sweep.id, page=0)

    with refusing(services, "mentions"), pytest.raises(StoreUnavailable):
        HANDLERS[SearchPage](services, job)
    HANDLERS[SearchPage](services, job)

    db = services.stores.db
    reasons = {
        one["text"]: {(c["source"], c["member"], c["why"]) for c in one["concerns"]} for one in db.X_tweets.find()
    }
    assert reasons == {
        "by alice": {(TRACKED, "alice", "author")},
        "the moon, @alice": {(TRACKED, "alice", "mention"), ("moon", "+moon", "term")},
        "more moon": {("moon", "+moon", "term")},
    }
    mentions = {(one["tenant_id"], one["content"]): one for one in db.mentions.find()}
    assert mentions.keys() == {
        ("default", "by alice"),
        ("default", "the moon, @alice"),
        ("lunar", "the moon, @alice"),
        ("lunar", "more moon"),
    }
    assert mentions["lunar", "more moon"]["author_handle"] == "bob"


def test_a_refresh_brings_mentions_up_to_date_and_adds_none(services: Services, x: ScriptedX) -> None:
    """The counts that were read again are those of the mention; a post that concerns nobody stays no mention."""
    audience = Audience(
        [Asking(key="+moon", sources=(Source(id="m", name="m", kind=SourceKind.TERMS, terms=Terms()),))]
    )
    now = services.clock.now()
    store_page(services, parsed([1]), source="search", now=now, audience=audience)
    store_page(services, parsed([2]), source="search", now=now)

    store_page(services, parsed([1, 2], likes=9), source="refresh", now=services.clock.now())

    (mention,) = services.stores.db["mentions"].find()
    assert (mention["external_id"], mention["likes_count"]) == (str(post_id(400, 10)), 9)
    assert (mention["sources"], mention["status"]) == (["m"], "new")


def test_quotes_concern_those_who_follow_the_quoted(services: Services, x: ScriptedX) -> None:
    """Found by asking for the quotes of a post of a followed account."""
    sweep = followed(services, "alice")
    users = [{"id": "7", "username": "alice", "name": "A"}]
    x.script = lambda asked: page(post_id(50), includes={"users": users})
    HANDLERS[SearchPage](services, SearchPage(sweep_id=sweep.id, page=0))
    quote = post(post_id(5), author_id="9", referenced_tweets=[{"type": "quoted", "id": str(post_id(50))}])
    x.script = lambda asked: (200, {"data": [quote], "meta": {"result_count": 1}})

    HANDLERS[QuotePage](services, QuotePage(sweep_id=open_quotes(services, post_id(50)).id, page=0))

    (found,) = services.stores.db["X_tweets"].find({"_id": quote["id"]})
    assert found["concerns"] == [{"source": TRACKED, "member": "alice", "why": "quote"}]
    assert services.stores.db["mentions"].count_documents({"external_id": quote["id"]}) == 1
