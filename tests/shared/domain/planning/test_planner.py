"""The planner, driven through days by a small world that keeps accounts."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.planning.midnight import Rules
from shared.domain.planning.planner import Planner
from shared.domain.planning.posts import day_of

TICKS_A_DAY = 48
LAST = 24 - 1 / 6


@dataclass
class Flock:
    """Posts by birth; search finds them, and pays, unless in `unpaid`. It notes what was asked for, and when."""

    born: list[float]
    unpaid: set[int] = field(default_factory=set)
    gone_at: dict[int, float] = field(default_factory=dict)
    paid: dict[int, list[int]] = field(default_factory=dict)
    read_at: dict[int, list[float]] = field(default_factory=dict)
    asked: list[int] = field(default_factory=list)

    def live(self, planner: Planner, days: int, money: int) -> None:
        """Every half an hour, and at 23:50."""
        known: set[int] = set()
        for day in range(days):
            left, owned = money, set()
            for hour in [*(tick / 2 for tick in range(TICKS_A_DAY)), LAST]:
                at = day * 24 + hour
                for post_id, born_at in enumerate(self.born):
                    if born_at <= at and post_id not in known:
                        known.add(post_id)
                        planner.follow(post_id, born_at)
                        if post_id not in self.unpaid:
                            owned.add(post_id)
                            self._read(planner, post_id, at)
                wanted = planner.decide(at, left)
                assert len(set(wanted)) == len(wanted)
                costs = [one for one in wanted if one not in owned and at < self.gone_at.get(one, math.inf)]
                assert len(costs) <= left
                left -= len(costs)
                self.paid.setdefault(day, []).extend(costs)
                owned.update(costs)
                self.asked.append(len(wanted))
                for post_id in wanted:
                    self._read(planner, post_id, at)

    def _read(self, planner: Planner, post_id: int, at: float) -> None:
        if at >= self.gone_at.get(post_id, math.inf):
            planner.note_gone(post_id)
            return
        planner.note(post_id, 100 * (1 - math.exp(-(at - self.born[post_id]) / 10)), at)
        self.read_at.setdefault(post_id, []).append(at)


births = st.lists(st.floats(min_value=-40, max_value=70), min_size=1, max_size=40)


@settings(max_examples=25, deadline=None)
@given(born=births, money=st.integers(0, 50), unpaid=st.sets(st.integers(0, 39)))
def test_it_spends_the_money_of_a_day_and_no_more(born: list[float], money: int, unpaid: set[int]) -> None:
    """Never more posts that cost than are left, at any tick; and all of the money, while there is something to buy."""
    world = Flock(born, unpaid)
    world.live(Planner(), 3, money)
    for day, paid in world.paid.items():
        assert len(paid) <= money
        if len(paid) < money:
            read_today = {one for one, times in world.read_at.items() if any(day_of(at) == day for at in times)}
            assert read_today >= {one for one, at in enumerate(born) if at <= day * 24 + LAST}


@settings(max_examples=25, deadline=None)
@given(born=births, money=st.integers(0, 50))
def test_what_is_owned_is_read_before_midnight(born: list[float], money: int) -> None:
    """Every post that was read on a day, by whichever call, is read once more at 23:50."""
    world = Flock(born)
    world.live(Planner(), 3, money)
    for times in world.read_at.values():
        for day in {day_of(at) for at in times}:
            assert day * 24 + LAST in times


@settings(max_examples=15, deadline=None)
@given(count=st.integers(10, 60), span_days=st.integers(2, 5), spare=st.integers(0, 3))
def test_nobody_starves_where_the_money_suffices(count: int, span_days: int, spare: int) -> None:
    """With money for all posts in a span, none goes without a reading for longer, whatever the ranking prefers."""
    world, money = Flock([-5.0 - number for number in range(count)]), -(-count // span_days) + spare
    planner = Planner(Rules(span_days=span_days))
    world.live(planner, 12, money)
    assert planner.last.late == 0
    for times in world.read_at.values():
        ends = [*times[1:], 12 * 24.0]
        assert max(end - start for start, end in zip(times, ends, strict=True)) <= span_days * 24


def test_want_of_money_is_said() -> None:
    """40 posts, a span of two days and money for five a day: not all can be read in time."""
    planner = Planner(Rules(span_days=2))
    Flock([-5.0] * 40).live(planner, 4, 5)
    assert planner.last.late > 0


def test_what_was_found_unpaid_is_bought_at_once() -> None:
    """A post that came without counts at noon is read at noon, from the money that was kept for such."""
    world = Flock([*(-30.0 for _ in range(50)), 12.0, 36.0], unpaid={50, 51})
    world.live(Planner(Rules(reserve_share=0.5)), 2, 4)
    assert world.read_at[51][0] == 36.0


def test_a_post_that_is_gone_costs_nothing_and_is_not_asked_for_again() -> None:
    """Its money buys another one the same day."""
    world = Flock([-30.0 - number for number in range(10)], gone_at={0: 24.0, 1: 24.0})
    world.live(Planner(), 3, 3)
    assert len(world.paid[1]) == 3
    assert max(world.read_at[0]) < 24


def test_the_same_readings_lead_to_the_same_plan() -> None:
    """There is no chance in it."""
    flocks = [Flock([-30.0 + number / 3 for number in range(90)]) for _ in range(2)]
    for world in flocks:
        world.live(Planner(), 3, 7)
    assert flocks[0] == flocks[1]


def test_large_flocks_are_asked_for_in_full_calls() -> None:
    """But for the last reading of a day, ids come by the hundred."""
    world = Flock([-30.0 + number / 9 for number in range(270)])
    world.live(Planner(), 2, 150)
    whole = [asked for tick, asked in enumerate(world.asked) if (tick + 1) % (TICKS_A_DAY + 1)]
    assert sum(asked % 100 == 0 for asked in whole) >= 0.9 * len(whole)
