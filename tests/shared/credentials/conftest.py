"""A simulator, an account on it, and the store."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shared.stores.credentials import CredentialStore
from shared.stores.database import Db
from tests.shared.credentials.accounts import Account
from tests.workers.world import Simulator, start_simulator


@pytest.fixture(scope="session")
def x() -> Iterator[Simulator]:
    """A simulator with a short past."""
    running, process = start_simulator("--accounts", "2", "--history-hours", "1")
    yield running
    process.terminate()
    process.wait(10)
    assert process.stdout is not None
    process.stdout.close()


@pytest.fixture
def account(x: Simulator) -> Account:
    """An account that has just let an app in."""
    return Account(x)


@pytest.fixture
def store(mongo_db: Db) -> CredentialStore:
    """The store of credentials, empty."""
    return CredentialStore(mongo_db)
