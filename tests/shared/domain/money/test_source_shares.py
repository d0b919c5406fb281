"""How a source's share of a day's money stands, and whose share pays."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.money.source_shares import ShareStanding, page_size, payer, standing
from shared.domain.sources import Source, SourceKind

NOON = datetime(2026, 11, 10, 12, tzinfo=UTC)
FLOODS = Source(id="floods", name="Floods", kind=SourceKind.TERMS, quota_share=0.1)
shares = st.floats(0.001, 1.0)
micro = st.integers(0, 10**12)
YEAR = datetime(2026, 1, 1, tzinfo=UTC)
moments = st.integers(0, 366 * 86_400).map(lambda seconds: YEAR + timedelta(seconds=seconds))


@given(share=shares, day_usd=st.floats(0, 10_000), spent=micro, now=moments)
def test_a_share_is_spent_when_its_part_of_the_budget_is(
    share: float, day_usd: float, spent: int, now: datetime
) -> None:
    """What is left and what was spent are the part of the budget; with nothing left it rests until midnight UTC."""
    found = standing(replace(FLOODS, quota_share=share), day_usd=day_usd, spent_micro_usd=spent, now=now)

    assert found is not None
    limit = round(share * day_usd * 1_000_000)
    assert found.left_micro_usd == max(limit - spent, 0)
    assert found.is_spent == (spent >= limit)
    assert (found.used_ratio >= 1) == found.is_spent
    if not found.is_spent:
        assert found.rests_until is None
        return
    assert found.rests_until is not None
    assert timedelta(0) < found.rests_until - now <= timedelta(days=1)
    assert (found.rests_until.hour, found.rests_until.minute, found.rests_until.second) == (0, 0, 0)


@given(limit=st.integers(0, 10**9), spent=st.integers(0, 2 * 10**9), seconds=st.integers(0, 86_399))
def test_gaps_leave_money_for_what_is_new(limit: int, spent: int, seconds: int) -> None:
    """They get half of the share at once, and never more of it than of the day has passed beyond that."""
    now = YEAR + timedelta(seconds=seconds)
    found = ShareStanding(source="s", share=0.5, limit_micro_usd=limit, spent_micro_usd=spent, now=now)

    assert found.left_micro_usd is not None
    assert found.left_for_gaps_micro_usd is not None
    assert found.left_for_gaps_micro_usd <= found.left_micro_usd
    if seconds <= 43_200:
        assert found.left_for_gaps_micro_usd == max(0, limit // 2 - spent)
    elif not found.leaves_gaps:
        assert spent + found.left_for_gaps_micro_usd <= limit * seconds / 86_400
    assert not found.is_spent or found.leaves_gaps


@given(share=shares, spent=micro)
def test_without_a_daily_budget_a_share_limits_nothing(share: float, spent: int) -> None:
    """It is never spent, and what is left is not known."""
    found = standing(replace(FLOODS, quota_share=share), day_usd=None, spent_micro_usd=spent, now=NOON)

    assert found is not None
    assert (found.left_micro_usd, found.is_spent, found.used_ratio, found.rests_until) == (None, False, 0.0, None)
    assert (found.left_for_gaps_micro_usd, found.leaves_gaps) == (None, False)


def test_a_budget_of_nothing_has_no_share() -> None:
    """A tenth of nothing is spent before it begins; a source without a share has no standing."""
    found = standing(FLOODS, day_usd=0.0, spent_micro_usd=0, now=NOON)

    assert found is not None
    assert (found.is_spent, found.used_ratio) == (True, 1.0)
    assert standing(replace(FLOODS, quota_share=None), day_usd=1.0, spent_micro_usd=0, now=NOON) is None


@given(st.lists(st.none() | shares, max_size=6))
def test_a_share_pays_only_for_what_nobody_wants_without_one(given_shares: list[float | None]) -> None:
    """Where all that ask have a share the greatest pays; one that asks without a share makes it everybody's."""
    askers = [replace(FLOODS, id=f"s{number}", quota_share=share) for number, share in enumerate(given_shares)]

    found = payer(askers)

    if not askers or None in given_shares:
        assert found is None
    else:
        paying = {one.id: one.quota_share for one in askers}[found or ""]
        assert paying == max(share for share in given_shares if share is not None)
    assert found == payer(askers[::-1])


@given(left=st.none() | micro, price=st.integers(0, 100_000))
def test_a_page_costs_what_is_left_or_is_the_least(left: int | None, price: int) -> None:
    """Between the least and the greatest page, and but for the least no dearer than what is left."""
    size = page_size(left, price, least=10, greatest=100)

    assert 10 <= size <= 100
    if left is not None and size > 10:
        assert size * price <= left
    if left is None or left >= 100 * price:
        assert size == 100
