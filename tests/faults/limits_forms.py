"""The limiter's fault programs in two sizes: short ones for the tests, long ones with the figures of the requirement.

A form is a function of an empty folder. Windows of 4 s stand for X's 900 s, and their limit of 450 calls is X's own for
searches. L4 has 8 s, of which the lease of a lost call is not too large a part, and L7 has 60 s: a window may end a
second or two later for us than for X, and floors and pace go by that. L8 has no short form: it compares speeds.
"""

from __future__ import annotations

from functools import partial

from tests.faults.form import Form
from tests.faults.limits_classes import people_first
from tests.faults.limits_redis import failed_over, flushed, flushed_when_used_up
from tests.faults.limits_refusals import a_paced_window, a_turning_window, an_interval
from tests.faults.limits_speed import beside_a_bare_script
from tests.faults.limits_surprises import CALLERS, a_stranger, cut_below_what_is_used, cut_with_room_left
from tests.faults.limits_windows import all_used, at_the_turn, clock_off, fifty_windows, never_settled, no_429

SHORT_FORMS: dict[str, Form] = {
    "L1: calls on their way when a window turns": partial(at_the_turn, seed=1, windows=2),
    "L3: X's clock is behind": partial(clock_off, seed=3, windows=1, offset_seconds=-2.0),
    "L4: grants that are never settled": partial(
        never_settled, seed=4, windows=2, window_seconds=4.0, limit=150, least_share=0.0
    ),
    "L5: X cuts the limit": partial(cut_with_room_left, seed=5, windows=1),
    "L6: a stranger spends the token": partial(a_stranger, seed=6, windows=2),
    "L7: people first": partial(people_first, seed=7, windows=1, window_seconds=8.0),
    "L9: Redis forgets everything": partial(flushed, seed=9, windows=2),
    "L9: a replica that is behind takes over": partial(failed_over, seed=9, windows=1, behind_seconds=0.3),
}

# Their claims do not depend on how fast calls can be made, so they may share the machine with one another.
MOSTLY_WAITING = frozenset(
    {"L1 at the turn", "L3 ahead", "L3 behind", "L5 one caller", "L7", "L9 flushed", "L9 flushed when used up"}
)


def long_forms(seed: int) -> dict[str, Form]:
    """Every program at the size of its requirement."""
    fifty = fifty_windows(seed)
    return {
        "L1": partial(no_429, run=fifty),
        "L1 at the turn": partial(at_the_turn, seed=seed, windows=20),
        "L2": partial(all_used, run=fifty),
        "L3 ahead": partial(clock_off, seed=seed, windows=10, offset_seconds=2.0),
        "L3 behind": partial(clock_off, seed=seed, windows=10, offset_seconds=-2.0),
        "L4": partial(never_settled, seed=seed, windows=15, window_seconds=8.0),
        "L5": partial(cut_with_room_left, seed=seed, windows=10),
        "L5 one caller": partial(cut_below_what_is_used, seed=seed, windows=5, callers=1),
        "L5 below what is used": partial(cut_below_what_is_used, seed=seed, windows=5, callers=CALLERS),
        "L6": partial(a_stranger, seed=seed, windows=15),
        "L7": partial(people_first, seed=seed, windows=3, window_seconds=60.0),
        "L8": beside_a_bare_script,
        "L9 flushed": partial(flushed, seed=seed, windows=10),
        "L9 flushed when used up": partial(flushed_when_used_up, seed=seed, windows=5),
        "L9 failed over": partial(failed_over, seed=seed, windows=8, behind_seconds=0.3),
        "L10 interval": partial(an_interval, jobs=1000, interval_seconds=1.1, seconds=60.0),
        "L10 paced": partial(a_paced_window, jobs=1000, window_seconds=900.0, limit=450, seconds=60.0),
        "L10 turning": partial(a_turning_window, jobs=3000, window_seconds=12.0, limit=450, seconds=40.0),
    }
