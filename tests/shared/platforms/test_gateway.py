"""Grant, request, ledger and settlement of a platform that is not X."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pytest
import redis
import requests
from requests.auth import AuthBase

from shared.domain.errors import CoveyError, NotGranted, ServerFault, Unauthorized
from shared.domain.models import CredentialKind, RateHeaders, WorkClass
from shared.domain.money.budgets import Budgets
from shared.domain.money.prices import Amounts, PriceKind, Prices
from shared.domain.money.purchases import add_up
from shared.platforms.call import GrantedCall
from shared.platforms.gateway import FixedCredentials, Gateway
from shared.platforms.transport import HttpTransport, Timeouts
from shared.ratelimit.limiter import Limiter
from shared.ratelimit.model import Block, BlockScope, Window
from shared.redis.connection import connect
from shared.runtime.clock import SystemClock
from shared.runtime.embedded import free_port
from shared.spending.ledger import Ledger
from shared.stores.database import Db
from shared.stores.ledger import LedgerStore
from tests.shared.platforms.x.local_server import LocalServer, always

FEE = Amounts({PriceKind.COUNTS_REQUEST: 2})
WORK = WorkClass.INTERACTIVE


@dataclass(frozen=True)
class Key:
    """Who may ask."""

    id: str = "key-1"
    kind: CredentialKind = CredentialKind.BEARER
    is_renewable: bool = False


@dataclass(frozen=True)
class Video:
    """An answer of a platform that bills by request."""

    status: int | None = None
    error: CoveyError | None = None
    title: str = ""
    is_whole: bool = True
    rate: RateHeaders = field(default_factory=RateHeaders)
    object_ids: Mapping[PriceKind, frozenset[int]] = field(default_factory=dict)
    nameless: Amounts = field(default_factory=Amounts)


class NoAuth(AuthBase):
    """Signs nothing."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """As it is."""
        return request


def video_at(url: str, *, kinds: frozenset[CredentialKind] = frozenset(CredentialKind)) -> GrantedCall[Key, Video]:
    """A call that asks this address."""
    transport = HttpTransport(Timeouts())

    def send(key: Key) -> Video:
        try:
            raw = transport.get("videos", url, {"key": key.id}, NoAuth())
        except CoveyError as error:
            return Video(error=error, is_whole=False)
        if raw.status != 200:
            return Video(raw.status, ServerFault("videos", raw.status))
        return Video(raw.status, title=json.loads(raw.body)["title"])

    return GrantedCall(endpoint="videos", credential_kinds=kinds, most=FEE, fee=FEE, send=send)


def blocks(error: CoveyError | None) -> Block | None:
    """A fault of this platform stops every paid call for a minute."""
    return Block(BlockScope.PAID, "a fault", for_seconds=60.0) if isinstance(error, ServerFault) else None


@pytest.fixture
def store(mongo_db: Db) -> LedgerStore:
    """The collection of an empty database."""
    return LedgerStore(mongo_db)


@pytest.fixture
def limiter(redis_client: redis.Redis) -> Limiter:
    """A limiter with room for two of the calls and a half."""
    return Limiter(redis_client, budgets=Budgets(day_usd=0.025))


@pytest.fixture
def ledger(limiter: Limiter, redis_url: str, store: LedgerStore) -> Ledger:
    """The real ledger."""
    return Ledger(connect(redis_url), store, prices=Prices(), clock=SystemClock())


@pytest.fixture
def gateway(limiter: Limiter, ledger: Ledger) -> Gateway[Key]:
    """A gateway of the platform."""
    return Gateway(limiter, FixedCredentials([Key()]), blocks, ledger=ledger)


@pytest.fixture
def server() -> Iterator[LocalServer]:
    """A platform that has one video."""
    server = LocalServer(always(200, {"title": "a"}, {}))
    yield server
    server.stop()


def used(limiter: Limiter) -> float:
    """Dollars of the day."""
    return next(one.used for one in limiter.state().budgets if one.window is Window.DAY_MONEY)


def test_answers_are_bought_until_the_budget_ends(
    gateway: Gateway[Key], limiter: Limiter, ledger: Ledger, store: LedgerStore, server: LocalServer
) -> None:
    """Two answers are paid, the third call is not sent; limiter and ledger agree to the micro-dollar."""
    call = video_at(server.url)

    titles = [gateway.call(WORK, call, bought=Amounts()).title for _ in range(2)]
    with pytest.raises(NotGranted, match="day_money") as refused:
        gateway.call(WORK, call, bought=Amounts())

    assert (titles, len(server.requests)) == (["a", "a"], 2)
    assert not refused.value.stops_all  # a cheaper call might fit
    ledger.copy()
    today = ledger.now().date()
    sums = add_up(store.between(today, today).values())
    assert (sums.calls, sums.bought, sums.micro_usd) == (2, FEE + FEE, 20_000)
    assert used(limiter) == pytest.approx(0.02)


def test_a_fault_is_free_and_blocks_what_the_platform_says(
    gateway: Gateway[Key], limiter: Limiter, ledger: Ledger, store: LedgerStore, server: LocalServer
) -> None:
    """An error costs nothing and is booked as failed; its block is the platform's own."""
    server.reply = always(503, b"", {})

    answer = gateway.call(WORK, video_at(server.url), bought=Amounts())

    assert isinstance(answer.error, ServerFault)
    assert used(limiter) == 0
    ledger.copy()
    [sums] = store.between(ledger.now().date(), ledger.now().date()).values()
    assert (sums.calls, sums.failed, sums.micro_usd, sums.bought) == (1, 1, 0, Amounts())
    assert [block.scope for block in limiter.state().blocks] == [BlockScope.PAID]


def test_what_never_left_is_given_back(gateway: Gateway[Key], limiter: Limiter, store: LedgerStore) -> None:
    """Without a connection nothing is spent and the ledger is told of no call."""
    answer = gateway.call(WORK, video_at(f"http://127.0.0.1:{free_port()}"), bought=Amounts())

    assert answer.error is not None
    assert used(limiter) == 0
    assert store.between(SystemClock().now().date(), SystemClock().now().date()) == {}


def test_without_a_fitting_credential_nothing_is_asked(gateway: Gateway[Key], server: LocalServer) -> None:
    """A kind of credential that the platform does not take is not offered."""
    call = video_at(server.url, kinds=frozenset({CredentialKind.OAUTH2_USER}))

    with pytest.raises(Unauthorized):
        gateway.call(WORK, call, bought=Amounts())

    assert server.requests == []
