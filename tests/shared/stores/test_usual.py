"""`X_usual` on a real MongoDB."""

from __future__ import annotations

from shared.domain.engagement.surges import Usual
from shared.domain.erasing import Erased, Subject
from shared.stores.bundle import Stores
from tests.shared.stores.conftest import HOUR, NOW


def test_what_was_learned_is_known(stores: Stores) -> None:
    """By account and band; what is learned of one band leaves the others."""
    stores.usual.learn({(7, 1): Usual(10.0, 3), (7, 2): Usual(5.5, 4), (2**63, 1): Usual(0.0, 1)}, now=NOW)
    stores.usual.learn({(7, 2): Usual(6.0, 5)}, now=NOW + HOUR)

    assert stores.usual.of({7, 2**63, 8}) == {
        (7, 1): Usual(10.0, 3),
        (7, 2): Usual(6.0, 5),
        (2**63, 1): Usual(0.0, 1),
    }
    assert stores.usual.of(set()) == {}
    assert stores.db["X_usual"].count_documents({}) == 2


def test_nothing_of_an_erased_account_is_left(stores: Stores) -> None:
    """What is usual of an account goes with it."""
    stores.usual.learn({(7, 1): Usual(10.0, 3), (8, 1): Usual(10.0, 3)}, now=NOW)

    deleted = stores.erasures.delete_person(Subject(Erased.USER, 7, ("nasa",)))

    assert deleted["X_usual"] == 1
    assert set(stores.usual.of({7, 8})) == {(8, 1)}
