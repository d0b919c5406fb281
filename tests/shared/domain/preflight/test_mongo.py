"""What MongoDB must be like."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.domain.preflight.finding import Check, Finding, Level
from shared.domain.preflight.mongo import MissingIndex, MongoFacts, Topology, judge_mongo

GOOD = MongoFacts(version=(6, 0, 5))
SLOW = MissingIndex("X_users.username_1")
HELD = MissingIndex("X_sweeps.one_open", rests_on_it="the searches")
SMALL = MissingIndex("runs.started_at_1", is_small=True)


def faults(facts: MongoFacts) -> dict[Check, Level]:
    """The checks that are not well."""
    return {found.check: found.level for found in judge_mongo(facts) if found.level is not Level.OK}


def of(check: Check, facts: MongoFacts) -> Finding:
    """The finding of one check."""
    [finding] = [found for found in judge_mongo(facts) if found.check is check]
    return finding


@pytest.mark.parametrize("topology", Topology)
def test_a_good_one_has_no_fault(topology: Topology) -> None:
    """Every check of MongoDB is made, and each is well, alone or replicated."""
    facts = replace(GOOD, topology=topology)

    assert faults(facts) == {}
    made = {finding.check for finding in judge_mongo(facts)}
    assert made == {check for check in Check if check.value.startswith("mongo_")} - {Check.MONGO_CLOCK}


def test_one_that_is_away_has_one_finding() -> None:
    """Nothing else can be said of it."""
    [finding] = judge_mongo(MongoFacts(away="no connection"))

    assert finding.ends_a_start
    assert "no connection" in finding.message


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (replace(GOOD, version=(4, 4, 29)), {Check.MONGO_VERSION: Level.ERROR}),
        (replace(GOOD, is_writable=False), {Check.MONGO_TOPOLOGY: Level.ERROR}),
        (replace(GOOD, missing=(SLOW,)), {Check.MONGO_INDEXES: Level.WARNING}),
        (replace(GOOD, missing=(SLOW, HELD)), {Check.MONGO_INDEXES: Level.ERROR}),
        (replace(GOOD, missing=(SMALL,)), {}),
    ],
)
def test_each_fault_has_its_level(facts: MongoFacts, expected: dict[Check, Level]) -> None:
    """Where something is wrong, that one check says so and no other."""
    assert faults(facts) == expected


def test_a_missing_index_does_not_end_a_start() -> None:
    """It is built by the processes that start; what waits for it is named."""
    finding = of(Check.MONGO_INDEXES, replace(GOOD, missing=(SLOW, HELD, SMALL)))

    assert not finding.ends_a_start
    assert finding.message.startswith("2 indexes are missing: X_users.username_1, X_sweeps.one_open")
    assert finding.message.endswith("until then the searches wait")


def test_many_missing_indexes_are_counted() -> None:
    """A line stays a line."""
    assert "and 5 more" in of(Check.MONGO_INDEXES, replace(GOOD, missing=(SLOW,) * 9)).message
