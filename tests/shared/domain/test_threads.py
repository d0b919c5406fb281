"""A conversation as a tree."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.threads import Reply, tree

AT = datetime(2024, 5, 1, tzinfo=UTC)


def reply(id_: int, parent_id: int | None) -> Reply:
    """A post."""
    return Reply(id=id_, parent_id=parent_id, author="a", text="t", created_at=AT)


def test_replies_stand_below_what_they_reply_to() -> None:
    """The oldest first, depth by depth; the order in which they are given does not matter."""
    posts = [reply(5, 2), reply(1, None), reply(4, 1), reply(2, 1), reply(3, 2)]

    assert [(one.id, one.depth) for one in tree(posts)] == [(1, 0), (2, 1), (3, 2), (5, 2), (4, 1)]


def test_a_post_that_is_not_stored_has_its_place() -> None:
    """What replies to it is not lost, and it is told that it is not there."""
    branches = tree([reply(1, None), reply(7, 6), reply(8, 6)])

    assert [(one.id, one.depth, one.reply is None) for one in branches] == [
        (1, 0, False),
        (6, 0, True),
        (7, 1, False),
        (8, 1, False),
    ]


def test_a_long_chain_is_no_deeper_than_it_is() -> None:
    """Five thousand replies, each to the one before."""
    posts = [reply(1, None), *(reply(number, number - 1) for number in range(2, 5_001))]

    assert tree(posts)[-1].depth == 4_999


@given(st.dictionaries(st.integers(1, 40), st.one_of(st.none(), st.integers(1, 60)), max_size=30))
def test_every_post_is_there_once(parents: dict[int, int | None]) -> None:
    """Whatever replies to whatever; a parent is older, as on X."""
    posts = [reply(id_, parent if parent is None or parent < id_ else None) for id_, parent in parents.items()]

    ids = [one.id for one in tree(posts)]

    assert len(ids) == len(set(ids))
    assert set(ids) >= set(parents)
