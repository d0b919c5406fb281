"""How the dialect is chosen, changed and remembered."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pymongo.database import Database

from shared.domain.errors import StoreUnavailable, UnknownParameter
from shared.platforms.x.dialect import (
    AUTO_FIRST,
    LOOK_AGAIN,
    READ_AGAIN,
    TRY_AGAIN,
    DialectChoice,
    DialectMemory,
    DialectSetting,
    Learned,
    LocalDialectMemory,
    SharedDialectMemory,
    spoken,
)
from shared.platforms.x.fields import Dialect
from shared.runtime.clock import Clock, ManualClock
from shared.stores.state import StateStore


@pytest.fixture(params=["local", "shared"])
def memory(request: pytest.FixtureRequest) -> DialectMemory:
    """Each kind of memory; the shared one is in a real MongoDB."""
    if request.param == "local":
        return LocalDialectMemory()
    return SharedDialectMemory(StateStore(request.getfixturevalue("mongo_db")))


@pytest.fixture
def clock() -> ManualClock:
    """A day in November."""
    return ManualClock(datetime(2026, 11, 22, 8, tzinfo=UTC))


def _refusal(*parameters: str) -> UnknownParameter:
    return UnknownParameter("search/recent", ("no such name",), parameters=parameters)


def _changed(memory: DialectMemory, clock: Clock) -> DialectChoice:
    """A worker that had to change to the new dialect."""
    choice = DialectChoice("auto", memory, clock)
    assert choice.was_refused(choice.current(), _refusal("tweet.fields"))
    choice.was_answered(Dialect.NEW)
    return choice


def test_auto_starts_with_the_cheaper_dialect() -> None:
    """Without any knowledge the dialect is spoken in which ids of authors and references cost nothing."""
    assert DialectChoice("auto").current() is AUTO_FIRST is Dialect.OLD


@pytest.mark.parametrize("parameter", ["tweet.fields", "tweet.fields=author_id", "tweet.fields=note_tweet"])
def test_a_refusal_changes_the_dialect_for_every_worker(
    parameter: str, memory: DialectMemory, clock: ManualClock
) -> None:
    """Once X has answered the other one, it is spoken by a worker that starts later too, and the reason is kept."""
    choice = DialectChoice("auto", memory, clock)

    assert choice.was_refused(choice.current(), _refusal(parameter))
    assert (choice.current(), memory.get()) == (Dialect.NEW, None)
    choice.was_answered(Dialect.NEW)

    assert memory.get() == Learned(Dialect.NEW, clock.now(), "no such name")
    assert DialectChoice("auto", memory, clock).current() is Dialect.NEW


@pytest.mark.parametrize(
    "parameter",
    [
        "max_results",
        "expansions",
        "expansions=author_id",
        "tweet.fields=source",
        "post.fields",
        "tweet.fields=note_post",
    ],
)
def test_a_refusal_of_something_else_changes_nothing(parameter: str) -> None:
    """What both dialects share, or what was never said, tells nothing of the dialect."""
    choice = DialectChoice("auto")

    assert not choice.was_refused(Dialect.OLD, _refusal(parameter))
    assert choice.current() is Dialect.OLD


def test_two_threads_refused_at_once_agree() -> None:
    """Both calls went out in the old dialect: the second refusal does not change back."""
    choice = DialectChoice("auto")

    assert choice.was_refused(Dialect.OLD, _refusal("tweet.fields"))
    assert choice.was_refused(Dialect.OLD, _refusal("tweet.fields"))
    assert choice.current() is Dialect.NEW


def test_where_both_are_refused_the_first_stays(memory: DialectMemory, clock: ManualClock) -> None:
    """Nothing is remembered, and the other one is not tried with every call."""
    choice = DialectChoice("auto", memory, clock)
    assert choice.was_refused(Dialect.OLD, _refusal("tweet.fields"))
    assert choice.was_refused(Dialect.NEW, _refusal("post.fields"))

    assert (choice.current(), memory.get()) == (Dialect.OLD, None)
    assert not choice.was_refused(Dialect.OLD, _refusal("tweet.fields"))
    clock.advance(TRY_AGAIN.total_seconds())
    assert choice.was_refused(Dialect.OLD, _refusal("tweet.fields"))


def test_a_remembered_dialect_that_fails_is_changed_back(memory: DialectMemory, clock: ManualClock) -> None:
    """When X changes its mind the memory follows."""
    choice = _changed(memory, clock)

    assert choice.was_ignored(choice.current())
    choice.was_answered(Dialect.OLD)

    learned = memory.get()
    assert learned is not None
    assert learned.dialect is Dialect.OLD


def test_once_a_day_it_is_looked_whether_x_takes_the_cheaper_one_again(
    memory: DialectMemory, clock: ManualClock
) -> None:
    """One worker looks; refused, it goes on for another day; answered, all come back."""
    first, second = _changed(memory, clock), DialectChoice("auto", memory, clock)
    assert second.current() is Dialect.NEW

    clock.advance(LOOK_AGAIN.total_seconds())
    assert (first.current(), second.current()) == (Dialect.OLD, Dialect.NEW)
    assert first.was_refused(Dialect.OLD, _refusal("tweet.fields"))
    assert first.current() is Dialect.NEW
    clock.advance((LOOK_AGAIN - READ_AGAIN).total_seconds())
    assert (first.current(), second.current()) == (Dialect.NEW, Dialect.NEW)
    clock.advance(READ_AGAIN.total_seconds())
    assert second.current() is Dialect.OLD
    second.was_answered(Dialect.OLD)
    clock.advance(READ_AGAIN.total_seconds())

    assert (first.current(), second.current()) == (Dialect.OLD, Dialect.OLD)
    clock.advance(10 * LOOK_AGAIN.total_seconds())
    assert first.current() is Dialect.OLD


def test_an_answer_that_cannot_be_remembered_is_not_lost(clock: ManualClock) -> None:
    """The store is away: the answer stands, the other dialect is spoken, and the next answer is remembered."""

    class Away(LocalDialectMemory):
        """Cannot be written at first."""

        is_away = True

        def set(self, learned: Learned) -> None:
            """Fail while away."""
            if self.is_away:
                raise StoreUnavailable("away")
            super().set(learned)

    memory = Away()
    choice = _changed(memory, clock)
    assert (choice.current(), memory.get()) == (Dialect.NEW, None)

    memory.is_away = False
    choice.was_answered(Dialect.NEW)

    assert memory.get() is not None


@pytest.mark.parametrize("setting", ["old", "new"])
def test_a_fixed_dialect_never_changes(setting: DialectSetting, clock: ManualClock) -> None:
    """What the user set is spoken, whatever X says."""
    memory = LocalDialectMemory(Learned(Dialect(setting).other, clock.now(), ""))
    choice = DialectChoice(setting, memory, clock)

    assert not choice.was_refused(Dialect(setting), _refusal("tweet.fields", "post.fields"))
    assert not choice.was_ignored(Dialect(setting))
    assert choice.current().value == setting == spoken(setting, memory).value


@pytest.mark.parametrize(
    "junk",
    [None, "", "esperanto", 5, ["old"], {}, {"dialect": "esperanto"}, {"dialect": 5}, {"dialect": ["new"]}],
)
def test_junk_in_the_store_is_no_dialect(junk: object, mongo_db: Database[dict[str, Any]]) -> None:
    """A value that somebody else wrote there does not stop the workers."""
    store = StateStore(mongo_db)
    store.set(SharedDialectMemory.KEY, junk)

    assert DialectChoice("auto", SharedDialectMemory(store)).current() is AUTO_FIRST


def test_a_dialect_that_an_older_version_kept_is_looked_at_soon(
    mongo_db: Database[dict[str, Any]], clock: ManualClock
) -> None:
    """It was kept for good, without a time: the first worker looks whether the cheaper one is taken."""
    store = StateStore(mongo_db)
    store.set(SharedDialectMemory.KEY, "new")
    memory = SharedDialectMemory(store)

    assert spoken("auto", memory) is Dialect.NEW
    assert DialectChoice("auto", memory, clock).current() is Dialect.OLD
    assert DialectChoice("auto", memory, clock).current() is Dialect.NEW
