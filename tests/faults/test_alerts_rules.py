"""The shortening of the alert rules."""

from __future__ import annotations

import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.faults.alerts_rules import shortened, shorter
from tests.ops.artifacts import OPS


def test_windows_steps_and_waits_become_shorter_and_thresholds_do_not() -> None:
    """Every duration in brackets, and `for:`; what a number is compared with stays."""
    rule = {"alert": "A", "expr": "max_over_time(sum(x)[1h:1m]) > 3600 and increase(y[5m]) > 0", "for": "2m"}

    [group] = shortened({"groups": [{"name": "g", "rules": [rule]}]}, 40)["groups"]

    expr = "max_over_time(sum(x)[90000ms:1500ms]) > 3600 and increase(y[7500ms]) > 0"
    assert group["rules"] == [{"alert": "A", "expr": expr, "for": "3000ms"}]
    assert rule["for"] == "2m"


def test_every_duration_of_the_deployed_rules_is_shortened() -> None:
    """No minute, hour or day is left in a bracket or a `for:`."""
    rules = yaml.safe_load((OPS / "prometheus" / "rules.yml").read_text())

    short = [rule for group in shortened(rules, 40)["groups"] for rule in group["rules"]]

    assert len(short) == sum(len(group["rules"]) for group in rules["groups"])
    assert all(rule.get("for", "1ms").endswith("ms") for rule in short)
    assert not any(re.search(r"\[[^\]]*\d[smhd]\b", rule["expr"].replace("ms", "")) for rule in short)


@given(st.integers(1, 10_000), st.sampled_from(["ms", "s", "m", "h", "d"]))
def test_the_factor_1_changes_no_length(number: int, unit: str) -> None:
    """It is only written otherwise; shortening twice is shortening once."""
    same = shorter(f"{number}{unit}", 1)

    assert shorter(same, 1) == same
    assert int(shorter(same, 10)[:-2]) == pytest.approx(int(same[:-2]) / 10, abs=1)


def test_what_is_no_duration_is_refused() -> None:
    """A compound or a variable is said, not passed over."""
    with pytest.raises(ValueError, match="1h30m"):
        shorter("1h30m", 2)
