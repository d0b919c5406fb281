"""One odd refusal does not make every worker speak the dialect that costs more; a true one is noticed and said."""

from __future__ import annotations

import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis
from pydantic import SecretStr
from pymongo.database import Database

from shared.domain.errors import UnknownParameter
from shared.domain.models import CredentialKind, WorkClass
from shared.domain.money.prices import MICRO, Prices
from shared.platforms.x.auth import BearerAuth, Credential
from shared.platforms.x.client import XClient
from shared.platforms.x.dialect import LOOK_AGAIN, READ_AGAIN, SharedDialectMemory
from shared.platforms.x.fields import Dialect
from shared.platforms.x.gateway import FixedCredentials, XGateway
from shared.ratelimit.limiter import Limiter
from shared.runtime import metrics
from shared.runtime.clock import ManualClock, SystemClock
from shared.spending.ledger import Ledger
from shared.stores.ledger import LedgerStore
from shared.stores.state import StateStore
from tests.shared.platforms.x.local_server import LocalServer, Reply, http, page, post, serving

MESSAGES = {
    "value of both dialects": "The `tweet.fields` query parameter value [source] is not one of [id,text]",
    "expansion of both dialects": "The `expansions` query parameter value [author_id] is not one of []",
    "field of media": "The `media.fields` query parameter value [alt_text] is not one of [url]",
    "parameter of both dialects": "The query parameter [max_results] is not one of [query]",
    "name that was not said": "The `tweet.fields` query parameter value [note_post] is not one of [id]",
    "other dialect's parameter": "The query parameter [post.fields] is not one of [tweet.fields]",
}
PECULIAR = {
    "parameter": "The query parameter [tweet.fields] is not one of [query,post.fields]",
    "field": "The `tweet.fields` query parameter value [referenced_tweets] is not one of [id,text]",
    "fields": "The `tweet.fields` query parameter value [source,note_tweet] is not one of [id,text]",
}
Make = Callable[..., XGateway]


def _refusal(message: str) -> bytes:
    return http(400, {"errors": [{"message": message}], "title": "Invalid Request"})


def _x(refuses: Callable[[int, str], str | None]) -> Reply:
    """An X that refuses the n-th request (from 0) with a message, or answers it in its dialect."""
    count = iter(range(10**6))

    def reply(connection: socket.socket, head: str) -> None:
        message = refuses(next(count), head.split("\r\n")[0])
        if message is not None:
            return connection.sendall(_refusal(message))
        body: dict[str, Any] = page(*(post(10 + n) for n in range(100)))
        if "post.fields=" in head:
            body |= {"includes": {"posts": [post(1000 + n) for n in range(78)]}}
        connection.sendall(http(200, body))

    return reply


@pytest.fixture
def store(mongo_db: Database[dict[str, Any]]) -> StateStore:
    """What all workers share."""
    return StateStore(mongo_db)


@pytest.fixture
def ledger(redis_client: redis.Redis, mongo_db: Database[dict[str, Any]]) -> Ledger:
    """The books."""
    prices = Prices()
    return Ledger(redis_client, LedgerStore(mongo_db), prices=prices, clock=SystemClock())


@pytest.fixture
def clock() -> ManualClock:
    """It stands, near the machine's."""
    return ManualClock(datetime.now(UTC))


@pytest.fixture
def make(redis_client: redis.Redis, store: StateStore, ledger: Ledger, clock: ManualClock) -> Make:
    """Makes workers, which share a memory, a limiter and the books."""
    source = FixedCredentials([Credential("app", CredentialKind.BEARER, BearerAuth(SecretStr("the-secret-token")))])

    def worker(server: LocalServer) -> XGateway:
        client = XClient(server.url, dialect_memory=SharedDialectMemory(store), clock=clock)
        return XGateway(client, Limiter(redis_client), source, ledger=ledger)

    return worker


def _search(gateway: XGateway) -> int | None:
    return gateway.search(WorkClass.SEARCH, query="a", expand_authors=False).newest_id


def _spoken(server: LocalServer) -> list[str]:
    return ["new" if "post.fields=" in head.split("\r\n")[0] else "old" for head in server.requests]


def _changes() -> float:
    return sum(metrics.X_DIALECT_CHANGES.labels(dialect.value)._value.get() for dialect in Dialect)


@pytest.mark.parametrize("kind", MESSAGES)
def test_a_refusal_that_is_not_about_the_dialect_changes_nothing(kind: str, make: Make, store: StateStore) -> None:
    """The call fails as a wrong one, and the next one speaks as before, in this worker and in others."""
    before = _changes()
    with serving(_x(lambda n, line: MESSAGES[kind] if n == 0 else None)) as server:
        first, second = make(server), make(server)
        with pytest.raises(Exception, match="X refused the request"):
            _search(first)
        _search(first)
        _search(second)

        assert _spoken(server) == ["old", "old", "old"]
    assert store.get(SharedDialectMemory.KEY) is None
    assert _changes() == before


def test_the_pages_cost_what_they_did(make: Make, ledger: Ledger, mongo_db: Database[dict[str, Any]]) -> None:
    """After such a refusal a page of 100 posts costs half a dollar, and none is billed for what it refers to."""
    with serving(_x(lambda n, line: MESSAGES["value of both dialects"] if n == 0 else None)) as server:
        gateway = make(server)
        with pytest.raises(UnknownParameter):
            _search(gateway)
        _search(gateway)
    ledger.copy()

    today = datetime.now(UTC).date()
    rows = LedgerStore(mongo_db).between(today - timedelta(days=1), today).values()
    assert sum(sums.micro_usd for sums in rows) == 0.5 * MICRO


@pytest.mark.parametrize("kind", PECULIAR)
def test_a_true_refusal_is_remembered_once_the_other_one_is_answered(
    kind: str, make: Make, store: StateStore, capsys: pytest.CaptureFixture[str]
) -> None:
    """The call is repeated once; all workers speak the new dialect from then on; log and metric say so."""
    before = _changes()
    with serving(_x(lambda n, line: PECULIAR[kind] if "tweet.fields=" in line else None)) as server:
        assert _search(make(server)) == 109
        _search(make(server))

        assert _spoken(server) == ["old", "new", "new"]
    learned = SharedDialectMemory(store).get()
    assert learned is not None
    assert (learned.dialect, learned.reason) == (Dialect.NEW, PECULIAR[kind])
    assert _changes() == before + 1
    said = "".join(capsys.readouterr())
    assert said.count("X refuses the dialect; trying the other one") == said.count("dialect changed") == 1


@pytest.mark.parametrize("status", [400, 500, 503, 429])
def test_where_the_other_one_is_not_answered_nothing_is_remembered(status: int, make: Make, store: StateStore) -> None:
    """Whatever became of the trial but a 200: no other worker changes."""

    def reply(connection: socket.socket, head: str) -> None:
        is_old = "tweet.fields=" in head.split("\r\n")[0]
        message = "The query parameter [post.fields] is not one of []"
        other = http(status, {"errors": [{"message": message}]}, {"x-rate-limit-remaining": "5"})
        connection.sendall(_refusal(PECULIAR["parameter"]) if is_old else other)

    before = _changes()
    with serving(reply) as server:
        with pytest.raises(Exception, match="search/recent"):
            _search(make(server))

        assert _spoken(server) == ["old", "new"]
    assert store.get(SharedDialectMemory.KEY) is None
    assert _changes() == before


def test_x_is_looked_at_again_every_day(make: Make, store: StateStore, clock: ManualClock) -> None:
    """While it refuses, one call of one worker a day; once it answers, all come back to the cheaper dialect."""
    takes_old = [False]

    def refuses(n: int, line: str) -> str | None:
        return PECULIAR["parameter"] if "tweet.fields=" in line and not takes_old[0] else None

    with serving(_x(refuses)) as server:
        first, second = make(server), make(server)
        _search(first)
        _search(second)
        server.requests.clear()
        clock.advance(LOOK_AGAIN.total_seconds())
        for worker in (first, second, first, second):
            assert _search(worker) == 109
        assert _spoken(server) == ["old", "new", "new", "new", "new"]

        takes_old[0] = True
        server.requests.clear()
        clock.advance(LOOK_AGAIN.total_seconds())
        _search(second)
        clock.advance(READ_AGAIN.total_seconds())
        _search(first)

        assert _spoken(server) == ["old", "old"]
    learned = SharedDialectMemory(store).get()
    assert learned is not None
    assert learned.dialect is Dialect.OLD
