"""Where a post or an account is, told from what real servers hold after real work."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from control import commands, tracing, work
from shared.domain.coverage.gaps import GapReason, Unread
from shared.domain.coverage.intervals import Interval
from shared.domain.coverage.sweeps import ReadBy
from shared.domain.errors import InputError
from shared.domain.jobs import Queue, RefreshEngagement
from shared.domain.set_aside import Kind, Reason, SetAside
from shared.domain.snowflake import created_at
from shared.services import coverage
from shared.services.bootstrap import Services
from tests.control.conftest import Invoke
from tests.workers.world import Simulator, next_sweep, post_id, read_to_end, work_off


def told(steps: list[tracing.Step]) -> dict[str, str]:
    """The last text of each step."""
    return {step["step"]: step["text"] for step in steps}


def collect(services: Services, names: list[str]) -> None:
    """Follow accounts from six hours back, and read their search to its end."""
    commands.track(services, names, since=timedelta(hours=6))
    work_off(services)
    (stream,) = services.stores.streams.active()
    next_sweep(services, stream.id, f"search:{stream.id}@1")
    read_to_end(services, f"search:{stream.id}@1")


def newest(services: Services) -> int:
    """The newest post of those that are followed."""
    return int(services.stores.posts.newest_of(services.stores.handles.active_user_ids(), 1)[0]["_id"])


def test_a_stored_post_is_followed_through_the_pipeline(simulated: Services, simulator: Simulator) -> None:
    """Found by which sweep, read when with what counts, next when and why then."""
    collect(simulated, simulator.names())

    steps = tracing.trace_post(simulated, newest(simulated))

    words = told(steps)
    assert words["stored"].startswith("found by search, author ")
    assert "passed it" in words["sweep"]
    assert "likes" in words["read"]
    assert "the interval of tier" in words["next reading"]
    assert "not stored" not in words


def test_what_is_in_the_way_of_a_reading_is_named(simulated: Services, simulator: Simulator) -> None:
    """A paused queue, and the job that waits."""
    collect(simulated, simulator.names())
    post = newest(simulated)
    simulated.stores.db["X_engagement"].update_one(
        {"_id": str(post)}, {"$set": {"next_refresh_at": datetime.now(UTC) - timedelta(hours=1)}}
    )
    work.pause(simulated, ["engagement"])
    simulated.sender.send(RefreshEngagement(claim_id="c", post_ids=(str(post),)), queue=Queue.ENGAGEMENT)

    words = told(tracing.trace_post(simulated, post))

    assert words["next reading"] == "overdue by 60 min: the queue engagement is paused"
    assert words["job"].startswith("refresh_engagement ready in engagement")


def test_a_post_that_no_source_wants_followed_says_so(simulated: Services, simulator: Simulator) -> None:
    """Never, or from how many acts on."""
    collect(simulated, simulator.names())
    post = newest(simulated)
    states = simulated.stores.db["X_engagement"]

    said = []
    for least in (float("inf"), 10.0):
        states.update_one({"_id": str(post)}, {"$set": {"next_refresh_at": None, "follow_from": least}})
        said.append(told(tracing.trace_post(simulated, post))["next reading"])

    assert said[0].startswith("none: no source that it concerns asks for its engagement")
    assert said[1].startswith("none: its sources ask for its engagement from 10 acts on")


def test_why_a_post_is_not_stored(services: Services) -> None:
    """Nothing followed, before the search began, not yet covered, in a gap, set aside, or read whole without it."""
    post = post_id(3600)
    made_at = created_at(post)
    assert told(tracing.trace_post(services, post))["coverage"] == "no account is followed"
    commands.track(services, ["nasa"], since=timedelta())
    (stream,) = services.stores.streams.active()
    assert "made before the first search began" in told(tracing.trace_post(services, post))["coverage"]

    def put(**fields: object) -> None:
        services.stores.db["X_streams"].update_one({"_id": stream.id}, {"$set": fields})

    put(began_at=made_at - timedelta(hours=2), covered_through=made_at - timedelta(hours=1))
    assert "1 of 1 searches have read only up to then" in told(tracing.trace_post(services, post))["coverage"]
    hour = timedelta(hours=1)
    span = {"from_at": made_at - 2 * hour, "to_at": made_at + hour, "route": ReadBy.RECENT, "read_at": made_at + hour}
    services.stores.intervals.add(Interval(id="i", stream=stream.id, **span))
    put(covered_through=datetime.now(UTC))
    assert "X did not show it" in told(tracing.trace_post(services, post))["coverage"]
    unread = Unread(made_at - hour, made_at + hour, GapReason.POSTS_WITHHELD)
    coverage.note(services.stores, stream.id, stream.members, unread, now=made_at)
    with_gap = told(tracing.trace_post(services, post))
    assert with_gap["gap"].startswith("the search of @nasa: ")
    assert with_gap["gap"].endswith("posts_withheld")
    assert "coverage" not in with_gap
    aside = SetAside(
        kind=Kind.POST, reason=next(iter(Reason)), endpoint="search/recent", object_id=str(post), text="{}"
    )
    services.stores.set_aside.note([aside], now=datetime.now(UTC))
    assert "post could not be kept" in told(tracing.trace_post(services, post))["set aside"]


def test_files_say_what_became_of_them(simulated: Services, simulator: Simulator) -> None:
    """Pending, stored where, or failed why."""
    collect(simulated, simulator.names())
    document = simulated.stores.db["X_tweets"].find_one({"attachments.media_keys": {"$exists": True}})
    assert document is not None

    (key, *_) = document["attachments"]["media_keys"]
    text = next(
        step["text"]
        for step in tracing.trace_post(simulated, int(document["_id"]))
        if step["step"] == "file" and key in step["text"]
    )

    found = simulated.stores.media.get(key)
    assert found is not None
    assert found[1]["status"] in text


def test_an_account_is_told_from_its_request_to_its_posts(simulated: Services, simulator: Simulator) -> None:
    """Since when, how far, its search, its newest post; a stranger is refused."""
    name = simulator.names()[0]
    collect(simulated, [name])

    words = told(tracing.trace_handle(simulated, name))

    assert words["followed"] == "from then on"
    assert "the newest that is stored" in words["posts"]
    assert words["search"].startswith(f"the search of @{name.lower()} began; ")
    assert words["last sweep"].startswith("complete")
    with pytest.raises(InputError, match="@stranger is not followed and never was"):
        tracing.trace_handle(simulated, "stranger")


def test_letters_about_it_are_listed(services: Services) -> None:
    """With their reason and how to see them whole."""
    post = post_id(60)
    services.sender.send(RefreshEngagement(claim_id="c", post_ids=(str(post),)), queue=Queue.ENGAGEMENT)
    (waiting,) = services.broker.introspection.look(Queue.ENGAGEMENT).waiting
    services.broker.introspection.cancel(waiting, "cancelled")
    services.dead_letters.collect()

    assert "refresh_engagement: cancelled; covey dead show" in told(tracing.trace_post(services, post))["dead letter"]


def test_the_command_takes_ids_addresses_and_names(services: Services, invoke: Invoke) -> None:
    """As people write them; a number that is no post is refused as such."""
    post = post_id(60)
    commands.track(services, ["nasa"], since=timedelta())

    by_id = json.loads(invoke("trace", str(post), "--json").stdout)
    by_address = json.loads(invoke("trace", f"https://x.com/nasa/status/{post}", "--json").stdout)

    assert by_id == by_address
    assert [step["step"] for step in by_id] == ["made", "not stored", "coverage"]
    assert "followed" in invoke("trace", "@NASA").stdout
    assert isinstance(invoke("trace", "9" * 25).exception, InputError)
