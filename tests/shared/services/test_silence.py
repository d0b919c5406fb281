"""What should have posted and has not, on a real MongoDB."""

from __future__ import annotations

from datetime import timedelta

from scheduler.planner import SILENCE
from shared.domain.attribution import Concern, Why
from shared.domain.models import Post, User
from shared.domain.sources import Source, SourceKind, Terms
from shared.services.bootstrap import Services
from shared.services.silence import SILENT, rhythms_of, silent
from shared.services.subjects import subjects
from tests.scheduler.slots import plan

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NAMES = {"steady": 1, "fallen": 2, "fresh": 3}


def post(services: Services, first_id: int, ended: timedelta, count: int = 10, **values: object) -> None:
    """Posts every hour, the last one so long ago; of an author, or of a source of words."""
    now, concerns = services.clock.now(), values.pop("concerns", None)
    posts = [
        Post(id=first_id + number, text="a", created_at=now - ended - number * HOUR, **values)  # type: ignore[arg-type]
        for number in range(count)
    ]
    told = {one.id: concerns for one in posts} if concerns else {}
    services.stores.posts.upsert(posts, source="search", now=now, concerns=told)  # type: ignore[arg-type]


def followed(services: Services) -> None:
    """One that still posts, one that ended two days ago, one with too few posts to tell; a source that ended, too."""
    now = services.clock.now()
    services.following.follow(list(NAMES), since=now, now=now)
    services.stores.handles.learn([User(id=id_, username=name) for name, id_ in NAMES.items()], now=now)
    services.stores.sources.add(
        Source(id="storms", name="s", kind=SourceKind.TERMS, terms=Terms(keywords=("storm",))), now=now
    )
    post(services, 100, HOUR, author_id=1)
    post(services, 200, 2 * DAY, author_id=2)
    post(services, 300, 2 * DAY, count=4, author_id=3)
    post(services, 400, 2 * DAY, author_id=9, concerns=[Concern("storms", "+storms", Why.TERM)])


def test_only_who_has_a_rhythm_and_broke_it_is_silent(services: Services) -> None:
    """The account and the source of words that posted every hour until two days ago."""
    followed(services)

    assert {one.shown for one in silent(services, services.clock.now())} == {"@fallen", "storms"}
    assert silent(services, services.clock.now() - 1.5 * DAY) == []


def test_what_rests_because_its_share_is_spent_is_not_silent(services: Services) -> None:
    """Nobody looked: what it posted is read after midnight."""
    followed(services)
    (stream,) = services.stores.streams.with_members(["fallen"])
    now = services.clock.now()

    services.stores.streams.rest(stream, now=now)

    assert {one.shown for one in silent(services, now)} == {"storms"}


def test_a_source_of_words_has_a_rhythm_of_what_concerns_it(services: Services) -> None:
    """The last post and the time between two, as of an account; nothing of whom nothing is stored."""
    followed(services)
    now = services.clock.now()

    rhythms = rhythms_of(services, subjects(services, ()), now)

    assert {member: rhythm.posts for member, rhythm in rhythms.items()} == {
        **{"steady": 10, "fallen": 10, "fresh": 4},
        "+storms": 10,
    }
    assert rhythms["+storms"].period == HOUR
    assert abs(rhythms["+storms"].last_at - (now - 2 * DAY)) < timedelta(seconds=5)


def test_the_scheduler_keeps_how_many_there_are(services: Services) -> None:
    """And sends no job for it."""
    followed(services)

    assert plan(services, SILENCE) == []
    assert services.stores.state.get(SILENT) == 2


def test_who_posted_is_looked_at_no_further(services: Services) -> None:
    """Only index entries of the time since are read for it."""
    followed(services)

    assert services.stores.rhythms.quiet([1, 2, 3, 7], since=services.clock.now() - DAY) == [2, 3, 7]
