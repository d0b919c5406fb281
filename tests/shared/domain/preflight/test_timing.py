"""What must outlast what."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.preflight.finding import Check, Level
from shared.domain.preflight.timing import Timing, judge_timing

GOOD = Timing(
    call=50,
    call_lease=60,
    redis=7,
    heartbeat_timeout=15,
    leader_lease=15,
    scheduler_tick=1,
    refresh_lease=600,
    retries=405,
)


def faults(timing: Timing) -> dict[Check, Level]:
    """The checks that are not well."""
    return {found.check: found.level for found in judge_timing(timing) if found.level is not Level.OK}


def test_the_defaults_contradict_nothing() -> None:
    """Every check is made and each is well."""
    assert faults(GOOD) == {}
    assert len(judge_timing(GOOD)) == 4


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"call": 60}, {Check.CALL_LEASE: Level.ERROR}),
        ({"heartbeat_timeout": 7}, {Check.HEARTBEAT: Level.WARNING}),
        ({"leader_lease": 8}, {Check.LEADER_LEASE: Level.WARNING}),
        ({"scheduler_tick": 10}, {Check.LEADER_LEASE: Level.WARNING}),
        ({"refresh_lease": 450}, {Check.REFRESH_LEASE: Level.WARNING}),
    ],
)
def test_each_contradiction_is_told_by_one_check(change: dict[str, float], expected: dict[Check, Level]) -> None:
    """A lease that a call outlasts breaks a promise; the others only cost work."""
    assert faults(replace(GOOD, **change)) == expected


@given(st.floats(0.1, 1e4), st.floats(0.1, 1e4))
def test_a_longer_lease_is_never_worse(lease: float, more: float) -> None:
    """What is well stays well when only a lease grows."""
    for name in ("call_lease", "heartbeat_timeout", "leader_lease", "refresh_lease"):
        before, after = replace(GOOD, **{name: lease}), replace(GOOD, **{name: lease + more})

        assert faults(after).keys() <= faults(before).keys()
