"""`X_credentials` on a real MongoDB: what may be changed, by whom, and when."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from shared.domain.models import CredentialKind
from shared.stores.credentials import CredentialStore, NewTokens, Refresh, StoredCredential
from shared.stores.database import Db, ServerClock

ID = "user-42"
LEASE = timedelta(seconds=30)
NO_TIME = timedelta(0)
FIRST = NewTokens("sealed-1", is_renewable=True, lifetime=timedelta(hours=2), scopes=("tweet.read", "users.read"))
SECOND = NewTokens("sealed-2", is_renewable=True, lifetime=timedelta(hours=2))


@pytest.fixture
def store(mongo_db: Db) -> CredentialStore:
    """The store with one renewable credential."""
    store = CredentialStore(mongo_db)
    store.put(ID, CredentialKind.OAUTH2_USER, FIRST)
    return store


def stored(store: CredentialStore) -> StoredCredential:
    """The credential as it is."""
    found = store.get(ID)
    assert found is not None
    return found


def claim(store: CredentialStore, holder: str, lease: timedelta = LEASE) -> Refresh | None:
    """Claim the renewal of the present version."""
    return store.claim_refresh(ID, stored(store).version, holder=holder, lease=lease)


def test_a_credential_is_kept_with_what_is_known_of_it(store: CredentialStore, mongo_db: Db) -> None:
    """Kind, scopes, times and version come back; times are MongoDB's."""
    now = ServerClock(mongo_db).now()

    found = stored(store)

    assert (found.id, found.kind, found.sealed, found.is_renewable) == (
        ID,
        CredentialKind.OAUTH2_USER,
        "sealed-1",
        True,
    )
    assert found.scopes == ("tweet.read", "users.read")
    assert found.expires_at is not None
    assert found.expires_at - found.issued_at == timedelta(hours=2)
    assert abs(found.read_at - now) < timedelta(seconds=10)
    assert (found.reason, found.lost_at, found.paused_until, found.refused_version, found.refresh) == (None,) * 5
    assert store.all()[0].id == ID
    assert store.get("user-1") is None


def test_no_ciphertext_is_in_a_repr(store: CredentialStore) -> None:
    """What is logged by accident shows no ciphertext."""
    assert "sealed-1" not in f"{stored(store)!r} {FIRST!r}"


def test_versions_rise_also_over_a_removal(store: CredentialStore) -> None:
    """Whoever held the old tokens cannot store over a credential that was removed and added again."""
    before = stored(store).version
    store.put(ID, CredentialKind.OAUTH2_USER, SECOND)
    between = stored(store).version

    assert store.remove(ID)
    assert not store.remove(ID)
    store.put(ID, CredentialKind.OAUTH2_USER, FIRST)

    assert before < between < stored(store).version


def test_one_of_many_claims(store: CredentialStore) -> None:
    """Sixteen at once: one renews, the others are told that they do not."""
    version = stored(store).version
    with ThreadPoolExecutor(16) as threads:
        claims = list(
            threads.map(lambda n: store.claim_refresh(ID, version, holder=f"holder-{n}", lease=LEASE), range(16))
        )

    (winner,) = [found for found in claims if found is not None]
    assert winner.tries == 1
    assert winner.until - winner.since == LEASE
    assert stored(store).refresh == winner


def test_a_claim_passes_on_when_its_lease_ends(store: CredentialStore) -> None:
    """The next one sees that it is not the first to try, and when the first did."""
    claim(store, "dead", NO_TIME)

    again = claim(store, "alive")

    assert again is not None
    assert (again.holder, again.tries) == ("alive", 2)
    assert claim(store, "late") is None


def test_an_old_version_cannot_be_claimed(store: CredentialStore) -> None:
    """Who read before the tokens were replaced has nothing to renew."""
    version = stored(store).version
    assert store.store_refreshed(ID, version, SECOND, since=stored(store).issued_at)

    assert store.claim_refresh(ID, version, holder="late", lease=LEASE) is None


def test_new_tokens_clear_all_that_was_wrong(store: CredentialStore) -> None:
    """Stored over claim, refusal, pause and loss; the version rises by one; the life counts from the claim."""
    version = stored(store).version
    store.mark_refused(ID, version)
    claimed = claim(store, "me")
    assert claimed is not None
    store.mark_lost(ID, version, holder="me", reason="as $told")
    assert stored(store).lost_at is not None
    assert stored(store).reason == "as $told"

    assert store.store_refreshed(ID, version, SECOND, since=claimed.since)

    found = stored(store)
    assert (found.sealed, found.version, found.replaced_refused) == ("sealed-2", version + 1, True)
    assert found.expires_at == claimed.since + timedelta(hours=2)
    assert (found.reason, found.lost_at, found.paused_until, found.refused_version, found.refresh) == (None,) * 5


def test_tokens_are_stored_once(store: CredentialStore) -> None:
    """The same ones again are stored already; those of a version that was replaced are not stored."""
    version, since = stored(store).version, stored(store).issued_at

    assert store.store_refreshed(ID, version, SECOND, since=since)
    assert store.store_refreshed(ID, version, SECOND, since=since)
    assert not store.store_refreshed(ID, version, NewTokens("sealed-3", is_renewable=True), since=since)
    assert (stored(store).version, stored(store).sealed) == (version + 1, "sealed-2")


def test_only_the_holder_gives_a_verdict(store: CredentialStore) -> None:
    """One whose lease ended, and was taken over, neither loses the credential nor makes it wait."""
    version = stored(store).version
    claim(store, "stopped", NO_TIME)
    claim(store, "alive")

    assert not store.mark_lost(ID, version, holder="stopped", reason="used")
    assert not store.refresh_failed(ID, version, holder="stopped", wait=LEASE, reason="away")
    found = stored(store).refresh
    assert found is not None
    assert found.holder == "alive"
    assert store.mark_lost(ID, version, holder="alive", reason="used")
    assert claim(store, "anybody") is None


def test_after_a_failure_nobody_claims_before_its_time(store: CredentialStore) -> None:
    """The wait binds everybody; the tries are counted on."""
    version = stored(store).version
    claim(store, "me")
    assert store.refresh_failed(ID, version, holder="me", wait=LEASE, reason="X answered 503")

    assert claim(store, "other") is None
    found = stored(store)
    assert found.refresh is not None
    assert (found.reason, found.refresh.holder, found.refresh.tries) == ("X answered 503", None, 1)


def test_a_refusal_is_written_down_for_its_version_only(store: CredentialStore) -> None:
    """Not for one that was replaced, nor while it is being renewed."""
    version = stored(store).version

    assert not store.mark_refused(ID, version - 1)
    assert store.mark_refused(ID, version)
    assert stored(store).refused_version == version
    claim(store, "me")
    assert not store.mark_refused(ID, version)


def test_a_pause_ends_with_a_clean_slate(store: CredentialStore) -> None:
    """It has an end and a reason, and forgets the refusal, so that afterwards the token is tried again."""
    version = stored(store).version
    store.mark_refused(ID, version)

    assert store.pause(ID, version, length=LEASE, reason="refused")
    assert not store.pause(ID, version - 1, length=LEASE, reason="refused")

    found = stored(store)
    assert found.paused_until is not None
    assert timedelta(0) < found.paused_until - found.read_at <= LEASE
    assert (found.reason, found.refused_version, found.replaced_refused) == ("refused", None, False)


def test_a_ciphertext_is_replaced_only_if_it_is_still_that_one(store: CredentialStore) -> None:
    """A key is rotated while tokens are renewed, and neither undoes the other."""
    assert store.reseal(ID, "sealed-1", "sealed-1-by-another-key")
    assert not store.reseal(ID, "sealed-1", "too late")
    assert stored(store).sealed == "sealed-1-by-another-key"
    assert store.store_refreshed(ID, stored(store).version, SECOND, since=stored(store).issued_at)


def test_a_life_that_nobody_knows_has_no_end(store: CredentialStore) -> None:
    """An app-only token is kept without an end."""
    store.put("app-1", CredentialKind.BEARER, NewTokens("sealed", is_renewable=False))

    found = store.get("app-1")

    assert found is not None
    assert (found.expires_at, found.is_renewable) == (None, False)
