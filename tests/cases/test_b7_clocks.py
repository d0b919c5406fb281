"""No time that X writes stops an endpoint for longer than a window can be, or books money on a day nobody reads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
import redis
from pydantic import SecretStr
from pymongo.database import Database

from shared.domain.errors import DailyCapExceeded, NotGranted, Throttled, WindowExceeded
from shared.domain.models import CredentialKind, Page, WorkClass
from shared.domain.money.prices import PriceKind, Prices
from shared.platforms.x.auth import BearerAuth, Credential
from shared.platforms.x.client import XClient
from shared.platforms.x.gateway import FixedCredentials, XGateway
from shared.ratelimit.limiter import Limiter
from shared.runtime.clock import SystemClock
from shared.spending.ledger import Ledger
from shared.stores.ledger import LedgerStore
from tests.shared.platforms.x.local_server import always, page, post, serving

WEEK, YEAR = timedelta(days=7), timedelta(days=365)
WINDOW, DAY = timedelta(minutes=15), timedelta(days=1)


def _now() -> datetime:
    return datetime.now(UTC)


def _date(ahead: timedelta = timedelta(0)) -> dict[str, str]:
    return {"Date": format_datetime(_now() + ahead, usegmt=True)}


def _seconds(ahead: timedelta) -> int:
    return int((_now() + ahead).timestamp())


RESETS = {
    "milliseconds": lambda: _seconds(WINDOW) * 1_000,
    "microseconds": lambda: _seconds(WINDOW) * 1_000_000,
    "a week away": lambda: _seconds(WEEK),
    "a year away": lambda: _seconds(YEAR),
    "a week ago": lambda: _seconds(-WEEK),
    "seconds from now": lambda: 900,
    "nothing": lambda: 0,
    "all nines": lambda: 10**19 - 1,
}


@pytest.fixture
def limiter(redis_client: redis.Redis) -> Limiter:
    """Without budgets."""
    return Limiter(redis_client)


def _gateway(url: str, limiter: Limiter, ledger: Ledger | None = None) -> XGateway:
    auth = BearerAuth(SecretStr("the-secret-token"))
    source = FixedCredentials([Credential("app", CredentialKind.BEARER, auth)])
    return XGateway(XClient(url), limiter, source, ledger=ledger)


def _search(gateway: XGateway) -> Page:
    return gateway.search(WorkClass.SEARCH, query="a")


def _limits(remaining: int, reset: int, **more: str) -> dict[str, str]:
    return {
        "x-rate-limit-limit": "450",
        "x-rate-limit-remaining": str(remaining),
        "x-rate-limit-reset": str(reset),
        **more,
    }


@pytest.mark.parametrize("kind", RESETS)
def test_a_window_ends_within_its_length(kind: str, limiter: Limiter) -> None:
    """The answer was good and the window has room: it is used, and known anew after a quarter of an hour."""
    with serving(always(200, page(post(5)), _limits(400, RESETS[kind]()) | _date())) as server:
        gateway = _gateway(server.url, limiter)
        for _ in range(3):
            _search(gateway)

    [window] = limiter.state().windows
    assert window.remaining is not None
    assert window.remaining >= 396
    assert window.reset_in_seconds is not None
    assert 0 < window.reset_in_seconds <= 965


@pytest.mark.parametrize("kind", RESETS)
def test_a_spent_window_stops_an_endpoint_for_no_longer(kind: str, limiter: Limiter) -> None:
    """After a 429 the call is refused for a quarter of an hour at most; `covey unblock` lifts it."""
    headers = _limits(0, RESETS[kind]()) | _date()
    with serving(always(429, {"title": "Too Many Requests"}, headers)) as server:
        gateway = _gateway(server.url, limiter)
        with pytest.raises(WindowExceeded) as caught:
            _search(gateway)
        with pytest.raises(NotGranted) as refused:
            _search(gateway)

    assert caught.value.wait_seconds <= 965
    assert refused.value.wait_seconds <= 965
    assert limiter.unblock(credential_id="app", endpoint="search/recent")


@pytest.mark.parametrize("kind", RESETS)
def test_a_cap_of_a_day_ends_within_a_day(kind: str, limiter: Limiter) -> None:
    """Its reset may be a day off, and no more."""
    headers = _limits(400, _seconds(WINDOW)) | _date()
    day = {"x-app-limit-24hour-remaining": "0", "x-app-limit-24hour-reset": str(RESETS[kind]())}
    with serving(always(429, {"title": "Too Many Requests"}, headers | day)) as server:
        gateway = _gateway(server.url, limiter)
        with pytest.raises(DailyCapExceeded) as caught:
            _search(gateway)
        with pytest.raises(NotGranted) as refused:
            _search(gateway)

    assert caught.value.wait_seconds <= DAY.total_seconds() + 65
    assert refused.value.wait_seconds <= DAY.total_seconds() + 65
    assert limiter.unblock(credential_id="app", endpoint="search/recent")


def test_a_reset_within_the_window_is_kept_to_the_second(limiter: Limiter) -> None:
    """What can be is believed, also where X's clock and ours are minutes apart."""
    ahead = timedelta(minutes=20)
    headers = _limits(0, _seconds(ahead + timedelta(seconds=300))) | _date(ahead)
    with serving(always(429, {"title": "Too Many Requests"}, headers)) as server, pytest.raises(Throttled) as caught:
        _search(_gateway(server.url, limiter))

    assert caught.value.wait_seconds == pytest.approx(300, abs=2)


@pytest.mark.parametrize("off", [WEEK, -WEEK, timedelta(hours=2), -timedelta(hours=2), 50 * YEAR, -50 * YEAR])
@pytest.mark.parametrize("is_reset_off", [False, True], ids=["true reset", "reset as its Date"])
def test_a_date_that_cannot_be_stops_nothing(off: timedelta, is_reset_off: bool, limiter: Limiter) -> None:
    """Whether its resets are as wrong as its Date or not, a window lasts no longer than a quarter of an hour."""
    reset = _seconds(WINDOW + (off if is_reset_off else timedelta(0)))
    with serving(always(200, page(post(5)), _limits(400, reset) | _date(off))) as server:
        found = _search(_gateway(server.url, limiter))

    [window] = limiter.state().windows
    assert window.reset_in_seconds is not None
    assert 0 < window.reset_in_seconds <= 965
    assert found.rate.date_seconds == pytest.approx(_now().timestamp(), abs=10)


@pytest.fixture
def books(mongo_db: Database[dict[str, Any]]) -> LedgerStore:
    """The ledger in MongoDB."""
    return LedgerStore(mongo_db)


@pytest.mark.parametrize("off", [timedelta(0), WEEK, -WEEK, YEAR])
def test_money_is_booked_today(off: timedelta, redis_client: redis.Redis, limiter: Limiter, books: LedgerStore) -> None:
    """By whatever Date: what was bought is in the sums of this UTC day, and is known as bought."""
    ledger = Ledger(redis_client, books, prices=Prices(), clock=SystemClock())
    with serving(always(200, page(post(5), post(6)), _limits(400, _seconds(WINDOW)) | _date(off))) as server:
        before = _now().date()
        _search(_gateway(server.url, limiter, ledger))
        ledger.copy()
        after = _now().date()

    [(row, sums)] = books.between(before - YEAR * 2, after + YEAR * 2).items()
    assert row.day in {before, after}
    assert sums.bought[PriceKind.POST] == 2
    assert after != before or ledger.bought(PriceKind.POST, [5, 6]) == {5, 6}


def test_it_is_told_once(limiter: Limiter, capsys: pytest.CaptureFixture[str]) -> None:
    """One line for the first answer, none for the others, and none where the clocks are minutes apart."""
    with serving(always(200, page(post(5)), _limits(400, _seconds(WINDOW)) | _date(timedelta(minutes=50)))) as server:
        _search(_gateway(server.url, limiter))
    assert "not believed" not in "".join(capsys.readouterr())

    with serving(always(200, page(post(5)), _limits(400, _seconds(WINDOW)) | _date(WEEK))) as server:
        gateway = _gateway(server.url, limiter)
        for _ in range(5):
            _search(gateway)

    said = "".join(capsys.readouterr())
    assert said.count("X's Date is not believed") == 1
    assert "604" in said
