"""Plans of days on a real MongoDB."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from shared.domain.planning.day import Basis, Money, Stage
from shared.domain.planning.fitting import Learned, learn
from shared.domain.planning.posts import Tracked, read
from shared.domain.planning.sizes import Model
from shared.domain.planning.tally import Cell, Tally
from shared.stores.database import Db
from shared.stores.plans import Part, PlanStore

DAY, NOW = date(2026, 5, 4), datetime(2026, 5, 4, tzinfo=UTC)
BASIS = Basis(
    at=500_000.25,
    money=Money(now=30, whole=50, kept=4),
    followed=1_000,
    typical_count=12.5,
    model=Model(((0.5, 0.25),) * 4, "fitted to 3000 own readings"),
    span_days=20,
)
PARTS = [Part(0, "100", "200"), Part(1, "200", None)]


def tally(*rows: tuple[int, int, int, float]) -> Tally:
    """Days, level, posts, acts."""
    made = Tally()
    for days, level, posts, acts in rows:
        made.posts[Cell(days, level)], made.acts[Cell(days, level)] = posts, acts
    return made


@pytest.fixture
def plans(mongo_db: Db) -> PlanStore:
    """None yet."""
    return PlanStore(mongo_db)


def test_a_plan_goes_through_its_stages(plans: PlanStore) -> None:
    """Begun, ranked in parts, placed in parts, done; it comes back as it was."""
    assert (plans.get(DAY), plans.stage(DAY)) == (None, None)
    plans.begin(DAY, BASIS, PARTS, now=NOW)
    assert plans.open_parts(DAY, Stage.RANK) == [0, 1]
    assert plans.part(DAY, 1) == (PARTS[1], Stage.RANK)
    plans.ranked(DAY, 0, tally((1, 5, 2, 7.5)), at=BASIS.at)
    plans.ranked(DAY, 1, tally((1, 5, 1, 1.0), (3, -9, 4, 0.5)), at=BASIS.at)
    assert plans.open_parts(DAY, Stage.RANK) == []
    assert len(plans.tallies(DAY)) == 2

    plans.place(DAY, tally((1, 5, 3, 8.5), (3, -9, 4, 0.5)))
    plans.placed(DAY, 0, 2, at=BASIS.at)
    plans.placed(DAY, 1, 3, at=BASIS.at)
    plans.done(DAY, now=NOW)

    found = plans.get(DAY)
    assert found is not None
    assert (found.stage, found.basis, found.placed) == (Stage.DONE, BASIS, 5)
    assert found.tally == tally((1, 5, 3, 8.5), (3, -9, 4, 0.5))
    assert plans.last() == found


def test_what_is_done_once_is_done(plans: PlanStore) -> None:
    """A part that is ranked or placed again, and a plan that is begun again, stay as they are."""
    plans.begin(DAY, BASIS, PARTS, now=NOW)
    plans.ranked(DAY, 0, tally((1, 5, 2, 7.5)), at=BASIS.at)
    plans.ranked(DAY, 0, tally((9, 9, 9, 9.0)), at=BASIS.at)
    plans.placed(DAY, 1, 3, at=BASIS.at)

    assert plans.tallies(DAY) == [tally((1, 5, 2, 7.5))]
    assert plans.part(DAY, 1) == (PARTS[1], Stage.RANK)


def test_who_begins_a_plan_late_changes_nothing_of_it(plans: PlanStore) -> None:
    """A scheduler that stood still while another one led: the parts keep their bounds, and are as far as they were."""
    plans.begin(DAY, BASIS, PARTS, now=NOW)
    for number in (0, 1):
        plans.ranked(DAY, number, tally((1, 5, 2, 7.5)), at=BASIS.at)
    plans.place(DAY, tally((1, 5, 4, 15.0)))

    plans.begin(DAY, BASIS, [Part(0, "100", "150"), Part(1, "150", "180"), Part(2, "180", None)], now=NOW)

    assert plans.open_parts(DAY, Stage.PLACE) == [0, 1]
    assert plans.open_parts(DAY, Stage.RANK) == []
    assert plans.part(DAY, 1) == (PARTS[1], Stage.PLACE)


def test_parts_that_were_never_written_are_made_good(plans: PlanStore, mongo_db: Db) -> None:
    """Who began the plan ended before; those that are there stay as they are."""
    plans.begin(DAY, BASIS, PARTS, now=NOW)
    plans.ranked(DAY, 0, tally((1, 5, 2, 7.5)), at=BASIS.at)
    mongo_db["X_plan_parts"].delete_one({"number": 1})

    assert (plans.complete(DAY), plans.complete(DAY)) == (1, 0)

    assert [plans.part(DAY, number) for number in (0, 1)] == [(PARTS[0], Stage.PLACE), (PARTS[1], Stage.RANK)]


def test_a_plan_that_is_forgotten_can_be_begun_again(plans: PlanStore) -> None:
    """With other parts."""
    plans.begin(DAY, BASIS, PARTS, now=NOW)
    plans.ranked(DAY, 0, tally((1, 5, 2, 7.5)), at=BASIS.at)

    plans.forget(DAY)
    before = plans.stage(DAY)
    plans.begin(DAY, BASIS, [Part(0, "100", None)], now=NOW)

    assert before is None
    assert (plans.stage(DAY), plans.open_parts(DAY, Stage.RANK)) == (Stage.RANK, [0])
    assert plans.part(DAY, 1) is None


def test_what_is_done_for_a_forgotten_plan_is_nothing_to_the_next(plans: PlanStore) -> None:
    """Parts that a worker still counted or dated by the plan before are to be done by the new one."""
    plans.begin(DAY, BASIS, PARTS, now=NOW)
    plans.forget(DAY)
    later = replace(BASIS, at=BASIS.at + 1)
    plans.begin(DAY, later, PARTS, now=NOW)

    plans.ranked(DAY, 0, tally((1, 5, 2, 7.5)), at=BASIS.at)
    before = plans.open_parts(DAY, Stage.RANK)
    plans.ranked(DAY, 0, tally((1, 5, 2, 7.5)), at=later.at)
    plans.placed(DAY, 0, 2, at=BASIS.at)

    assert before == [0, 1]
    assert plans.open_parts(DAY, Stage.PLACE) == [0]


def test_what_is_learned_adds_up(plans: PlanStore) -> None:
    """By any number of workers; after a fit a part of it is kept, and the model is what was fitted."""
    before = read(Tracked(1, 0.0), 10, 1.0)
    one = learn(Learned(), Model(), before, 25, 8.0)
    assert plans.learned() == (Learned(), Model(), None)

    plans.learn(one)
    plans.learn(one)
    learned, _, _ = plans.learned()
    plans.fitted(DAY, BASIS.model, 0.5)
    halved, model, fitted_on = plans.learned()

    assert learned.samples == 2
    assert sum(spread.count for spread in learned.spreads) == 2
    assert learned.fits[0][0] == pytest.approx(2 * one.fits[0][0])
    assert halved.fits == one.fits
    assert (halved.samples, model, fitted_on) == (1, BASIS.model, DAY)
