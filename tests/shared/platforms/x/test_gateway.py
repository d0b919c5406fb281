"""The gateway under the real limiter on a real Redis: grants, settlements and blocks."""

from __future__ import annotations

import itertools
import socket
from collections.abc import Callable, Collection, Iterator

import pytest
import redis
from pydantic import SecretStr
from redis.backoff import NoBackoff
from redis.retry import Retry

from shared.domain import errors
from shared.domain.errors import LimiterUnavailable, NoAnswer, NotGranted, NotSent, Unauthorized
from shared.domain.models import CredentialKind, WorkClass
from shared.domain.money.budgets import Budgets
from shared.domain.money.prices import Amounts, PriceKind
from shared.domain.money.purchases import CallResult, Purchase
from shared.platforms.gateway import BUDGET_LOOK_SECONDS, FixedCredentials
from shared.platforms.transport import Timeouts
from shared.platforms.x.auth import Credential, bearer_credential, oauth2_credential
from shared.platforms.x.client import XClient
from shared.platforms.x.dialect import DialectSetting
from shared.platforms.x.gateway import XGateway
from shared.ratelimit.limiter import Limiter
from shared.ratelimit.model import BlockScope, CallRequest, Grant, Refusal, Settlement, Window
from shared.ratelimit.rules import BREAKER_FAULTS
from shared.runtime.clock import ManualClock, from_epoch_seconds
from tests.amounts import amounts
from tests.shared.platforms.x.local_server import LocalServer, Reply, always, cut, http, page, post, serving

NOW = 1_789_999_999
OCTOBER = 1_790_812_800  # the first moment of the month after NOW
LIMITS = {
    "x-rate-limit-limit": "450",
    "x-rate-limit-remaining": "449",
    "x-rate-limit-reset": str(NOW + 900),
    "Date": "Mon, 21 Sep 2026 14:13:19 GMT",
}


class RecordingLimiter:
    """The real limiter; notes what passes through it."""

    def __init__(self, limiter: Limiter) -> None:
        self.limiter = limiter
        self.requests: list[CallRequest] = []
        self.grants: list[Grant] = []
        self.settled: list[tuple[Grant, Settlement]] = []

    def acquire(self, request: CallRequest, /) -> Grant | Refusal:
        """Pass on and note."""
        self.requests.append(request)
        answer = self.limiter.acquire(request)
        if isinstance(answer, Grant):
            self.grants.append(answer)
        return answer

    def settle(self, grant: Grant, settlement: Settlement, /) -> None:
        """Note and pass on."""
        self.settled.append((grant, settlement))
        self.limiter.settle(grant, settlement)


@pytest.fixture
def limiter(redis_client: redis.Redis) -> RecordingLimiter:
    """A limiter on an empty Redis."""
    return RecordingLimiter(Limiter(redis_client))


Make = Callable[[Reply], tuple[XGateway, LocalServer]]


@pytest.fixture
def make(limiter: RecordingLimiter, credential: Credential) -> Iterator[Make]:
    """Makes a gateway to a server that answers in a given way."""
    servers: list[LocalServer] = []

    def build(reply: Reply) -> tuple[XGateway, LocalServer]:
        server = LocalServer(reply)
        servers.append(server)
        client = XClient(server.url, timeouts=Timeouts(read_seconds=1), clock=ManualClock(from_epoch_seconds(NOW)))
        return XGateway(client, limiter, FixedCredentials([credential])), server

    yield build
    for server in servers:
        server.stop()


def _unreachable() -> Limiter:
    """A limiter whose Redis is not there."""
    return Limiter(redis.Redis(port=1, socket_connect_timeout=0.2, retry=Retry(NoBackoff(), 0)))


def _search(gateway: XGateway) -> object:
    return gateway.search(WorkClass.SEARCH, query="a")


def test_a_call_is_granted_made_and_settled(make: Make, limiter: RecordingLimiter, credential: Credential) -> None:
    """The limiter hears what was asked for, and then what came."""
    body = page(post(5), post(6), post(6))
    body["includes"] = {"users": [{"id": "7", "username": "a"}], "tweets": [post(1)]}
    gateway, _ = make(always(200, body, LIMITS))

    found = gateway.search(WorkClass.BACKFILL, query="a", max_results=50)

    assert found.newest_id == 6
    asked = CallRequest("search/recent", (credential.id,), WorkClass.BACKFILL, most=amounts(50, 50), is_paid=True)
    assert limiter.requests == [asked]
    [(grant, settlement)] = limiter.settled
    assert grant is limiter.grants[0]
    assert (settlement.answered, settlement.status, settlement.billed) == (True, 200, amounts(3, 1))
    assert (settlement.rate.limit, settlement.rate.remaining, settlement.block) == (450, 449, None)


@pytest.mark.parametrize(
    ("reply", "expected", "answered"),
    [
        (always(200, b"<html>", LIMITS), NoAnswer, False),
        (lambda c, _: cut(c, http(200, b"{", LIMITS, length=9)), NoAnswer, False),
        (lambda c, _: cut(c, b""), NoAnswer, False),
        (always(500, b"", LIMITS), errors.ServerFault, True),
        (always(400, {"title": "Invalid Request"}, LIMITS), errors.InvalidRequest, True),
    ],
    ids=["html", "cut body", "nothing", "500", "400"],
)
def test_every_grant_is_settled_once(
    reply: Reply, expected: type[errors.CoveyError], answered: bool, make: Make, limiter: RecordingLimiter
) -> None:
    """Failed calls cost nothing; a call without a whole answer counts as spent."""
    gateway, _ = make(reply)

    with pytest.raises(expected):
        _search(gateway)

    [(grant, settlement)] = limiter.settled
    assert (grant.id, settlement.answered) == (limiter.grants[0].id, answered)
    assert settlement.billed == amounts()


def test_a_defect_in_the_call_settles_too(make: Make, limiter: RecordingLimiter, credential: Credential) -> None:
    """Whatever is raised between grant and answer, the grant does not stay open."""

    def broken(record: object) -> None:
        raise RuntimeError("a defect of an observer")

    _, server = make(always(200, page(), LIMITS))
    gateway = XGateway(XClient(server.url, observer=broken), limiter, FixedCredentials([credential]))

    with pytest.raises(RuntimeError):
        _search(gateway)

    assert [settlement.answered for _, settlement in limiter.settled] == [False]


@pytest.mark.parametrize(
    ("status", "body", "headers", "scope", "until"),
    [
        (429, {"title": "Too Many Requests"}, {"x-rate-limit-remaining": "0"}, BlockScope.ENDPOINT_WINDOW, NOW + 900),
        (429, {"title": "Too Many Requests"}, {}, BlockScope.PER_SECOND, None),
        (
            *(429, {"title": "Too Many Requests"}),
            {"x-app-limit-24hour-remaining": "0", "x-app-limit-24hour-reset": str(NOW + 5000)},
            *(BlockScope.DAY, NOW + 5000),
        ),
        (
            *(429, {"title": "UsageCapExceeded", "period": "Monthly", "type": "x/usage-capped"}, {}),
            *(BlockScope.USAGE_CAP, OCTOBER),
        ),
        (401, {"title": "Unauthorized"}, {}, BlockScope.CREDENTIAL, None),
        (402, {"title": "CreditsDepleted"}, {}, BlockScope.PAID, None),
        (403, {"reason": "client-not-enrolled"}, {}, BlockScope.CREDENTIAL_ENDPOINT, None),
    ],
    ids=["window", "burst", "day", "usage cap", "401", "402", "403"],
)
def test_a_refusal_by_x_blocks_its_scope(
    status: int,
    body: object,
    headers: dict[str, str],
    scope: BlockScope,
    until: int | None,
    make: Make,
    limiter: RecordingLimiter,
) -> None:
    """The limiter hears what is blocked and until when by X's clock; the next call is not even sent."""
    gateway, server = make(always(status, body, LIMITS | headers))

    with pytest.raises((errors.Throttled, errors.Paused)):
        _search(gateway)
    with pytest.raises(NotGranted) as caught:
        _search(gateway)

    block = limiter.settled[0][1].block
    assert block is not None
    assert (block.scope, block.until_seconds) == (scope, until)
    assert until is not None or (block.for_seconds or 0) > 1
    assert caught.value.wait_seconds > 0
    assert len(server.requests) == len(limiter.settled) == 1


def test_a_refusal_of_the_limiter_makes_no_call(make: Make, limiter: RecordingLimiter) -> None:
    """The window is spent: NotGranted carries the wait and the window's name."""
    gateway, server = make(always(200, page(), LIMITS | {"x-rate-limit-remaining": "0"}))
    _search(gateway)

    with pytest.raises(NotGranted) as caught:
        _search(gateway)

    assert caught.value.wait_seconds > 0
    assert caught.value.blocked_by
    assert caught.value.stops_all
    assert len(server.requests) == 1


def test_no_limiter_no_call(credential: Credential) -> None:
    """A limiter that cannot be asked grants nothing."""
    with serving(always(200, page(), LIMITS)) as server:
        with pytest.raises(LimiterUnavailable):
            _search(XGateway(XClient(server.url), _unreachable(), FixedCredentials([credential])))

        assert server.requests == []


def test_a_settlement_that_fails_loses_no_page(limiter: RecordingLimiter, credential: Credential) -> None:
    """The page was paid for; the grant's lease runs out by itself."""

    class Unsettled(RecordingLimiter):
        def settle(self, grant: Grant, settlement: Settlement, /) -> None:
            _unreachable().settle(grant, settlement)

    with serving(always(200, page(post(5)), LIMITS)) as server:
        gateway = XGateway(XClient(server.url), Unsettled(limiter.limiter), FixedCredentials([credential]))

        assert gateway.search(WorkClass.SEARCH, query="a").newest_id == 5


def test_a_wrong_dialect_is_asked_again_under_a_second_grant(make: Make, limiter: RecordingLimiter) -> None:
    """Two requests, two grants, two settlements, one page; from then on one of each."""
    gateway, server = make(_new_only)

    assert gateway.search(WorkClass.SEARCH, query="a").newest_id == 5
    assert len(server.requests) == len(limiter.settled) == 2
    assert [settlement.status for _, settlement in limiter.settled] == [400, 200]

    gateway.search(WorkClass.SEARCH, query="a")
    assert len(server.requests) == len(limiter.settled) == 3


def test_a_dialect_nobody_speaks_ends(make: Make) -> None:
    """Both are refused: one repetition, then the error."""
    message = "The query parameter [tweet.fields] is not one of []. The query parameter [post.fields] is not one of []"
    gateway, server = make(always(400, {"errors": [{"message": message}]}, LIMITS))

    with pytest.raises(errors.UnknownParameter):
        _search(gateway)

    assert len(server.requests) == 2


def test_an_ignored_dialect_gives_the_better_page(make: Make, limiter: RecordingLimiter) -> None:
    """Bare posts are asked for once more in the other dialect; both answers are settled as billed."""

    def reply(connection: socket.socket, head: str) -> None:
        bare = {"id": "5", "text": "bare"}
        connection.sendall(http(200, page(post(5) if "post.fields=" in head else bare), LIMITS))

    gateway, _ = make(reply)

    assert gateway.search(WorkClass.SEARCH, query="a").posts[0].author_id == 7
    assert [settlement.billed for _, settlement in limiter.settled] == [amounts(1), amounts(1)]


def test_only_fitting_credentials_are_offered(limiter: RecordingLimiter, credential: Credential) -> None:
    """The usage call takes no user's token; without any fitting one a person must act."""
    user = Credential("user-1", CredentialKind.OAUTH2_USER, credential.auth)
    usage = {"data": {"project_id": "1"}}
    with serving(always(200, usage, LIMITS)) as server:
        client = XClient(server.url)
        XGateway(client, limiter, FixedCredentials([user, credential])).usage(WorkClass.INTERACTIVE)
        with pytest.raises(Unauthorized) as caught:
            XGateway(client, limiter, FixedCredentials([user])).usage(WorkClass.INTERACTIVE)

        assert len(server.requests) == 1
    assert limiter.requests[0].credential_ids == (credential.id,)
    assert caught.value.reason == "no-credential"


def test_a_spent_budget_is_looked_at_again_soon(redis_client: redis.Redis, credential: Credential) -> None:
    """A person may raise a budget, and calls in flight give back what they did not use: nobody waits for midnight."""
    limiter = Limiter(redis_client, budgets=Budgets(day_usd=0.0))
    with serving(always(200, page(), LIMITS)) as server:
        with pytest.raises(NotGranted) as caught:
            _search(XGateway(XClient(server.url), limiter, FixedCredentials([credential])))

        assert server.requests == []
    assert caught.value.blocked_by == "day_money"
    assert 0 < caught.value.wait_seconds <= BUDGET_LOOK_SECONDS


def _full_page(connection: socket.socket, head: str) -> None:
    """As many posts as were asked for, each time others; X counts on from request to request."""
    size = int(head.partition("max_results=")[2].partition("&")[0].split()[0])
    first = next(_NUMBERS) * 100
    connection.sendall(http(200, page(*(post(first + one) for one in range(size))), LIMITS))


_NUMBERS = itertools.count(1)


@pytest.mark.parametrize(
    ("budgets", "dialect", "pages", "window"),
    [
        (Budgets(day_usd=0.6), "old", [100, 10, 10], Window.DAY_MONEY),
        (Budgets(month_usd=0.12), "old", [10, 10], Window.MONTH_MONEY),
        (Budgets(month_posts=120), "old", [100, 10, 10], Window.MONTH_POSTS),
        (Budgets(day_usd=10.0, shares={WorkClass.INTERACTIVE: 0.01}), "old", [10, 10], Window.DAY_MONEY),
        (Budgets(day_usd=1.0), "new", [10] * 16, Window.DAY_MONEY),
        (Budgets(day_usd=0.04), "old", [], Window.DAY_MONEY),
        (Budgets(day_usd=0.0), "old", [], Window.DAY_MONEY),
    ],
    ids=["the last of a day", "a small month", "posts", "a share", "new dialect", "less than a page", "nothing"],
)
def test_a_budget_that_no_full_page_fits_into_buys_small_ones(
    redis_client: redis.Redis,
    credential: Credential,
    budgets: Budgets,
    dialect: DialectSetting,
    pages: list[int],
    window: Window,
) -> None:
    """Page after page is read until the smallest does not fit, and no budget is passed by a cent."""
    limiter = Limiter(redis_client, budgets=budgets)
    with serving(_full_page) as server:
        client = XClient(server.url, dialect=dialect)
        gateway = XGateway(client, limiter, FixedCredentials([credential]))

        def read_on() -> None:
            while True:  # as the most urgent class: no floor of another one stands in the way
                gateway.search(WorkClass.INTERACTIVE, query="a", expand_authors=None)

        with pytest.raises(NotGranted) as caught:
            read_on()
        sizes = [int(head.partition("max_results=")[2].partition("&")[0].split()[0]) for head in server.requests]
    assert sizes == pages
    assert caught.value.blocked_by == window
    states = {budget.window: budget for budget in limiter.state().budgets}
    limit = states[window].limit
    assert limit is not None
    assert states[window].used <= limit * budgets.shares.get(WorkClass.INTERACTIVE, 1)


def test_a_window_of_x_is_not_asked_twice(make: Make, limiter: RecordingLimiter) -> None:
    """A smaller page counts as much in a window of X as a large one: the refusal stands."""
    gateway, _ = make(always(200, page(), LIMITS | {"x-rate-limit-remaining": "0"}))
    _search(gateway)

    with pytest.raises(NotGranted, match="window"):
        _search(gateway)

    assert [request.most[PriceKind.POST] for request in limiter.requests] == [100, 100]


@pytest.mark.parametrize("is_there", [False, True], ids=["nobody there", "cut after the request"])
def test_only_what_was_sent_can_have_been_billed(
    redis_client: redis.Redis, credential: Credential, ledger: KnowingLedger, is_there: bool
) -> None:
    """A call without a connection gives back posts and money and is no entry of the ledger; a call that X may have read
    keeps both. Each is a fault, and enough of them open the breaker."""
    limiter = Limiter(redis_client, budgets=Budgets(day_usd=100.0, month_usd=100.0, month_posts=10_000))
    with serving(lambda connection, _: cut(connection, b"")) as server:
        url = server.url
        gateway = XGateway(XClient(url), limiter, FixedCredentials([credential]), ledger=ledger)
        if not is_there:
            server.stop()
        for _ in range(BREAKER_FAULTS):
            with pytest.raises(NoAnswer) as caught:
                _search(gateway)
            assert isinstance(caught.value, NotSent) is not is_there
        with pytest.raises(NotGranted, match="breaker"):
            _search(gateway)

    sent = BREAKER_FAULTS if is_there else 0
    used = {budget.window: budget.used for budget in limiter.state().budgets}
    assert used[Window.DAY_MONEY] == used[Window.MONTH_MONEY] == pytest.approx(1.5 * sent)  # 100 posts, 100 accounts
    assert used[Window.MONTH_POSTS] == 100 * sent
    assert len(ledger.told) == sent


class KnowingLedger:
    """A ledger that has post 5 and account 7 as bought, and keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[Purchase] = []

    def bought(self, kind: PriceKind, ids: Collection[int], /) -> Collection[int]:
        """Post 5, account 7."""
        return _BOUGHT[kind] & set(ids)

    def record(self, purchase: Purchase, /) -> Amounts:
        """What is not post 5 or account 7 costs money."""
        self.told.append(purchase)
        return Amounts({kind: len(ids - _BOUGHT[kind]) for kind, ids in purchase.object_ids.items()})


_BOUGHT = {PriceKind.POST: {5}, PriceKind.USER: {7}}


@pytest.fixture
def ledger() -> KnowingLedger:
    """What was bought today."""
    return KnowingLedger()


def test_what_was_bought_today_is_neither_reserved_nor_kept(
    limiter: RecordingLimiter, credential: Credential, ledger: KnowingLedger
) -> None:
    """A look-up reserves money for what is new and keeps what the ledger says was billed; the ledger is told all."""
    with serving(always(200, {"data": [post(5), post(6)]}, LIMITS)) as server:
        gateway = XGateway(XClient(server.url), limiter, FixedCredentials([credential]), ledger=ledger)
        gateway.lookup_posts(WorkClass.ENGAGEMENT, post_ids=[5, 6])

    assert [request.most for request in limiter.requests] == [amounts(1)]
    assert limiter.settled[0][1].billed == amounts(1)
    told = ledger.told[0]
    assert (told.endpoint, told.work_class, told.credential_id) == ("tweets", WorkClass.ENGAGEMENT, credential.id)
    assert (told.result, told.object_ids[PriceKind.POST]) == (CallResult.ANSWERED, frozenset({5, 6}))


def test_accounts_bought_today_reserve_nothing(
    limiter: RecordingLimiter, credential: Credential, ledger: KnowingLedger
) -> None:
    """A look-up of known accounts is a free call."""
    with serving(always(200, {"data": []}, LIMITS)) as server:
        gateway = XGateway(XClient(server.url), limiter, FixedCredentials([credential]), ledger=ledger)
        gateway.users(WorkClass.SEARCH, user_ids=[7])
        gateway.users(WorkClass.SEARCH, user_ids=[7, 8])

    assert [request.most for request in limiter.requests] == [amounts(), amounts(users=1)]


@pytest.mark.parametrize(
    ("reply", "result"),
    [
        (always(503, b"", LIMITS), CallResult.FAILED),
        (lambda connection, head: cut(connection, http(200, page(post(5)), LIMITS)[:-4]), CallResult.UNANSWERED),
    ],
)
def test_the_ledger_is_told_of_calls_that_brought_nothing(
    limiter: RecordingLimiter, credential: Credential, ledger: KnowingLedger, reply: Reply, result: CallResult
) -> None:
    """A failed and an unanswered call are told as what they are."""
    with serving(reply) as server:
        client = XClient(server.url, timeouts=Timeouts(read_seconds=1), clock=ManualClock(from_epoch_seconds(NOW)))
        with pytest.raises(errors.PassingFault):
            _search(XGateway(client, limiter, FixedCredentials([credential]), ledger=ledger))

    assert [(one.result, one.brought) for one in ledger.told] == [(result, amounts())]


def test_every_read_goes_through_a_grant(make: Make, limiter: RecordingLimiter) -> None:
    """Each method asks for its own endpoint."""
    gateway, _ = make(always(200, {"data": [], "meta": {}}, LIMITS))
    work = WorkClass.INTERACTIVE
    gateway.quote_tweets(work, post_id=1)
    gateway.lookup_posts(work, post_ids=[1])
    gateway.users_by(work, usernames=["a"])
    gateway.users(work, user_ids=[1])
    gateway.lookup_media(work, keys=["3_1"])

    endpoints = [request.endpoint for request in limiter.requests]
    assert endpoints == ["quote_tweets", "tweets", "users/by", "users", "media"]
    assert len(limiter.settled) == 5


def test_a_user_s_token_tells_whose_it_is(simulator_url: str, limiter: RecordingLimiter) -> None:
    """Asked as one credential only, under the same limits: never with another, such as the app's."""
    app, user = bearer_credential(SecretStr("sim-app")), oauth2_credential(7, SecretStr("sim-user-7"))
    gateway = XGateway(XClient(simulator_url), limiter, FixedCredentials([app]))

    with pytest.raises(Unauthorized):
        gateway.me(WorkClass.INTERACTIVE)
    account = gateway.asking_as(user).me(WorkClass.INTERACTIVE)

    assert account.id > 0
    assert account.username
    [request] = limiter.requests
    assert (request.endpoint, request.credential_ids, request.most) == ("users/me", ("user-7",), amounts(users=1))


def _new_only(connection: socket.socket, head: str) -> None:
    if "tweet.fields=" in head:
        message = "The query parameter [tweet.fields] is not one of [query,post.fields]"
        connection.sendall(http(400, {"errors": [{"message": message}], "title": "Invalid Request"}, LIMITS))
    else:
        connection.sendall(http(200, page(post(5)), LIMITS))
