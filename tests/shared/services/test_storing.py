"""Storing a page: as many round trips to MongoDB for a hundred posts as for one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pymongo
import pytest
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from shared.domain.jobs import Job, QuotePage, RefreshEngagement, SearchPage
from shared.services.bootstrap import Services
from shared.stores.bundle import Stores
from tests.workers.world import DATABASE, HANDLERS, ScriptedX, open_quotes, open_sweep, page, post, post_id, stored_ids


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
    client.admin.command("ping")
    commands.names.clear()
    yield replace(services, stores=Stores.on(client[DATABASE])), commands
    client.close()


def full_page(count: int, x_url: str) -> tuple[int, Any]:
    """A page of posts by as many authors, each with a photo."""
    ids = [post_id(100 + number) for number in range(count)]
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

    assert sent[100] == sent[1]
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
