"""Whose quotes are read by evidence, and that the rule takes its numbers from the settings."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from scheduler.planner import QUOTES
from scheduler.quoting import rule_of
from shared.domain import snowflake
from shared.domain.counts import PostMetrics
from shared.domain.coverage.quotes import Preset, QuoteRule, posts_of
from shared.domain.errors import InputError
from shared.domain.jobs import QuotePage
from shared.domain.models import Post, User
from shared.domain.sources import QuotesOf, Source, SourceKind
from shared.runtime.settings import Settings
from shared.services.bootstrap import Services
from tests.scheduler.slots import plan
from tests.workers.world import NOW, ScriptedX, page, post_id, read_to_end, state_of, without_archive

ALICE, STRANGER = 10, 99
HOUR = timedelta(hours=1)
Make = Callable[..., Services]


@pytest.fixture
def by_evidence(make_services: Make, x: ScriptedX) -> Services:
    """Services that read quotes by evidence, at most 30 posts at a time, and follow alice."""
    services = make_services(x.url, quotes_preset="evidence", quotes_debts_per_round=30)
    services.following.follow(["alice"], since=NOW - HOUR, now=services.clock.now())
    services.stores.handles.learn([User(id=ALICE, username="alice")], now=services.clock.now())
    return services


def found(services: Services, id_: int, *, quotes: int, author: int = ALICE, own: bool = True) -> int:
    """A post as a search finds it; own: by the search for its author."""
    counts = PostMetrics(quote_count=quotes)
    post = Post(id=id_, text="", created_at=snowflake.created_at(id_), author_id=author, metrics=counts)
    services.stores.posts.upsert([post], source="search", now=services.clock.now())
    services.stores.engagement.begin([post], now=services.clock.now(), own={id_} if own else ())
    return id_


def chosen(services: Services, later: timedelta = timedelta(0)) -> list[int]:
    """The posts whose quotes are read next, by their age."""
    jobs = [job for job, _ in plan(services, QUOTES, now=services.clock.now() + later)]
    sweeps = [state_of(services, job.sweep_id) for job in jobs if isinstance(job, QuotePage)]
    return sorted(post for sweep in sweeps for post in posts_of(sweep))


def test_old_posts_with_many_quotes_are_read_behind_newer_ones(by_evidence: Services) -> None:
    """Forty posts with 500 quotes behind 50 newer ones are all chosen, as many at a time as may be, the most first."""
    old = [found(by_evidence, post_id(90_000 + number), quotes=500 + number) for number in range(40)]
    for number in range(50):
        found(by_evidence, post_id(100 + number), quotes=0)

    assert chosen(by_evidence) == sorted(old[10:])
    assert chosen(by_evidence, HOUR) == []  # these wait for their turn
    for sweep in by_evidence.stores.sweeps.stalled(before=NOW + HOUR, limit=99):
        by_evidence.stores.sweeps.abandon(sweep[0], now=NOW)
    assert len(chosen(by_evidence, HOUR)) == 30


def test_debts_are_read_until_nothing_more_is_found(by_evidence: Services, x: ScriptedX) -> None:
    """What a reading leaves open is read once more after the recheck, and then no more while X's count stays."""
    quoted = found(by_evidence, post_id(300), quotes=5)
    x.script = lambda asked: page(post_id(50))
    seen = []
    for hours in (0, 3, 5, 10, 15):
        later = hours * HOUR
        seen.append(chosen(by_evidence, later))
        for sweep, _ in by_evidence.stores.sweeps.stalled(before=NOW + 99 * HOUR, limit=9):
            read_to_end(by_evidence, sweep.id)

    assert seen == [[quoted], [], [quoted], [], []]


def test_debts_of_strangers_do_not_stand_in_the_way(by_evidence: Services) -> None:
    """Of who is not followed any more nothing is read, and nothing looked at again, however much was quoted."""
    quoted = found(by_evidence, post_id(300), quotes=1)
    for number in range(70):
        found(by_evidence, post_id(1000 + number), quotes=100, author=STRANGER)

    assert chosen(by_evidence) == [quoted]
    assert by_evidence.stores.db["X_engagement"].count_documents({"quotes_owed": {"$gt": 0}}) == 1


def test_the_quotes_of_a_post_that_a_source_names_are_wanted(by_evidence: Services) -> None:
    """Whoever wrote it; those of other strangers' posts are not."""
    named, other = (found(by_evidence, post_id(n), quotes=9, author=STRANGER, own=False) for n in (300, 301))
    source = Source(id="about", name="about", kind=SourceKind.QUOTES, quotes_of=QuotesOf(post_id=named))
    by_evidence.stores.sources.add(source, now=by_evidence.clock.now())

    assert other != named
    assert chosen(by_evidence) == [named]


def test_no_margin_is_smaller_than_the_lag_of_the_search() -> None:
    """What X shows half a minute late is above where the next reading begins, whatever is set."""
    assert rule_of(Settings.load(quotes_margin_seconds=0)).margin == timedelta(seconds=30)


def test_one_search_serves_many_posts(by_evidence: Services, x: ScriptedX) -> None:
    """Twenty posts are two searches of at most 512 characters, each from its oldest post on; an old one has its own."""
    without_archive(by_evidence)
    young = [found(by_evidence, post_id(300 + number), quotes=2) for number in range(20)]
    old = found(by_evidence, post_id(8 * 86_400), quotes=2)
    jobs = [job for job, _ in plan(by_evidence, QUOTES) if isinstance(job, QuotePage)]
    sweeps = [state_of(by_evidence, job.sweep_id) for job in jobs]

    for sweep in sweeps:
        read_to_end(by_evidence, sweep.id)

    searches = [asked.params for asked in x.asked if asked.path == "/2/tweets/search/recent"]
    assert sorted(len(asked["query"]) for asked in searches) == [388, 472]
    named = [id_ for asked in searches for id_ in re.findall(r"quotes_of_tweet_id:(\d+)", asked["query"])]
    assert sorted(map(int, named)) == sorted(young)
    assert {int(asked["since_id"]) for asked in searches} == {young[-1], young[8]}
    assert [asked.path for asked in x.asked if "search" not in asked.path] == [f"/2/tweets/{old}/quote_tweets"]
    assert chosen(by_evidence, HOUR) == []


def test_a_preset_that_is_none_is_refused() -> None:
    """One line that names it."""
    with pytest.raises(InputError, match="COVEY_QUOTES_PRESET") as caught:
        Settings.load(quotes_preset="guess")
    assert "guess" in str(caught.value)


def test_the_rule_has_the_numbers_of_the_settings() -> None:
    """The newest, five posts, ten likes, four hours, and 35 minutes back, unless it is set otherwise."""
    usual = QuoteRule(Preset.NEWEST, 5, 50, 10, timedelta(hours=4), timedelta(minutes=35))
    other = QuoteRule(Preset.EVIDENCE, 2, 7, 3, timedelta(hours=1), timedelta(seconds=90))

    assert rule_of(Settings.load()) == usual
    numbers = {"posts_per_round": 2, "debts_per_round": 7, "min_likes": 3}
    more = {"preset": "evidence", "recheck_seconds": 3600.0, "margin_seconds": 90.0}
    chosen = {f"quotes_{name}": value for name, value in {**numbers, **more}.items()}
    assert rule_of(Settings.load(**chosen)) == other
