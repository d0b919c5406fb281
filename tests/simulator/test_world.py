"""The world: the same for the same seed, never late, and its counts are the truth."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.config import Config
from simulator.engagement import Engagement
from simulator.lifetimes import EDIT_WINDOW_MS
from simulator.world import World
from tests.simulator.conftest import START_MS

CONFIG = Config(accounts=6, activity=25, history_hours=8)


def _world(config: Config, *stops_ms: int) -> World:
    world = World(config, START_MS)
    for stop_ms in stops_ms:
        world.advance(stop_ms)
    return world


def _story(world: World) -> list[tuple[object, ...]]:
    return [(post.id, post.author.username, post.text, post.state, post.quote_count) for post in world.index.posts]


def test_the_same_seed_gives_the_same_world_whenever_it_is_looked_at() -> None:
    """Two worlds of one seed are equal though one was advanced in one step and the other in many."""
    end_ms = START_MS + 600_000

    one_step = _world(CONFIG, end_ms)
    many_steps = _world(CONFIG, *range(START_MS - 3_000_000, end_ms, 77_777), end_ms)

    assert _story(one_step) == _story(many_steps)
    assert _story(one_step) != _story(_world(Config(seed=2, accounts=6, activity=25, history_hours=8), end_ms))


@pytest.fixture(scope="module")
def old_world() -> World:
    """A world an hour after its start, only to be looked at."""
    return _world(CONFIG, START_MS + 3_600_000)


def test_posts_are_never_late_and_never_early() -> None:
    """After `advance(t)` the newest post is not after `t`, and a later look adds only posts after `t`."""
    world = _world(CONFIG, START_MS)
    before = [post.id for post in world.index.posts]

    world.advance(START_MS + 600_000)

    assert before
    assert all(post.created_at_ms <= START_MS for post in world.index.posts[: len(before)])
    assert [post.id for post in world.index.posts[: len(before)]] == before
    assert all(post.created_at_ms > START_MS for post in world.index.posts[len(before) :])
    assert len(world.index.posts) > len(before) + 50


def test_counts_of_quotes_and_replies_are_the_posts_that_exist(old_world: World) -> None:
    """The counts of quotes, replies and reposts of every post equal those that live."""
    quotes, replies, reposts = Counter[int](), Counter[int](), Counter[int]()
    for post in old_world.index.posts:
        if post.live and post.quote_of is not None:
            quotes[post.quote_of.id] += 1
        if post.live and post.reply_to is not None:
            replies[post.reply_to.id] += 1
        if post.live and post.retweet_of is not None:
            reposts[post.retweet_of.id] += 1

    for post in old_world.index.posts:
        counts = (post.quote_count, post.reply_count, post.retweet_count)
        assert counts == (quotes[post.id], replies[post.id], reposts[post.id])
    assert quotes.total() > 20
    assert replies.total() > 20
    assert reposts.total() > 20


def test_posts_end_in_every_way(old_world: World) -> None:
    """After an hour there are deleted, superseded, suspended and protected posts, and edits share a chain."""
    states = Counter(post.state for post in old_world.index.posts)

    assert set(states) == {"live", "deleted", "superseded", "suspended", "protected"}
    for post in old_world.index.posts:
        if post.successor is not None:
            assert post.successor.chain == post.chain
            assert post.superseded_at_ms == post.successor.created_at_ms


def test_of_an_edited_post_only_the_newest_version_is_current() -> None:
    """A version is edited once, into the next one, and all within half an hour of the first."""
    world = _world(Config(accounts=6, activity=25, history_hours=12, edited_share=0.5, deleted_share=0), START_MS)

    edited = {tuple(post.chain) for post in world.index.posts if len(post.chain) > 1}

    assert max(len(chain) for chain in edited) > 2
    for chain in edited:
        versions = [world.index.by_id[version] for version in chain]
        assert [version.successor for version in versions] == [*versions[1:], None]
        assert versions[-1].created_at_ms < versions[0].created_at_ms + EDIT_WINDOW_MS


def test_rates_are_heavy_tailed_over_accounts() -> None:
    """The busiest of the tracked accounts posts several times what the median one does."""
    world = _world(Config(accounts=30, activity=2, history_hours=24), START_MS)

    made = sorted(account.posts_made for account in world.accounts.tracked)

    assert made[-1] > 3 * made[len(made) // 2]


def test_memory_is_bounded() -> None:
    """A world holds no more than a tenth above `max_posts`, and all its lists forget together."""
    config = Config(accounts=10, activity=300, history_hours=1, max_posts=1_000)

    world = _world(config, *range(START_MS, START_MS + 300_000, 10_000))

    assert len(world.index.posts) <= 1_300
    assert world.index.posts[0].id == world.forgotten_before_id
    oldest = world.index.under(f"from:{world.index.posts[0].author.id}")[0]
    assert oldest.id >= world.forgotten_before_id


@pytest.mark.parametrize("activity", [0.0, 1.0])
def test_no_activity_is_silence(activity: float) -> None:
    """With activity 0 nothing spontaneous is written after the start; with 1 something is."""
    world = _world(Config(accounts=5, activity=activity, history_hours=2), START_MS, START_MS + 6 * 3_600_000)

    own = [post for post in world.index.posts if post.created_at_ms > START_MS and not (post.reply_to or post.quote_of)]

    assert any(post.retweet_of is None and len(post.chain) == 1 for post in own) == (activity > 0)


@given(
    st.builds(
        Engagement,
        *[st.integers(0, 100_000)] * 3,
        tau_ms=st.floats(1_000, 10_000_000),
        alpha=st.floats(0.5, 3.0),
    ),
    st.lists(st.integers(0, 10**10), min_size=2, max_size=20),
)
@settings(deadline=None)
def test_counts_never_fall(engagement: Engagement, ages_ms: list[int]) -> None:
    """Older is never less, and never more than the final size."""
    seen = [engagement.at(age_ms) for age_ms in sorted(ages_ms)]

    for younger, older in pairwise(seen):
        assert younger.likes <= older.likes <= engagement.likes
        assert younger.impressions <= older.impressions <= engagement.impressions + 1
        assert younger.bookmarks <= older.bookmarks
