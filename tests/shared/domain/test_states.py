"""What X's words about a post lead to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.compliance import Action, ComplianceLine
from shared.domain.models import PostState
from shared.domain.states import By, Known, Word, hear, of_line, stored_state

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
GONE = [PostState.DELETED, PostState.SUSPENDED, PostState.PROTECTED]


def _after(*words: tuple[float, PostState, By]) -> Known:
    known = Known()
    for hours, state, by in words:
        known = hear(known, Word(state, NOW + hours * HOUR, by), confirm=HOUR)
    return known


@pytest.mark.parametrize("state", GONE)
def test_a_look_up_makes_gone_by_two_words_an_hour_apart(state: PostState) -> None:
    """One word, or two within an hour, is none; the second after an hour is."""
    once, soon = (0, state, By.LOOKUP), (0.9, state, By.LOOKUP)

    assert _after(once).state is PostState.ALIVE
    assert _after(once, soon) == Known(PostState.ALIVE, 1, NOW)
    assert _after(once, soon, (1, state, By.LOOKUP)) == Known(state, 2, NOW)


@pytest.mark.parametrize("by", [By.COMPLIANCE, By.EVENT])
@pytest.mark.parametrize("state", GONE)
def test_a_compliance_line_and_an_event_need_no_second_word(state: PostState, by: By) -> None:
    """X says it once, of this one thing alone."""
    assert _after((0, state, by)).state is state


@pytest.mark.parametrize("state", [PostState.ALIVE, PostState.WITHHELD])
def test_what_is_shown_again_is_there(state: PostState) -> None:
    """Whatever was said before, what X shows is there, and words begin anew."""
    assert _after((0, PostState.DELETED, By.EVENT), (1, state, By.LOOKUP)) == Known(state)


def test_silence_says_nothing() -> None:
    """Unknown changes neither what is known nor how often it was said."""
    gone = _after((0, PostState.DELETED, By.LOOKUP), (1, PostState.DELETED, By.LOOKUP))

    assert hear(gone, Word(PostState.UNKNOWN, NOW, By.LOOKUP), confirm=HOUR) == gone


@given(st.lists(st.tuples(st.floats(0, 10), st.sampled_from(PostState)), max_size=12))
def test_no_row_of_look_ups_within_an_hour_makes_gone(said: list[tuple[float, PostState]]) -> None:
    """A post is gone by look-ups only if two words of it, with no showing in between, were an hour apart."""
    times = sorted(hours for hours, _ in said)
    known, words = Known(), list[float]()
    for hours, state in zip(times, [state for _, state in said], strict=True):
        known = hear(known, Word(state, NOW + hours * HOUR, By.LOOKUP), confirm=HOUR)
        words = [] if state in {PostState.ALIVE, PostState.WITHHELD} else [*words, *([hours] if state in GONE else [])]
        if known.state in GONE:
            assert max(words) - min(words) >= 1 - 1e-9


@pytest.mark.parametrize(
    ("reason", "state"),
    [
        ("deleted", PostState.DELETED),
        ("suspended", PostState.SUSPENDED),
        ("protected", PostState.PROTECTED),
        ("bounced", PostState.DELETED),
        ("deactivated", PostState.DELETED),
        ("something_new", PostState.DELETED),
    ],
)
def test_a_line_of_a_result_is_a_word_with_its_reason(reason: str, state: PostState) -> None:
    """Each reason of X is a state; a reason that nobody knows yet is a deletion, because X asks for one."""
    assert of_line(ComplianceLine(5, Action.DELETE, reason), at=NOW) == Word(state, NOW, By.COMPLIANCE, reason)


def test_the_state_of_a_stored_post() -> None:
    """Gone with the reason; withheld where X says so; else alive."""
    assert stored_state({"text": "a"}) is PostState.ALIVE
    assert stored_state({"withheld": {"country_codes": ["DE"]}}) is PostState.WITHHELD
    assert stored_state({"withheld": {"country_codes": ["DE"]}, "gone": {"reason": "deleted"}}) is PostState.DELETED
