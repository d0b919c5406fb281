"""What the gateway is offered, and what becomes of a 401, against the simulator."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pymongo
import pytest
import redis
import requests
from pydantic import SecretStr
from requests_oauthlib import OAuth1

from shared.credentials.secrets import BearerToken, Secret, SigningKeys
from shared.credentials.standing import State
from shared.credentials.vault import Vault, new_key
from shared.domain.errors import CredentialNotReady, StoreUnavailable, Unauthorized
from shared.domain.models import CredentialKind, WorkClass
from shared.platforms.x.answer import CallRecord
from shared.platforms.x.auth import bearer_credential
from shared.platforms.x.endpoints import ANY_KIND, APP_ONLY, USER_ONLY
from shared.runtime import metrics
from shared.stores.credentials import CredentialStore, NewTokens
from shared.stores.database import Db
from tests.shared.credentials.accounts import KEY, Account, is_usable, make_gateway, make_pool, state_of, wait_for
from tests.workers.world import Simulator, eventually

NOT_A_TOKEN = SecretStr("an-access-token-that-x-does-not-know")
OWN = bearer_credential(SecretStr("sim-of-the-environment"))


@pytest.fixture
def refusing_users(x: Simulator) -> Iterator[None]:
    """X answers 401 to every lookup of accounts, whatever the token."""
    rule = {"match": {"endpoint": "users"}, "answer": {"kind": "problem", "problem": "unauthorized"}}
    requests.post(f"{x.url}/_sim/faults", json={"seed": 1, "rules": [rule]}, timeout=5).raise_for_status()
    yield
    requests.post(f"{x.url}/_sim/faults", json={}, timeout=5).raise_for_status()


def keep(store: CredentialStore, credential_id: str, secret: Secret, *, key: SecretStr = KEY) -> None:
    """Store a secret that is not renewed."""
    store.put(credential_id, secret.kind, NewTokens(Vault(key).seal(credential_id, secret), is_renewable=False))


def test_all_that_may_be_asked_with_is_offered(
    store: CredentialStore, mongo_db: Db, x: Simulator, account: Account
) -> None:
    """The environment's token, a stored one, an account's tokens and keys that sign: X takes each."""
    bearer = BearerToken(SecretStr("sim-stored-token"))
    keys = SigningKeys(7, *(SecretStr(f"sim-{name}") for name in ("key", "key-secret", "token", "token-secret")))
    keep(store, bearer.credential().id, bearer)
    keep(store, "user1-7", keys)
    account.stored(store)
    pool = make_pool(mongo_db, x.url, own=[OWN])

    offered = {credential.id: credential for credential in pool.usable()}

    assert set(offered) == {OWN.id, bearer.credential().id, "user1-7", account.id}
    assert isinstance(offered["user1-7"].auth, OAuth1)
    for credential in offered.values():
        answer = requests.get(f"{x.url}/2/users?ids=1", auth=credential.auth, timeout=5)
        assert answer.status_code == 200, credential


def test_what_no_key_opens_is_left_out_with_the_reason(store: CredentialStore, mongo_db: Db, x: Simulator) -> None:
    """A ciphertext of another key, one that was moved, and one whose clear part was changed."""
    bearer = BearerToken(SecretStr("sim-stored-token"))
    keep(store, "app-1", bearer, key=SecretStr(new_key()))
    keep(store, "app-2", bearer)
    keep(store, "app-3", bearer)
    stolen = mongo_db["X_credentials"].find_one({"_id": "app-3"})
    assert stolen is not None
    mongo_db["X_credentials"].update_one({"_id": "app-2"}, {"$set": {"sealed": stolen["sealed"]}})
    mongo_db["X_credentials"].update_one({"_id": "app-3"}, {"$set": {"kind": "oauth2_user"}})
    pool = make_pool(mongo_db, x.url, own=[OWN])

    assert [credential.id for credential in pool.usable()] == [OWN.id]

    reasons = {found.id: (found.state, found.reason or "") for found in pool.states()[1:]}
    assert {state for state, _ in reasons.values()} == {State.LOCKED}
    assert "no key of COVEY_CREDENTIAL_KEYS opens it" in reasons["app-1"][1]
    assert "made for another credential" in reasons["app-2"][1]
    assert "not what was encrypted" in reasons["app-3"][1]
    assert metrics.CREDENTIALS.labels("bearer", "locked")._value.get() == 2


def test_without_any_credential_a_person_must_act(mongo_db: Db, x: Simulator, store: CredentialStore) -> None:
    """None at all, none of the kind, and one that is lost: the error says which."""
    pool = make_pool(mongo_db, x.url)
    nothing = pool.missing("users", ANY_KIND)
    assert isinstance(nothing, Unauthorized)
    assert nothing.reason == "no-credential"
    assert "no credential is configured" in str(nothing)

    keep(store, "user1-7", SigningKeys(7, *[SecretStr("sim-x")] * 4), key=SecretStr(new_key()))
    pool = make_pool(mongo_db, x.url)
    assert "no credential is configured" in str(pool.missing("usage/tweets", APP_ONLY))
    assert "user1-7 is locked: " in str(pool.missing("users", USER_ONLY))


def test_a_reading_is_good_for_some_seconds_only(store: CredentialStore, mongo_db: Db, x: Simulator) -> None:
    """A credential that joins or is removed is seen when the reading is old; until then MongoDB is not asked."""
    pool = make_pool(mongo_db, x.url, cache_seconds=60)
    assert pool.usable() == ()
    keep(store, "user1-7", SigningKeys(7, *[SecretStr("sim-x")] * 4))
    assert pool.usable() == ()

    quick = make_pool(mongo_db, x.url, cache_seconds=0.05)
    eventually(lambda: is_usable(quick, "user1-7"))
    store.remove("user1-7")
    eventually(lambda: not is_usable(quick, "user1-7"))


def test_the_environment_s_token_goes_before_a_stored_one(store: CredentialStore, mongo_db: Db, x: Simulator) -> None:
    """The same token twice is one credential."""
    keep(store, OWN.id, BearerToken(SecretStr("sim-of-the-environment")))
    pool = make_pool(mongo_db, x.url, own=[OWN])

    assert list(pool.usable()) == [OWN]
    assert [found.is_stored for found in pool.states()] == [False]


def test_no_mongodb_no_call() -> None:
    """What could not be stored is not bought; threads that come next are told at once."""
    client: pymongo.MongoClient[dict[str, object]] = pymongo.MongoClient(
        "mongodb://127.0.0.1:1", serverSelectionTimeoutMS=50
    )
    pool = make_pool(client["nowhere"], "http://127.0.0.1:1", own=[OWN])

    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            pool.usable()
    client.close()


def test_a_token_near_its_end_is_replaced_before_anybody_uses_it(
    store: CredentialStore, mongo_db: Db, x: Simulator, account: Account
) -> None:
    """It is not handed out; who needs it is told to come again; then there is a new one, stored and good."""
    account.stored(store, lifetime=timedelta(seconds=-1))
    pool = make_pool(mongo_db, x.url)
    version = store.all()[0].version

    assert all(credential.version > version for credential in pool.usable())
    missing = pool.missing("users", ANY_KIND)
    assert isinstance(missing, CredentialNotReady)
    assert 0 < missing.wait_seconds <= 0.5

    eventually(lambda: is_usable(pool, account.id))
    (new,) = pool.usable()
    assert new.version == store.all()[0].version == version + 1
    assert account.session["refreshes"] == 1
    assert requests.get(f"{x.url}/2/users/me", auth=new.auth, timeout=5).status_code == 200
    opened = Vault(KEY).open(account.id, store.all()[0].sealed)
    assert opened != account.tokens


def test_a_token_that_came_while_somebody_looked_is_no_reason_to_give_up(
    store: CredentialStore, mongo_db: Db, x: Simulator, account: Account
) -> None:
    """Nothing was usable a moment ago, now it is: the job comes again at once."""
    account.stored(store)

    missing = make_pool(mongo_db, x.url).missing("users", ANY_KIND)

    assert isinstance(missing, CredentialNotReady)
    assert missing.wait_seconds < 0.1


def test_others_do_the_work_while_one_is_renewed(
    store: CredentialStore, mongo_db: Db, x: Simulator, account: Account, redis_url: str, redis_client: redis.Redis
) -> None:
    """A call that another credential can make waits for nobody."""
    account.stored(store, lifetime=timedelta(seconds=-1))
    seen: list[CallRecord] = []
    pool = make_pool(mongo_db, x.url, own=[OWN])

    make_gateway(redis_url, x.url, pool, seen).users(WorkClass.INTERACTIVE, user_ids=[1])

    assert [(record.credential_id, record.status) for record in seen] == [(OWN.id, 200)]
    eventually(lambda: is_usable(pool, account.id))


def test_a_401_is_answered_by_one_renewal(
    store: CredentialStore, mongo_db: Db, x: Simulator, account: Account, redis_url: str, redis_client: redis.Redis
) -> None:
    """The call is deferred, the token replaced, and the next call is good; the limiter blocks nothing."""
    account.stored(store, access=NOT_A_TOKEN)
    seen: list[CallRecord] = []
    pool = make_pool(mongo_db, x.url)
    gateway = make_gateway(redis_url, x.url, pool, seen)

    with pytest.raises(CredentialNotReady) as caught:
        gateway.users(WorkClass.INTERACTIVE, user_ids=[1])

    assert 0 < caught.value.wait_seconds <= 0.5
    eventually(lambda: is_usable(pool, account.id))
    gateway.users(WorkClass.INTERACTIVE, user_ids=[1])
    assert [record.status for record in seen] == [401, 200]
    assert account.session["refreshes"] == 1
    assert account.session["ended"] is None


def test_a_401_to_a_token_that_was_replaced_meanwhile_renews_nothing(
    store: CredentialStore, mongo_db: Db, x: Simulator, account: Account
) -> None:
    """The caller comes back at once and finds the new one."""
    account.stored(store)
    pool = make_pool(mongo_db, x.url, cache_seconds=60)
    (old,) = pool.usable()
    account.stored(store)

    answer = pool.refused(old, Unauthorized("users", "401"))

    assert isinstance(answer, CredentialNotReady)
    assert answer.wait_seconds < 0.1
    (new,) = pool.usable()
    assert new.version > old.version
    assert account.session["refreshes"] == 0


def test_a_renewed_token_that_is_refused_too_pauses_its_credential(
    store: CredentialStore,
    mongo_db: Db,
    x: Simulator,
    account: Account,
    redis_url: str,
    redis_client: redis.Redis,
    refusing_users: None,
) -> None:
    """Refreshed once, then left out for everybody, with the reason; after the pause it is tried and renewed again."""
    account.stored(store)
    seen: list[CallRecord] = []
    pool, other = make_pool(mongo_db, x.url), make_pool(mongo_db, x.url, cache_seconds=0)
    gateway = make_gateway(redis_url, x.url, pool, seen)
    with pytest.raises(CredentialNotReady):
        gateway.users(WorkClass.INTERACTIVE, user_ids=[1])
    eventually(lambda: is_usable(pool, account.id))

    for _ in range(3):
        with pytest.raises(Unauthorized):
            gateway.users(WorkClass.INTERACTIVE, user_ids=[1])

    assert [record.status for record in seen] == [401, 401]
    assert account.session["refreshes"] == 1
    assert state_of(other, account.id) is State.PAUSED
    assert "X refuses renewed tokens too" in str(other.missing("users", ANY_KIND))
    mongo_db["X_credentials"].update_one({}, [{"$set": {"paused_until": "$$NOW"}}])
    later = make_gateway(redis_url, x.url, make_pool(mongo_db, x.url), seen)
    with pytest.raises(CredentialNotReady):
        later.users(WorkClass.INTERACTIVE, user_ids=[1])
    wait_for(other, account.id, State.OK)
    assert account.session["refreshes"] == 2


def test_a_removed_credential_is_refused_for_good(store: CredentialStore, mongo_db: Db, x: Simulator) -> None:
    """A 401 to a credential that nobody knows any more stands."""
    account = Account(x)
    account.stored(store)
    pool = make_pool(mongo_db, x.url, cache_seconds=60)
    (old,) = pool.usable()
    store.remove(account.id)
    error = Unauthorized("users", "401")

    assert pool.refused(old, error) is error
    assert pool.usable() == ()


def test_a_token_that_cannot_be_renewed_is_used_to_its_end(
    store: CredentialStore, mongo_db: Db, x: Simulator, account: Account
) -> None:
    """Without a refresh token it is good while it lasts; then a person must connect again."""
    tokens = type(account.tokens)(account.tokens.user_id, account.client, account.tokens.access)
    for lifetime, state in ((timedelta(hours=1), State.OK), (timedelta(seconds=-1), State.EXPIRED)):
        sealed = Vault(KEY).seal(account.id, tokens)
        store.put(account.id, CredentialKind.OAUTH2_USER, NewTokens(sealed, is_renewable=False, lifetime=lifetime))
        pool = make_pool(mongo_db, x.url)

        assert state_of(pool, account.id) is state
        assert is_usable(pool, account.id) is (state is State.OK)
    assert "covey connect" in str(pool.missing("users", ANY_KIND))
