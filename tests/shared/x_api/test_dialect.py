"""How the dialect is chosen, changed and remembered."""

from __future__ import annotations

import pytest

from shared.errors import UnknownParameter
from shared.x_api.dialect import AUTO_FIRST, DialectChoice, DialectSetting, LocalDialectMemory
from shared.x_api.fields import Dialect


def _refusal(*parameters: str) -> UnknownParameter:
    return UnknownParameter("search/recent", ("no",), parameters=parameters)


def test_auto_starts_with_the_cheaper_dialect() -> None:
    """Without any knowledge the dialect is spoken in which ids of authors and references cost nothing."""
    assert DialectChoice("auto").current() is AUTO_FIRST is Dialect.OLD


@pytest.mark.parametrize("parameter", ["tweet.fields", "expansions"])
def test_a_refusal_changes_the_dialect_for_every_worker(parameter: str) -> None:
    """The other dialect is spoken from then on, also by a worker that starts later."""
    memory = LocalDialectMemory()
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


def test_a_remembered_dialect_that_fails_is_changed_back() -> None:
    """When X changes its mind the memory follows."""
    memory = LocalDialectMemory(Dialect.NEW)
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
