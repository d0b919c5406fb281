"""How engagement is followed, by tier, as it was counted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from shared.domain.engagement.standing import Standing, TierStanding
from shared.domain.engagement.tiers import Tier

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
HOT = TierStanding(followed=10, due=3, overdue=1, claimed=2, lag_seconds=60)
COLD = TierStanding(followed=90, due=7, lag_seconds=5)


def standing(took_seconds: float = 0.1) -> Standing:
    """Counted now."""
    return Standing(at=NOW, took_seconds=took_seconds, tiers={Tier.HOT: HOT, Tier.COLD: COLD}, unpaid=4)


def test_all_tiers_together_are_as_late_as_the_latest() -> None:
    """Counts are sums; a part of them is stale: what is due, and what is about to be read."""
    total = standing().total

    assert total == TierStanding(followed=100, due=10, overdue=1, claimed=2, lag_seconds=60)
    assert (total.stale_ratio, HOT.stale_ratio, TierStanding().stale_ratio) == (0.12, 0.5, 0.0)


def test_a_count_is_made_again_as_rarely_as_it_is_dear() -> None:
    """Half a minute at least; thirty times what it took where that is more."""
    cheap, dear = standing(), standing(took_seconds=10)

    assert not cheap.is_to_be_counted_again(NOW + timedelta(seconds=29))
    assert cheap.is_to_be_counted_again(NOW + timedelta(seconds=30))
    assert not dear.is_to_be_counted_again(NOW + timedelta(seconds=299))
    assert dear.is_to_be_counted_again(NOW + timedelta(seconds=300))


def test_an_old_count_is_not_told_for_the_present() -> None:
    """Five minutes, in which a worker would have counted again."""
    assert standing().is_fresh(NOW + timedelta(seconds=299))
    assert not standing().is_fresh(NOW + timedelta(seconds=300))
