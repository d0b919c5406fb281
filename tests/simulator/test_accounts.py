"""Accounts: names are unique at any moment, ids are for ever, histories are complete."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.accounts import AccountBook
from tests.simulator.conftest import START_MS

RENAMES = st.lists(
    st.tuples(st.integers(0, 9), st.sampled_from(["Anna", "anna", "Bert", "CARL", "dora_1"])), max_size=30
)


@given(RENAMES)
def test_a_name_belongs_to_one_account_at_a_time(renames: list[tuple[int, str]]) -> None:
    """After any renames each name finds the account that shows it, and every refused one changed nothing."""
    book = AccountBook(Random(1), 10, START_MS)

    for at_ms, (number, name) in enumerate(renames):
        account, before = book.tracked[number], book.tracked[number].username
        holder = book.find(name)
        try:
            book.rename(account, name, at_ms)
        except ValueError:
            assert holder not in {None, account}
            assert account.username == before
        else:
            assert account.names[-1] == (name, at_ms)

    for account in book.by_id.values():
        assert book.find(account.username) is book.find(account.username.upper()) is account
        assert account.names[-1][0] == account.username
    assert len(book.by_handle) == len(book.by_id)


def test_a_name_of_another_form_is_refused() -> None:
    """A name that X would not take is a `ValueError` with the name in it."""
    book = AccountBook(Random(1), 2, START_MS)

    with pytest.raises(ValueError, match="'no-name'"):
        book.rename(book.tracked[0], "no-name", START_MS)
