"""A count that X did not say is not known: it is no 0, makes no fall, no rise and no velocity."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.counts import NAMES, PostMetrics
from shared.domain.engagement.next_reading import RefreshPolicy
from shared.domain.engagement.refresh import MIN_SPAN, Engagement, read_counts
from shared.domain.engagement.tiers import Tier
from shared.domain.jobs import RefreshEngagement
from shared.platforms.x.objects import post as parsed
from shared.services.bootstrap import Services
from tests.cases.pages import FIRST, body, document, searched
from tests.workers.world import NOW, ScriptedX, post
from workers.handlers.engagement import refresh_engagement

FULL = {"retweet_count": 1, "reply_count": 2, "like_count": 3, "quote_count": 4, "impression_count": 50_000}
POLICY = RefreshPolicy()


def refreshed(services: Services, x: ScriptedX, counts: Any, *, after: timedelta, claim: str) -> dict[str, Any]:
    """Read the post again, as long after the reading before as that; its new snapshot."""
    moved = {"$set": {"claim_id": claim}, "$unset": {"described_at": ""}}
    state = document(services, "X_engagement", FIRST)
    for name in ("read_at", "base_at"):
        moved["$set"][name] = state[name] - after  # type: ignore[assignment]
    services.stores.db["X_engagement"].update_one({"_id": str(FIRST)}, moved)
    x.script = lambda asked: (200, {"data": [post(FIRST, public_metrics=counts)]})
    refresh_engagement(services, RefreshEngagement(claim_id=claim, post_ids=(str(FIRST),)))
    return document(services, "X_engagement_history", f"{FIRST}:{claim}")


@pytest.mark.parametrize(
    "said", [{}, {"impression_count": None}, {"impression_count": "many"}, {"impression_count": -1}]
)
def test_what_is_not_said_stays_and_comes_back_as_a_small_step(
    services: Services, x: ScriptedX, said: dict[str, Any]
) -> None:
    """50,000, nothing, 50,100: the last value known is 50,000, and no delta is ever -50,000 or +50,000."""
    searched(services, x, body(post(FIRST, public_metrics=FULL)))
    without = {name: count for name, count in FULL.items() if name != "impression_count"} | said

    gap = refreshed(services, x, without, after=timedelta(hours=1), claim="c1")
    known = document(services, "X_engagement", FIRST)["metrics"]["impression_count"]
    back = refreshed(services, x, FULL | {"impression_count": 50_100}, after=timedelta(hours=1), claim="c2")

    assert "impression_count" not in gap["metrics"] | gap["deltas"]
    assert known == document(services, "X_tweets", FIRST)["public_metrics"]["impression_count"] - 100 == 50_000
    assert back["deltas"]["impression_count"] == 100
    assert (gap["velocity"], back["velocity"]) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("said", "count"),
    [
        *((301, 301), (301.0, 301), ("301", 301), (0, 0), (0.0, 0), (2**63 - 1, 2**63 - 1), (1e15, 10**15)),
        *(
            (None, None),
            (301.5, None),
            (-1, None),
            (-1.0, None),
            (True, None),
            ("", None),
            ("3e2", None),
            ([301], None),
        ),
        *((2**63, None), (1e300, None), (float("inf"), None), (float("nan"), None), ({"n": 1}, None), ([301], None)),
    ],
)
@pytest.mark.parametrize("name", ["like_count", "impression_count", "bookmark_count"])
def test_a_count_is_a_whole_number(name: str, said: Any, count: int | None) -> None:
    """301.0 is 301; what is no count is not known, and says nothing about the others."""
    metrics = parsed({"id": "1790000000000000001", "public_metrics": {name: said, "reply_count": 2}}).metrics

    assert metrics == PostMetrics(**{"reply_count": 2, name: count})


@pytest.mark.parametrize("counts", [None, {}, {"like_count": None}, {"odd": 5}, [], "301"])
def test_a_post_without_any_count_has_no_reading(services: Services, x: ScriptedX, counts: Any) -> None:
    """It is due to be read, and no snapshot of zeros is made of it."""
    searched(services, x, body(post(FIRST, public_metrics=counts)))

    state = document(services, "X_engagement", FIRST)
    assert (state["metrics"], state["read_at"]) == (None, None)
    assert state["next_refresh_at"] <= services.clock.now()
    assert services.stores.db["X_engagement_history"].count_documents({}) == 0


def test_a_count_that_falls_is_kept_and_flagged(services: Services, x: ScriptedX) -> None:
    """X takes back likes of bots: the snapshot says what fell and by how much, and the velocity is not negative."""
    searched(services, x, body(post(FIRST, public_metrics=FULL)))

    fell = refreshed(services, x, FULL | {"like_count": 1, "retweet_count": 0}, after=timedelta(hours=1), claim="c1")
    rose = refreshed(services, x, FULL | {"like_count": 2, "retweet_count": 0}, after=timedelta(hours=1), claim="c2")

    assert sorted(fell["fallen"]) == ["like_count", "retweet_count"]
    assert (fell["deltas"]["like_count"], fell["metrics"]["like_count"], fell["velocity"]) == (-2, 1, 0.0)
    assert "fallen" not in rose


@pytest.mark.parametrize(("seconds", "likes"), [(0, 200), (1, 200), (5, 1), (60, 100), (119, 10_000)])
def test_a_moment_is_no_hour(seconds: float, likes: int) -> None:
    """One like in five seconds is no 720 an hour; what grew meanwhile counts once two minutes have passed."""
    created = NOW - timedelta(days=10)
    before = Engagement(post_id=1, created_at=created)
    first = read_counts(before, PostMetrics(like_count=0), now=NOW, policy=POLICY).engagement
    soon = read_counts(first, PostMetrics(like_count=likes), now=NOW + timedelta(seconds=seconds), policy=POLICY)
    later = read_counts(soon.engagement, PostMetrics(like_count=likes), now=NOW + timedelta(hours=1), policy=POLICY)

    assert (soon.engagement.velocity, soon.engagement.tier) == (0.0, Tier.COLD)
    assert soon.snapshot is not None
    assert soon.snapshot.deltas.like_count == likes
    assert later.engagement.velocity == likes


def test_the_first_reading_is_the_one_that_was_paid_for(services: Services, x: ScriptedX) -> None:
    """The counts of the search page are a snapshot, and the next reading is due by the tier, not at once."""
    searched(services, x, body(post(FIRST, public_metrics=FULL)))

    state = document(services, "X_engagement", FIRST)
    first = document(services, "X_engagement_history", f"{FIRST}:first")
    assert first["metrics"] == state["metrics"] == FULL
    assert (first["deltas"], first["velocity"], first["at"]) == ({}, 0.0, state["read_at"])
    assert state["next_refresh_at"] == state["read_at"] + timedelta(minutes=5)
    assert len(x.asked) == 1


metrics = st.dictionaries(st.sampled_from(NAMES), st.integers(0, 10**9)).map(lambda counts: PostMetrics(**counts))


@given(first=metrics, second=metrics)
def test_what_is_known_is_never_forgotten(first: PostMetrics, second: PostMetrics) -> None:
    """Of two readings each count is the later one that was said, and a difference is of two that were said."""
    for name in NAMES:
        earlier, later = getattr(first, name), getattr(second, name)
        assert getattr(second.or_else(first), name) == (earlier if later is None else later)
        delta = getattr(second.minus(first), name)
        assert (delta is None) == (earlier is None or later is None)
        assert delta is None or earlier + delta == later


@given(spans=st.lists(st.tuples(st.integers(0, 300), st.integers(0, 50)), min_size=1, max_size=30))
def test_no_act_is_left_out_of_the_velocities(spans: list[tuple[int, int]]) -> None:
    """However close the readings, the acts of all measured spans are those between the first base and the last."""
    state = read_counts(
        Engagement(post_id=1, created_at=NOW), PostMetrics(like_count=0), now=NOW, policy=POLICY
    ).engagement
    now, likes, measured = NOW, 0, 0.0
    for seconds, more in spans:
        now, likes = now + timedelta(seconds=seconds), likes + more
        before_at = state.base_at
        state = read_counts(state, PostMetrics(like_count=likes), now=now, policy=POLICY).engagement
        if state.base_at != before_at:
            assert before_at is not None
            assert now - before_at >= MIN_SPAN
            measured += state.velocity * ((now - before_at) / timedelta(hours=1))

    assert state.base is not None
    assert state.base.like_count == pytest.approx(measured)
