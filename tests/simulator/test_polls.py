"""Polls: votes only grow, and stop at the end."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from simulator.polls import draw_poll, poll_json

ALL = frozenset({"duration_minutes", "end_datetime", "voting_status"})


@given(st.integers(), st.lists(st.integers(0, 10**6), min_size=2, max_size=9))
def test_votes_grow_with_the_voters_and_never_exceed_them(seed: int, voters: list[int]) -> None:
    """For any poll the votes are no more than the voters, and no option loses one while they grow."""
    poll = draw_poll(Random(seed), lambda: 7, 1_000)
    before = [0] * len(poll.options)

    for count in sorted(voters):
        options = poll_json(poll, count, 1_000, ALL)["options"]

        votes = [option["votes"] for option in options]
        assert sum(votes) <= count
        assert all(now >= then for now, then in zip(votes, before, strict=True))
        assert [option["position"] for option in options] == list(range(1, len(votes) + 1))
        before = votes


def test_a_poll_closes_at_its_end() -> None:
    """It is open until the millisecond of its end."""
    poll = draw_poll(Random(1), lambda: 7, 0)

    states = [poll_json(poll, 5, at_ms, ALL)["voting_status"] for at_ms in (poll.ends_ms - 1, poll.ends_ms)]

    assert states == ["open", "closed"]
