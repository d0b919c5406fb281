"""What is known of the plan, and for how long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from shared.domain.coverage.capabilities import BELIEVED_FOR, Capabilities, Learned

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_a_refusal_is_believed_for_a_day_and_an_answer_for_good() -> None:
    """Unknown before anything was said; closed for a day after a refusal, then unknown again; open once answered."""
    learned = Capabilities({"search/all": Learned(False, NOON, "403"), "counts/all": Learned(True, NOON)})
    times = (NOON, NOON + BELIEVED_FOR - timedelta(seconds=1), NOON + BELIEVED_FOR)

    assert [learned.has("search/all", at) for at in times] == [False, False, None]
    assert [learned.has("counts/all", at) for at in times] == [True, True, True]
    assert learned.has("search/recent", NOON) is None
