"""What the bench makes of what it measured, with figures that can be reckoned by hand."""

from __future__ import annotations

import pytest

from bench.planner import ORACLE, PLANNER, RESTING, RESTING_ORACLE, SHARES, TIERS, Judged, Results, claims, report
from bench.planning.rules import Result

NAMES = ("fifo tiers", TIERS, ORACLE, PLANNER, RESTING, RESTING_ORACLE)


def result(weighted: float) -> Result:
    """Of a run with that error, half of which an estimate leaves."""
    return Result(weighted, weighted / 2, weighted, 0.1, 0.02, 100, 99.0, 1000, 7000)


def measured(planner: float) -> Results:
    """Two laws, two seeds. All peers err by 1, the oracle by a quarter, the planner by what is given in the first law
    and by twice that in the second.
    """
    errors = dict.fromkeys(NAMES, 1.0) | {ORACLE: 0.25, RESTING_ORACLE: 0.25}
    results: Results = {}
    for number, law in enumerate(("one", "other")):
        for seed in (1, 2):
            for share in SHARES:
                for name in NAMES:
                    error = planner * (number + 1) if name in {PLANNER, RESTING} else errors[name]
                    results[law, seed, name, share] = result(error)
    return results


def test_ratios_are_means_over_laws_and_seeds() -> None:
    """0.2 in one law and 0.4 in the other: 0.3."""
    judged = Judged(measured(0.2))
    assert judged.ratio(PLANNER, TIERS, 0.05) == pytest.approx(0.3)
    assert judged.ratio(PLANNER, ORACLE, 0.05) == pytest.approx(1.2)
    assert judged.ratio(PLANNER, TIERS, 0.05, "estimate", "weighted") == pytest.approx(0.15)
    assert judged.moonshot() == pytest.approx(0.15)


def test_what_is_not_reached_fails() -> None:
    """An error of 0.3 is below 0.42 of tier-first at 5 %, and above 0.27 at 15 %."""
    made = {claim.claim: claim.passed for claim in claims(Judged(measured(0.2)))}
    assert made["weighted error by tier-first at 5.0%"]
    assert not made["weighted error by tier-first at 15.0%"]


def test_the_report_holds_every_run() -> None:
    """World by world, each measure of each policy."""
    made = report(Judged(measured(0.2)))
    assert made.runs["planner, 5.0%, weighted"] == [0.2, 0.2, 0.4, 0.4]
    assert made.medians["planner, 5.0%, weighted"] == pytest.approx(0.3)
    assert not made.passed
