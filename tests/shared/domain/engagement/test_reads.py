"""What reading posts again led to, added up."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.engagement.reads import Reads, by_source, of_call

ids = st.frozensets(st.integers(1, 12))
sources = st.dictionaries(st.integers(1, 12), st.frozensets(st.sampled_from(["a", "b"])))


@given(asked=ids, missing=ids, owned=ids, of=sources)
def test_a_source_has_the_part_of_a_call_that_is_about_its_posts(
    asked: frozenset[int], missing: frozenset[int], owned: frozenset[int], of: dict[int, frozenset[str]]
) -> None:
    """Each post is bought or free where X showed it; a source without a post in the call has no row."""
    found = by_source(asked, asked - missing, owned, of, price_micro_usd=5)

    for source in ("a", "b"):
        mine = [one for one in asked if source in of.get(one, ())]
        shown = [one for one in mine if one not in missing]
        bought = [one for one in shown if one not in owned]
        expected = Reads(
            calls=1,
            ids=len(mine),
            read=len(shown),
            bought=len(bought),
            free=len(shown) - len(bought),
            micro_usd=5 * len(bought),
        )
        assert found.get(source) == (expected if mine else None)


def test_what_is_free_saves_its_price_and_full_calls_are_told() -> None:
    """60 of 100 posts were shown and 10 of these billed; no call says nothing of how full calls are."""
    one = of_call(100, 60, bought=10, micro_usd=50_000)

    assert (one.free, one.saved_micro_usd(5_000), one.ids_a_call) == (50, 250_000, 100)
    assert Reads().ids_a_call is None
