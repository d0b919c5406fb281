"""Handles packed into queries."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.coverage.members import Group, Member
from shared.domain.errors import InputError
from shared.platforms.x.query import pack, pack_members, quotes_query

usernames = st.from_regex(re.compile(r"[A-Za-z0-9_]{1,15}", re.ASCII), fullmatch=True)


def test_one_handle_is_followed_three_ways() -> None:
    """Mentions, replies and own posts are asked for; reposts are not."""
    [query] = pack(["alice"], 512)

    assert query.text == "(@alice OR to:alice OR from:alice) -is:retweet"
    assert query.members == ("alice",)


@given(st.lists(usernames, max_size=60), st.sampled_from([80, 512, 4096]), st.randoms())
def test_every_handle_is_in_exactly_one_query_that_fits(names: list[str], length: int, rng: object) -> None:
    """Nothing is lost, nothing twice, nothing too long, whatever the order and the case."""
    packed = pack(names, length)

    found = [handle.lower() for query in packed for handle in query.members]
    assert sorted(found) == sorted({name.lower() for name in names})
    assert all(len(query.text) <= length for query in packed)
    assert all(f"from:{handle}" in query.text for query in packed for handle in query.members)
    shuffled = list(names)
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    assert pack(shuffled, length) == packed


@given(st.lists(usernames, min_size=1, max_size=80))
def test_packing_is_close_to_the_fewest_possible(names: list[str]) -> None:
    """The number of queries stays within 11/9 of what the sum of lengths needs at least, and one more."""
    packed = pack(names, 512)

    room = 512 - len("() -is:retweet") + len(" OR ")
    needed = sum(len(f"@{n} OR to:{n} OR from:{n}") + len(" OR ") for query in packed for n in query.members)
    assert len(packed) <= -(-needed // room) * 11 / 9 + 1


def test_handles_that_differ_in_case_are_one() -> None:
    """X does not tell them apart either."""
    assert pack(["Alice", "@ALICE", "https://x.com/alice"], 512) == pack(["alice", "ALICE", "Alice"], 512)
    assert len(pack(["Alice", "ALICE"], 512)[0].members) == 1


def test_a_handle_that_cannot_fit_is_named() -> None:
    """A plan too small for one clause is the user's to hear of."""
    with pytest.raises(InputError, match="@averyveryverylo"):
        pack(["averyveryverylo"], 64)


def test_no_handles_no_queries() -> None:
    """An empty list asks for nothing."""
    assert pack([], 512) == []


def test_quotes_have_a_query_of_their_own() -> None:
    """One for many posts; reposts of quotes are none."""
    assert quotes_query([123]) == "(quotes_of_tweet_id:123) -is:retweet"
    assert quotes_query([123, 45]) == "(quotes_of_tweet_id:123 OR quotes_of_tweet_id:45) -is:retweet"


clauses = st.one_of(
    st.integers(1, 60).map(lambda length: "w" * length),
    st.integers(1, 20).map(lambda words: "(" + " OR ".join(f"word{n}" for n in range(words)) + ")"),
)
members = st.dictionaries(st.from_regex(r"\+?[a-z0-9]{1,12}", fullmatch=True), clauses, max_size=40)


@settings(deadline=None)
@given(members=members, length=st.integers(300, 1024), data=st.data())
def test_every_member_is_in_exactly_one_query_of_its_group(
    members: dict[str, str], length: int, data: st.DataObject
) -> None:
    """Whatever its clause is; none too long; the same in whatever order they are given."""
    given_members = [Member(key, clause) for key, clause in members.items()]
    group = Group(300, "app")

    packed = pack_members(given_members, length, group)
    again = pack_members(data.draw(st.permutations(given_members)), length, group)

    assert sorted(key for query in packed for key in query.members) == sorted(members)
    assert all(len(query.text) <= length and query.group == group for query in packed)
    for query in packed:
        assert query.text == "(" + " OR ".join(members[key] for key in query.members) + ") -is:retweet"
    assert again == packed


def test_a_clause_that_no_query_holds_is_named() -> None:
    """By its source, with the length it takes."""
    with pytest.raises(InputError, match="source floods does not fit a query of 64 characters: it takes 94"):
        pack_members([Member("+floods", "w" * 80)], 64)
