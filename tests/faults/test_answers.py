"""What the judge of odd answers lets pass; `make faults` runs the flock before it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.faults.answers_run import ODD, SHARE, _Books, _finding, _script, _Seen

RIGHT = _Books(ledger=900, bill=1_000, held=1_100, lost_lines=150, unanswered=3, in_hand=1)
REPORT = {"missing": {"posts": []}, "duplicates": 0, "posts_expected": 9, "quotes_expected": 0, "media_expected": 0}
SEEN = _Seen(report=REPORT, false_deletions=[], gaps=0, dead=0, fired=dict.fromkeys(ODD, 2), calls=1_000, books=RIGHT)


def test_a_run_in_which_all_is_well_passes() -> None:
    """The figure says what was measured."""
    finding = _finding(SEEN, kills=3, left="")

    assert finding.passed
    assert "1000 calls, 42 odd answers (4%) of 21 kinds" in finding.figure


@pytest.mark.parametrize(
    "wrong",
    [
        {"report": REPORT | {"missing": {"posts": ["7"]}}},
        {"report": REPORT | {"duplicates": 1}},
        {"report": REPORT | {"posts_expected": 0}},
        {"false_deletions": ["7"]},
        {"gaps": 1},
        {"fired": dict.fromkeys(ODD, 2) | {"a post twice": 0}},
        {"calls": 100},
        {"books": replace(RIGHT, ledger=1_001)},
        {"books": replace(RIGHT, ledger=849)},
        {"books": replace(RIGHT, held=999)},
        {"books": replace(RIGHT, in_hand=13)},
    ],
)
def test_whatever_is_wrong_fails_it(wrong: dict[str, object]) -> None:
    """A post, a duplicate, a gap, a deletion, a cent; a kind that never came; too many odd answers."""
    assert not _finding(replace(SEEN, **wrong), kills=3, left="").passed  # type: ignore[arg-type]


def test_a_run_that_never_settles_fails() -> None:
    """What is left is said."""
    finding = _finding(SEEN, kills=3, left="1 open sweeps")

    assert not finding.passed
    assert "1 open sweeps" in finding.figure


def test_a_script_has_every_kind_and_no_more_than_the_share_of_all_calls() -> None:
    """Each as likely as the others, but for the one that few calls give a chance to."""
    rules = _script(1, ODD)["rules"]

    assert [rule["answer"] for rule in rules] == list(ODD.values())
    often = [rule["match"]["probability"] for rule in rules if rule["match"]["endpoint"] != "tweets"]
    assert sum(often) == pytest.approx(SHARE * (len(ODD) - 1) / len(ODD))
