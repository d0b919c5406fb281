"""How the dialect is chosen, changed and remembered."""

from __future__ import annotations

from typing import Any

import pytest
from pymongo.database import Database

from shared.domain.errors import UnknownParameter
from shared.platforms.x.dialect import (
    AUTO_FIRST,
    DialectChoice,
    DialectMemory,
    DialectSetting,
    LocalDialectMemory,
    SharedDialectMemory,
)
from shared.platforms.x.fields import Dialect
from shared.stores.state import StateStore


@pytest.fixture(params=["local", "shared"])
def memory(request: pytest.FixtureRequest) -> DialectMemory:
    """Each kind of memory; the shared one is in a real MongoDB."""
    if request.param == "local":
        return LocalDialectMemory()
    return SharedDialectMemory(StateStore(request.getfixturevalue("mongo_db")))


def _refusal(*parameters: str) -> UnknownParameter:
    return UnknownParameter("search/recent", ("no",), parameters=parameters)


def test_auto_starts_with_the_cheaper_dialect() -> None:
    """Without any knowledge the dialect is spoken in which ids of authors and references cost nothing."""
    assert DialectChoice("auto").current() is AUTO_FIRST is Dialect.OLD


@pytest.mark.parametrize("parameter", ["tweet.fields", "expansions"])
def test_a_refusal_changes_the_dialect_for_every_worker(parameter: str, memory: DialectMemory) -> None:
    """The other dialect is spoken from then on, also by a worker that starts later."""
    choice = DialectChoice("auto", memory)

    assert choice.was_refused(choice.current(), _refusal(parameter))

    assert choice.current() is Dialect.NEW
    assert DialectChoice("auto", memory).current() is Dialect.NEW


def test_a_refusal_of_something_else_changes_nothing() -> None:
    """A parameter that both dialects share says nothing of the dialect."""
    choice = DialectChoice("auto")

    assert not choice.was_refused(Dialect.OLD, _refusal("max_results"))
    assert choice.current() is Dialect.OLD


def test_two_threads_refused_at_once_agree() -> None:
    """Both calls went out in the old dialect: the second refusal does not change back."""
    choice = DialectChoice("auto")

    assert choice.was_refused(Dialect.OLD, _refusal("tweet.fields"))
    assert choice.was_refused(Dialect.OLD, _refusal("tweet.fields"))
    assert choice.current() is Dialect.NEW


def test_a_remembered_dialect_that_fails_is_changed_back(memory: DialectMemory) -> None:
    """When X changes its mind the memory follows."""
    memory.set(Dialect.NEW)
    choice = DialectChoice("auto", memory)

    assert choice.was_ignored(choice.current())

    assert memory.get() is Dialect.OLD


@pytest.mark.parametrize("setting", ["old", "new"])
def test_a_fixed_dialect_never_changes(setting: DialectSetting) -> None:
    """What the user set is spoken, whatever X says."""
    choice = DialectChoice(setting, LocalDialectMemory(Dialect(setting).other))

    assert not choice.was_refused(Dialect(setting), _refusal("tweet.fields", "post.fields"))
    assert not choice.was_ignored(Dialect(setting))
    assert choice.current().value == setting


@pytest.mark.parametrize("junk", [None, "", "esperanto", 5, ["old"]])
def test_junk_in_the_store_is_no_dialect(junk: object, mongo_db: Database[dict[str, Any]]) -> None:
    """A value that somebody else wrote there does not stop the workers."""
    store = StateStore(mongo_db)
    store.set(SharedDialectMemory.KEY, junk)

    assert DialectChoice("auto", SharedDialectMemory(store)).current() is AUTO_FIRST
