"""Searches that rest before midnight."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.planning.resting import resumes_at


def test_it_rests_from_then_on_until_midnight() -> None:
    """With two hours: at 21:59 it is asked at once, at 22:00 and 23:59 it waits for 00:00."""
    assert resumes_at(45.98, 2.0, is_on_alert=False) is None
    assert resumes_at(46.0, 2.0, is_on_alert=False) == 48.0
    assert resumes_at(47.98, 2.0, is_on_alert=False) == 48.0
    assert resumes_at(48.0, 2.0, is_on_alert=False) is None


@given(at=st.floats(min_value=0, max_value=1e6))
def test_alerts_never_rest_and_nothing_does_by_default(at: float) -> None:
    """A source on alert is asked whenever it is due, and so is any where nobody set hours of rest."""
    assert resumes_at(at, 6.0, is_on_alert=True) is None
    assert resumes_at(at, 0.0, is_on_alert=False) is None
