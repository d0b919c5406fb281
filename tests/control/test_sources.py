"""What a person does about sources, on real servers."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from control import commands, sources
from control.look_up import look_up
from control.sources_apply import Act, changes
from control.sources_file import Entry
from shared.domain.coverage.intervals import Interval
from shared.domain.coverage.sweeps import ReadBy
from shared.domain.errors import InputError
from shared.domain.jobs import LookAtAccounts
from shared.domain.snowflake import created_at, first_id_at
from shared.domain.sources import TRACKED, QuotesOf, Source, SourceKind, Terms
from shared.services import coverage
from shared.services.bootstrap import Services
from shared.services.following import SEARCH
from shared.stores.database import ServerClock
from tests.control.conftest import servers_of
from tests.workers.world import Simulator
from workers.handlers.accounts import look_at_accounts

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
FLOODS = Source(
    id="floods", name="Floods", kind=SourceKind.TERMS, terms=Terms(keywords=("flood",)), interval_seconds=300
)


def agencies(*accounts: str, source_id: str = "agencies", **given: Any) -> Source:
    """A source of accounts."""
    return Source(id=source_id, name="n", kind=SourceKind.ACCOUNTS, accounts=accounts, **given)


def carried(services: Services) -> dict[str, float]:
    """Every member that an active stream carries, each once, with the interval of its schedule in seconds."""
    seconds = {
        one.subject: one.interval.total_seconds() for one in services.stores.schedules.all() if one.kind == SEARCH
    }
    streams = services.stores.streams.active()
    assert set(seconds) == {stream.id for stream in streams}
    members = [(member, seconds[stream.id]) for stream in streams for member in stream.members]
    assert len(dict(members)) == len(members)
    return dict(members)


def in_step(services: Services) -> None:
    """The scheduler's look, an hour later; what was right stays as it is."""
    before = carried(services)
    now = services.clock.now() + HOUR
    services.following.keep_in_step(before=now, now=now)
    assert carried(services) == before


def test_no_moment_of_a_new_source_is_left_out(services: Services) -> None:
    """Its stream begins no later than it was asked for, less what it looks back."""
    sources.add(services, replace(FLOODS, look_back_seconds=7200))

    (stream,), there = services.stores.streams.with_members(["+floods"]), sources.get(services, "floods")
    assert there.created_at is not None
    assert stream.began_at <= there.created_at - 2 * HOUR


def test_a_source_of_each_kind_is_carried(services: Services) -> None:
    """At its own interval, in a query that X takes; terms from as far back as they look."""
    now = ServerClock(services.stores.db).now()
    sources.add(services, agencies("nasa", "esa", interval_seconds=3600))
    sources.add(services, replace(FLOODS, look_back_seconds=7200))
    sources.add(services, Source(id="talk", name="t", kind=SourceKind.CONVERSATION, conversation_id=20))
    sources.add(services, Source(id="of", name="q", kind=SourceKind.QUOTES, quotes_of=QuotesOf(post_id=21)))

    assert carried(services) == {"nasa": 3600.0, "esa": 3600.0, "+floods": 300.0, "+talk": 60.0, "+of": 60.0}
    (stream,) = services.stores.streams.with_members(["+floods"])
    assert stream.query == "(flood) -is:retweet"
    assert timedelta(seconds=7195) < now - stream.began_at < timedelta(seconds=7205)
    in_step(services)


def test_who_two_sources_ask_for_is_carried_once_and_stays_for_the_other(services: Services) -> None:
    """At the shorter interval while both ask; the one that is left says how often then."""
    sources.add(services, agencies("nasa", "esa", interval_seconds=3600))
    sources.add(services, agencies("esa", source_id="press", interval_seconds=120))
    assert carried(services) == {"nasa": 3600.0, "esa": 120.0}

    done = sources.pause(services, "press")

    assert (done.dropped, done.still) == (["esa"], {"esa": ["agencies"]})
    assert carried(services) == {"nasa": 3600.0, "esa": 3600.0}
    in_step(services)
    sources.remove(services, "agencies")
    assert carried(services) == {}
    assert commands.status(services)["handles"] == 0


def test_untrack_says_who_else_asks(services: Services) -> None:
    """What only `covey track` asked for is let go; what another source asks for is not, and is told."""
    commands.track(services, ["nasa", "esa"], since=timedelta(0))
    sources.add(services, agencies("esa"))

    done = commands.untrack(services, ["nasa", "ESA"])

    assert (done.removed, done.still) == (["nasa"], {"ESA": ["agencies"]})
    assert set(carried(services)) == {"esa"}
    tracked = services.stores.sources.get(TRACKED)
    assert tracked is not None
    assert tracked.accounts == ()
    in_step(services)


def test_a_paused_source_is_read_from_when_it_is_resumed(services: Services) -> None:
    """Nothing of it is carried meanwhile, and the time of the pause is not read."""
    sources.add(services, replace(FLOODS, look_back_seconds=7200))
    sources.add(services, agencies("nasa", look_back_seconds=7200))
    for name in ("floods", "agencies"):
        sources.pause(services, name)
    assert carried(services) == {}
    in_step(services)
    now = ServerClock(services.stores.db).now()

    for name in ("floods", "agencies"):
        sources.resume(services, name)

    assert carried(services) == {"+floods": 300.0, "nasa": 60.0}
    assert all(
        timedelta(0) <= stream.began_at - now + timedelta(seconds=5) for stream in services.stores.streams.active()
    )
    in_step(services)


def test_new_terms_take_the_place_of_the_old_from_the_same_cursor(services: Services) -> None:
    """The stream stays: what it had read is not read again."""
    sources.add(services, FLOODS)
    (before,) = services.stores.streams.active()

    sources.edit(services, "floods", lambda one: replace(one, terms=Terms(keywords=("storm",), exclude=("tea",))))

    (after,) = services.stores.streams.active()
    assert after.query == "(storm -tea)".join(["(", ") -is:retweet"])
    assert (after.id, after.cursor_id, after.began_at) == (before.id, before.cursor_id, before.began_at)


def test_an_edit_moves_accounts_and_intervals(services: Services) -> None:
    """Only who is new is begun, who is dropped leaves, and all are read as often as it says now."""
    sources.add(services, agencies("nasa", "esa"))

    done = sources.edit(services, "agencies", lambda one: replace(one, accounts=("esa", "jaxa"), interval_seconds=600))

    assert (done.added, done.dropped) == (["jaxa"], ["nasa"])
    assert carried(services) == {"esa": 600.0, "jaxa": 600.0}
    in_step(services)


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        (agencies("nasa", credential="nobody"), "source agencies: credential 'nobody' is not known; there are: app"),
        (replace(FLOODS, terms=Terms(phrases=('a "b"',))), "source floods: phrases: 'a \"b\"' has a quote"),
        (
            replace(FLOODS, terms=Terms(keywords=("flood",), exclude=tuple(f"word{n:02}" for n in range(70)))),
            "source floods does not fit a query of 512 characters: it takes 581, by part: exclude 560, keywords 9",
        ),
        (replace(FLOODS, id="taken"), "there is a source taken already"),
    ],
)
def test_what_cannot_be_listened_to_is_said_and_nothing_is_done(services: Services, source: Source, fault: str) -> None:
    """The source, the part of it, and why."""
    sources.add(services, replace(FLOODS, id="taken"))
    before = (services.stores.sources.all(), services.stores.handles.all(), carried(services))

    with pytest.raises(InputError) as error:
        sources.add(services, source)

    assert str(error.value).startswith(fault)
    assert (services.stores.sources.all(), services.stores.handles.all(), carried(services)) == before


def test_an_unknown_source_is_named_with_those_that_there_are(services: Services) -> None:
    """For every command that names one."""
    sources.add(services, FLOODS)
    for act in (sources.pause, sources.resume, sources.remove, sources.get):
        with pytest.raises(InputError, match="there is no source 'flods'; there are: floods"):
            act(services, "flods")


def test_a_renamed_account_stays_with_its_sources(simulated: Services, simulator: Simulator) -> None:
    """Under its new name; the file that still has the old one changes nothing."""
    name = simulator.names()[0].lower()
    source = agencies(name)
    sources.add(simulated, source, found=look_up(simulated, [name]))
    (user_id,) = simulated.stores.handles.active_user_ids()
    simulator.order("accounts", {"account": name, "change": "rename", "username": "now_called_so"})
    try:
        look_at_accounts(simulated, LookAtAccounts(claim_id="c", user_ids=(str(user_id),)))
    finally:
        simulator.order("accounts", {"account": str(user_id), "change": "rename", "username": name})

    stored = simulated.stores.sources.get("agencies")
    assert stored is not None
    assert stored.accounts == ("now_called_so",)
    now = simulated.clock.now() + HOUR
    simulated.following.keep_in_step(before=now, now=now)
    assert set(carried(simulated)) == {"now_called_so"}
    (change,) = changes(simulated, [Entry(source, 1, frozenset({"id", "accounts"}))])
    assert change.act is Act.SAME


@pytest.mark.parametrize("off_by", [-600, 600])
def test_following_begins_by_the_clock_that_is_most_behind(services: Services, off_by: int) -> None:
    """Ten minutes between our clock and those of the servers, either way: nothing posted from now on is passed over."""
    right = ServerClock(services.stores.db).now()
    command = [sys.executable, "-m", "tests.faults.wrong_clock", str(off_by), "control.cli", "track", "nasa"]
    environment = {**os.environ, **servers_of(services), "X_BEARER_TOKEN": ""}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)

    assert done.returncode == 0, done.stderr
    (stream,) = services.stores.streams.active()
    behind = right - stream.began_at
    assert abs(behind - timedelta(seconds=max(0, -off_by))) < timedelta(seconds=15)


def quotes_of(simulator: Simulator, name: str, begin: int, end: int) -> set[int]:
    """Ids of the quotes that there are of an account's posts, as the world keeps them with each post."""
    now = created_at(end)
    own = simulator.posts(f"from:{name}", since=now - 192 * HOUR, until=now)
    known = {int(one) for post in own for one in simulator.truth(f"posts/{post['id']}")["quotes"]}
    return {one for one in known if begin <= one < end}


def test_the_quotes_of_an_account_are_those_of_its_posts(simulated: Services, simulator: Simulator) -> None:
    """The query finds what the world knows of each post: every quote that is there, and nothing else."""
    name, now = simulator.names()[2], ServerClock(simulated.stores.db).now()
    own = simulator.posts(f"from:{name} -is:retweet", since=now - 192 * HOUR, until=now)
    for post in [post for post in own[::-1] if post["state"] == "live"][:3]:
        simulator.order("quotes", {"post": post["id"]})
    until = ServerClock(simulated.stores.db).now()
    since = until - 48 * HOUR
    bounds = (first_id_at(since), first_id_at(until))
    sources.add(simulated, Source(id="of", name="q", kind=SourceKind.QUOTES, quotes_of=QuotesOf(account=name.lower())))
    (stream,) = simulated.stores.streams.active()

    before = quotes_of(simulator, name, *bounds)
    found = simulator.findable(stream.query, since=since, until=until)
    after = quotes_of(simulator, name, *bounds)  # one may be deleted meanwhile

    assert len(after) >= 3
    assert after <= found <= before


def test_a_share_moves_a_source_to_a_stream_of_its_own_and_back(services: Services) -> None:
    """Its members leave the common search with cursor and ledger, and may join it again; who others ask for stays."""
    sources.add(services, agencies("nasa", "esa", "jaxa"))
    sources.add(services, agencies("esa", "jaxa", source_id="more"))
    sources.edit(services, "agencies", lambda before: replace(before, accounts=("nasa", "esa")))
    (common,) = services.stores.streams.active()
    now = services.clock.now()
    since = common.began_at
    read = Interval(id="i", stream=common.id, from_at=since, to_at=now, route=ReadBy.RECENT, read_at=now, posts=1)
    services.stores.intervals.add(read)
    services.stores.streams.sweep_completed(common.id, sweep_id="w", newest_id=7, through_at=now)

    sources.edit(services, "more", lambda before: replace(before, quota_share=0.5))

    (own,) = services.stores.streams.with_members(["jaxa"])
    (common,) = services.stores.streams.with_members(["nasa"])
    assert (own.members, own.group.share_of, common.group.share_of) == (("jaxa",), "more", None)
    assert set(common.members) == {"nasa", "esa"}
    assert own.cursor_id == common.cursor_id
    assert not coverage.not_accounted(services.stores, ["jaxa", "esa"], since=since)
    assert sources.row(services, sources.get(services, "more"))["members_of_share"] == 1

    sources.edit(services, "more", lambda before: replace(before, quota_share=None))

    assert {one.group.share_of for one in services.stores.streams.active()} == {None}
    assert not coverage.not_accounted(services.stores, ["jaxa", "esa"], since=since)
