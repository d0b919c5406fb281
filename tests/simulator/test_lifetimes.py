"""When posts end or are edited, and how `tempo` hastens what happens to them."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.config import Config
from simulator.engagement import draw_engagement
from simulator.lifetimes import SEEN_MS, deletion_delay_ms, edit_delay_ms
from simulator.world import World
from tests.simulator.conftest import START_MS


@given(st.integers(), st.floats(1, 1_000))
def test_a_tempo_hastens_only_what_goes_beyond_the_first_seconds(seed: int, tempo: float) -> None:
    """Delays beyond 20 s shrink by the tempo, and none that was longer ends below it."""
    for draw in (deletion_delay_ms, edit_delay_ms):
        real, hastened = draw(Random(seed), 1), draw(Random(seed), tempo)

        assert min(real, SEEN_MS) <= hastened + 1
        assert abs((hastened - SEEN_MS) - (real - SEEN_MS) / tempo) <= 1_002


def test_a_tempo_goes_through_the_same_curve_sooner() -> None:
    """A post at tempo 60 has after a minute what it has at tempo 1 after an hour."""
    real, _ = draw_engagement(Random(1), 30.0)
    fast, _ = draw_engagement(Random(1), 30.0, tempo=60)

    assert fast.likes == real.likes > 100
    assert fast.share(60_000) == pytest.approx(real.share(3_600_000))


def test_a_short_demo_sees_a_life() -> None:
    """75 s at tempo 60 have grown posts, quotes of young posts, edits and deletions."""
    world = World(Config(accounts=24, activity=12, history_hours=12, tempo=60), START_MS)
    world.advance(START_MS)
    world.advance(START_MS + 75_000)
    posts = world.index.posts

    own = [post for post in posts if post.author.tracked and post.retweet_of is None and post.searchable]
    quotes = [post for post in posts if post.quote_of is not None and post.quote_of.author.tracked]
    young = [post for post in quotes if post.quote_of and post.quote_of.created_at_ms > START_MS - 1_200_000]
    ended = [post for post in posts if (post.unsearchable_at_ms or 0) > START_MS]

    assert sum(post.metrics_at(world.now_ms)["like_count"] > 10 for post in own[-50:]) >= 10
    assert len(young) >= 100
    assert {"deleted", "superseded"} <= {post.state for post in ended}


def test_shares_and_reactions_say_how_lively_the_world_is() -> None:
    """With all posts deleted soon none of an hour ago lives; without reactions nobody likes or quotes anything."""
    doomed = World(
        Config(accounts=3, activity=4, history_hours=2, tempo=1_000, deleted_share=1, edited_share=0), START_MS
    )
    silent = World(Config(accounts=3, activity=4, history_hours=2, reactions=0), START_MS)
    for world in (doomed, silent):
        world.advance(START_MS)

    old = [post for post in doomed.index.posts if post.created_at_ms < START_MS - 3_600_000 and not post.hidden_at_ms]
    assert old
    assert {post.state for post in old} == {"deleted"}
    assert {post.metrics_at(START_MS)["like_count"] for post in silent.index.posts} == {0}
    assert not any(post.quote_of for post in silent.index.posts)


@pytest.mark.parametrize("wrong", [{"tempo": 0.5}, {"reactions": -1}, {"deleted_share": 0.6, "edited_share": 0.5}])
def test_a_liveliness_out_of_range_is_named(wrong: dict[str, float]) -> None:
    """A setting that cannot be is refused by its name and value."""
    name, value = list(wrong.items())[-1]

    with pytest.raises(ValueError, match=f"{name} is out of range: {value}"):
        Config(**wrong)  # type: ignore[arg-type]
