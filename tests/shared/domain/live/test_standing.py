"""How what stands at X comes to be what is wanted."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.live.standing import (
    Change,
    EventType,
    Rule,
    Standing,
    Subscription,
    in_words,
    reconcile,
    subscriptions,
)


def _applied(change: Change[Rule], standing: list[Standing[Rule]]) -> list[Standing[Rule]]:
    """What stands after a change was made, as X would make it."""
    left = [one for one in standing if one.id not in change.remove]
    fresh = max((one.id for one in standing), default=0) + 1
    return left + [Standing(fresh + number, what, True) for number, what in enumerate(change.add)]


_RULES = st.sampled_from([Rule(name) for name in "abcdefgh"])
_WANTED = st.lists(_RULES, max_size=10)
_STANDING = st.lists(st.tuples(_RULES, st.booleans()), max_size=12).map(
    lambda found: [Standing(number, what, ours) for number, (what, ours) in enumerate(found)]
)


@given(_WANTED, _STANDING, st.integers(0, 12))
def test_what_is_wanted_stands_or_is_told(wanted: list[Rule], standing: list[Standing[Rule]], limit: int) -> None:
    """After the change everything wanted stands or is unfit, no more stand than may, and others' are untouched."""
    change = reconcile(wanted, standing, limit=limit)
    after = _applied(change, standing)

    foreign = [one for one in standing if not one.is_ours]
    assert [one for one in after if not one.is_ours] == foreign
    assert len(after) <= max(limit, len(foreign))
    assert set(wanted) == ({one.what for one in after} & set(wanted)) | set(change.unfit)
    assert {one.what for one in after if one.is_ours} <= set(wanted)
    again = reconcile(wanted, after, limit=limit)
    assert (again.remove, again.add, again.unfit) == ((), (), change.unfit)


def test_the_last_wanted_is_left_when_there_is_no_room() -> None:
    """Of three things for two places, one taken by others, the first stands; and it is said what does not fit."""
    change = reconcile([Rule("a"), Rule("b"), Rule("c")], [Standing(7, Rule("x"), False)], limit=2)

    assert change == Change((), (Rule("a"),), (Rule("b"), Rule("c")))
    assert in_words(change.unfit, limit=2) == "rule 2 beyond the 2 that X allows"


def test_what_stands_twice_or_for_nobody_goes() -> None:
    """A second one of the same kind and one that nobody wants are removed; the first stays."""
    standing = [Standing(1, Rule("a"), True), Standing(2, Rule("a"), True), Standing(3, Rule("b"), True)]

    assert reconcile([Rule("a")], standing, limit=5) == Change((2, 3), (), ())


def test_posts_of_live_sources_come_before_deletions_and_names() -> None:
    """Deletions and names of all, posts of live sources first; without money only what costs nothing."""
    with_money = subscriptions([1, 2], [2], with_paid=True)
    without = subscriptions([1, 2], [2], with_paid=False)

    assert with_money == [
        Subscription(EventType.POST_CREATE, 2),
        Subscription(EventType.POST_DELETE, 1),
        Subscription(EventType.POST_DELETE, 2),
        Subscription(EventType.HANDLE, 1),
        Subscription(EventType.HANDLE, 2),
    ]
    assert without == [Subscription(EventType.POST_DELETE, 1), Subscription(EventType.POST_DELETE, 2)]
    assert in_words(with_money[3:], limit=3) == "profile.update.handle 2 beyond the 3 that X allows"
