"""What the plan lacks is learned from X's first refusal, and what the routes cost is booked as X bills it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from shared.domain.coverage.capabilities import BELIEVED_FOR
from shared.domain.errors import CoveyError, Forbidden, NotGranted
from shared.domain.models import WorkClass
from shared.domain.money.prices import PriceKind
from shared.domain.money.purchases import Sums, add_up
from shared.platforms.gateway import FixedCredentials
from shared.platforms.x.auth import bearer_credential, oauth2_credential
from shared.platforms.x.client import XClient
from shared.platforms.x.error_map import NOT_IN_PLAN
from shared.platforms.x.gateway import XGateway
from shared.runtime.clock import ManualClock
from shared.services.bootstrap import Services
from shared.services.capabilities import RememberedPlan
from shared.stores.state import StateStore
from tests.workers.world import Simulator, start_simulator

Make = Callable[..., Services]
WORK = WorkClass.BACKFILL


@pytest.fixture
def serve() -> Iterator[Callable[..., Simulator]]:
    """Starts simulators with options of the test's own."""
    running = []

    def start(*options: str) -> Simulator:
        found, process = start_simulator("--seed", "4", "--accounts", "3", "--activity", "4", *options)
        running.append(process)
        return found

    yield start
    for process in running:
        process.terminate()
        process.wait(10)
        assert process.stdout is not None
        process.stdout.close()


def _archive(services: Services, **changes: Any) -> int:
    start = services.clock.now() - timedelta(days=20)
    page = services.x.search(
        WORK,
        query="team OR plan",
        of_archive=True,
        start_time=start,
        **{"expand_authors": None, "max_results": 50, **changes},
    )
    return len(page.posts)


def _booked(services: Services) -> Sums:
    services.ledger.copy()
    today = services.ledger.now().date()
    return add_up(services.stores.ledger.between(today - timedelta(days=1), today).values())


def test_a_plan_without_the_archive_is_asked_once_a_day(make_services: Make, serve: Callable[..., Simulator]) -> None:
    """The first 403 is remembered for all processes; nobody asks again, and nothing is blocked or billed."""
    x = serve("--no-archive", "--history-hours", "24")
    first, second = make_services(x.url), make_services(x.url)

    for services in (first, second, first):
        with pytest.raises(Forbidden) as caught:
            _archive(services)
        assert caught.value.reason == NOT_IN_PLAN

    learned = second.plan.capabilities().known["search/all"]
    assert x.calls("search/all") == 1
    assert "client-forbidden" in learned.reason
    assert (learned.is_there, abs(learned.at - first.clock.now()) < timedelta(minutes=1)) == (False, True)
    assert first.plan.capabilities().has("search/all", first.clock.now()) is False
    assert x.truth("bill")["micro_usd"] == 0
    assert first.x.search(WORK, query="team", max_results=10).rate.limit == 450


def test_a_refusal_is_believed_for_a_day(services: Services) -> None:
    """A day later X is asked again, and what it says then holds."""
    clock = ManualClock(services.clock.now())
    plan = RememberedPlan(StateStore(services.stores.db), clock)
    plan.refused(Forbidden("search/all", "X answered 403", reason=NOT_IN_PLAN))
    plan.refused(Forbidden("counts/all", "X answered 403", reason="unsupported-authentication"))

    with pytest.raises(Forbidden, match="asked again after"):
        plan.check("search/all")
    plan.check("counts/all")
    clock.advance(BELIEVED_FOR.total_seconds())
    plan.check("search/all")
    plan.answered("search/all")

    [(endpoint, learned)] = plan.capabilities().known.items()
    assert (endpoint, learned.is_there, learned.reason) == ("search/all", True, "")
    assert abs(learned.at - clock.now()) < timedelta(milliseconds=1)  # MongoDB keeps whole ones


def test_a_plan_with_the_archive_is_noted_once(make_services: Make, serve: Callable[..., Simulator]) -> None:
    """The first answer says that it is there; the time of it does not move with later ones."""
    x = serve("--history-hours", "24", "--per-second=search/all=100")
    services = make_services(x.url, call_intervals_seconds={"search/all": 0.001})

    assert _archive(services) == 50
    noted = services.plan.capabilities()
    _archive(services)

    assert noted.has("search/all", services.clock.now()) is True
    assert services.plan.capabilities() == noted


def test_the_archive_is_asked_at_its_pace(make_services: Make, serve: Callable[..., Simulator]) -> None:
    """The second call within a second gets no grant, so that X has nothing to refuse."""
    x = serve("--history-hours", "24")
    services = make_services(x.url)
    _archive(services)

    with pytest.raises(NotGranted) as caught:
        _archive(services)

    assert caught.value.blocked_by == "interval"
    assert 0 < caught.value.wait_seconds <= 1.1
    assert x.truth("calls")["endpoints"]["search/all"] == {"200": 1}


def test_every_route_is_booked_as_x_bills_it(make_services: Make, serve: Callable[..., Simulator]) -> None:
    """Posts of the archive, counts and timelines: each once a day at its price, as on X's bill; no budget is passed."""
    x = serve("--history-hours", "300")
    services = make_services(x.url, budget_day_usd=2.0)
    user_id = int(x.accounts()[0]["id"])
    week = services.clock.now() - timedelta(days=6)

    _archive(services, max_results=100)
    services.x.search(WORK, query="team OR plan", start_time=week, max_results=50, expand_authors=None)
    services.x.counts(WORK, query="team", start_time=week)
    services.x.counts(WORK, query="team", of_archive=True, start_time=week)
    for of_mentions in (False, True):
        services.x.timeline(WORK, user_id=user_id, of_mentions=of_mentions, max_results=40, expand_authors=None)

    sums, bill = _booked(services), x.truth("bill")
    assert sums.micro_usd == bill["micro_usd"]
    assert (sums.bought[PriceKind.POST], sums.reread[PriceKind.POST]) == (bill["posts_bought"], bill["posts_reread"])
    assert (sums.bought[PriceKind.COUNTS_REQUEST], sums.bought[PriceKind.COUNTS_ALL_REQUEST]) == (1, 1)
    assert bill["posts_reread"] > 0
    poor = make_services(x.url, budget_day_usd=0.012)
    with pytest.raises(NotGranted, match="day_money"):
        poor.x.counts(WORK, query="team", of_archive=True, start_time=week)


def test_the_owner_reads_for_a_fifth(make_services: Make, serve: Callable[..., Simulator]) -> None:
    """The owner's timeline is asked for as the owner and booked at its price, others' are not; all as it is billed."""
    x = serve("--history-hours", "48")
    owner_id, other_id = (int(one["id"]) for one in x.accounts()[:2])
    x.order("app-owner", {"account": str(owner_id)})
    client, services = XClient(x.url), make_services(x.url)

    def me(token: str) -> int:
        asked = oauth2_credential("unknown", SecretStr(token))
        asking = XGateway(client, services.limiter, FixedCredentials([asked]), ledger=services.ledger)
        return asking.me(WORK).id

    token = next(token for n in range(40) if me(token := f"sim-user-{n}") == owner_id)
    known = FixedCredentials([bearer_credential(SecretStr("sim-app")), oauth2_credential(owner_id, SecretStr(token))])
    gateway = XGateway(client, services.limiter, known, ledger=services.ledger, owner_id=owner_id)

    own = gateway.timeline(WORK, user_id=owner_id, max_results=20, expand_authors=None)
    again = gateway.timeline(WORK, user_id=owner_id, max_results=20, expand_authors=None)
    gateway.timeline(WORK, user_id=other_id, max_results=20, expand_authors=None)

    sums, bill = _booked(services), x.truth("bill")
    assert len(own.posts) > 5
    assert [post.id for post in again.posts][-1] >= own.posts[-1].id
    assert sums.bought[PriceKind.OWNED_POST] == bill["owned_posts_bought"] >= len(own.posts)
    assert sums.micro_usd == bill["micro_usd"]


def test_an_answer_is_not_lost_when_it_cannot_be_remembered(services: Services) -> None:
    """MongoDB may be away: the answer is paid for, and told on."""

    class Away:
        def get(self, key: str, /) -> Any:
            return None

        def merge(self, key: str, values: Any, /) -> dict[str, Any]:
            raise CoveyError("away")

    RememberedPlan(Away(), services.clock).answered("search/all")
    assert services.stores.state.get("capabilities") is None
