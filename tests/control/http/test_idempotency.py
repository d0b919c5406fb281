"""Requests with an Idempotency-Key, on a real socket."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from shared.domain.access import Scope
from shared.stores.idempotency import LEASE, IdempotencyStore
from tests.control.http.conftest import Api, problem

# Any route that makes something will do; this one's answer holds a secret, so it is not the one to be kept.
pytestmark = pytest.mark.usefixtures("api")


def test_a_key_that_is_none_is_refused(api: Api) -> None:
    """A key is a quoted string, or bare; what is neither is refused before anything is done."""
    for wrong in ("", '"open', "a b", '"' + "x" * 256 + '"', "ä"):
        answer = api.post("/v1/tokens", {"name": "a", "scopes": ["read"]}, headers={"Idempotency-Key": wrong.encode()})
        problem(answer, 400, "malformed-request")


def test_an_answer_that_holds_a_secret_is_kept_nowhere(api: Api) -> None:
    """The text of a token is in its answer alone."""
    answer = api.post("/v1/tokens", {"name": "a", "scopes": ["read"]}, headers={"Idempotency-Key": '"one"'})
    assert answer.status_code == 201
    text = answer.json()["token"]
    for name in api.services.stores.db.list_collection_names():
        assert all(text not in repr(one) for one in api.services.stores.db[name].find())


def test_while_the_first_request_runs_the_second_waits(api: Api) -> None:
    """The key is taken until its lease ends; then whoever comes has it."""
    store, now = IdempotencyStore(api.services.stores.db), api.services.clock.now()
    assert store.claim("default|POST /v1/tokens|two", digest="d", now=now) is None
    taken = store.claim("default|POST /v1/tokens|two", digest="d", now=now + timedelta(seconds=1))
    assert taken is not None
    assert taken.status is None
    assert store.claim("default|POST /v1/tokens|two", digest="d", now=now + LEASE) is None


def test_of_many_at_once_one_has_the_key(api: Api) -> None:
    """The unique id is the lock: of eight claims at the same moment one is granted."""
    store, now = IdempotencyStore(api.services.stores.db), api.services.clock.now()
    begin, granted = threading.Barrier(8), []

    def claim() -> None:
        begin.wait(10)
        if store.claim("k", digest="d", now=now) is None:
            granted.append(1)

    threads = [threading.Thread(target=claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert granted == [1]


def test_a_stored_answer_is_given_back_and_another_request_refused(api: Api) -> None:
    """What was answered once is known by its digest; a kept answer is not forgotten by a later refusal."""
    store, now = IdempotencyStore(api.services.stores.db), api.services.clock.now()
    store.claim("k", digest="d", now=now)
    store.store("k", status=202, headers={"location": "/v1/runs/1"}, body=b"{}")
    store.forget("k")
    found = store.claim("k", digest="other", now=now + LEASE * 2)
    assert found is not None
    assert (found.digest, found.status, found.body) == ("d", 202, b"{}")
    assert found.headers == {"location": "/v1/runs/1"}


def test_a_key_is_of_its_tenant(api: Api) -> None:
    """Two tenants may use the same key for requests of their own."""
    other = api.token([Scope.ADMIN], tenant="acme")
    headers = {"Idempotency-Key": "same"}
    first = api.post("/v1/tokens", {"name": "a", "scopes": ["read"]}, headers=headers)
    second = api.post("/v1/tokens", {"name": "b", "scopes": ["read"]}, headers=headers, token=other)
    assert (first.status_code, second.status_code) == (201, 201)
