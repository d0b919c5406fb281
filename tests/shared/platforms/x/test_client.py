"""The client: one call, one request, one answer; against broken servers and against the simulator."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from typing import Any, TypeVar

import pytest
import requests
from pydantic import SecretStr

from shared.domain import errors
from shared.domain.errors import InputError, NoAnswer, NotSent, UnknownParameter
from shared.domain.models import CredentialKind, MediaType, PostState
from shared.platforms.transport import Timeouts
from shared.platforms.x import calls
from shared.platforms.x.answer import Answer, CallRecord
from shared.platforms.x.auth import Credential, bearer_credential
from shared.platforms.x.call import Call
from shared.platforms.x.client import XClient
from shared.platforms.x.dialect import DialectSetting, LocalDialectMemory
from shared.platforms.x.fields import Dialect
from shared.platforms.x.query import pack
from shared.runtime.clock import ManualClock
from tests.shared.platforms.x.conftest import TOKEN
from tests.shared.platforms.x.local_server import Reply, always, cut, http, page, post, serving

T = TypeVar("T")
LIMITS = {
    "x-rate-limit-limit": "450",
    "x-rate-limit-remaining": "0",
    "x-rate-limit-reset": "1790000900",
    "Date": "Mon, 21 Sep 2026 14:13:20 GMT",
}
# Twenty minutes ahead of X.
CLOCK = ManualClock(datetime(2026, 9, 21, 14, 33, 20, tzinfo=UTC))
SEARCH = calls.search(query="a")


def _answer(reply: Reply, credential: Credential, dialect: DialectSetting = "auto") -> Answer[Any]:
    with serving(reply) as server:
        client = XClient(server.url, dialect=dialect, timeouts=Timeouts(read_seconds=1), clock=CLOCK)
        try:
            return client.perform(SEARCH, credential)
        finally:
            client.close()


def test_a_page_comes_with_its_limits(credential: Credential) -> None:
    """Value, headers and the facts of the call."""
    answer = _answer(always(200, page(post(5), post(6)), LIMITS), credential)

    assert [p.id for p in answer.unwrap().posts] == [5, 6]
    assert answer.unwrap().rate == answer.rate
    assert (answer.rate.remaining, answer.rate.reset_at_seconds) == (0, 1790000900)
    assert answer.record == CallRecord(
        endpoint="search/recent",
        credential_id=credential.id,
        outcome="ok",
        status=200,
        seconds=answer.seconds,
        posts=2,
        users=0,
    )


@pytest.mark.parametrize(
    ("reply", "status", "expected"),
    [
        (always(200, b"<html>Hello</html>", LIMITS), 200, NoAnswer),
        (always(200, b'{"data": [{"id"', LIMITS), 200, NoAnswer),
        (always(200, {"data": {}}, LIMITS), 200, NoAnswer),
        (always(302, b"", {"Location": "http://127.0.0.1:1/", **LIMITS}), 302, NoAnswer),
        (lambda c, _: cut(c, http(200, b"{", LIMITS, length=9)), 200, NoAnswer),
        (always(429, {"title": "Too Many Requests"}, LIMITS), 429, errors.WindowExceeded),
        (always(503, b"busy", LIMITS), 503, errors.ServerFault),
        (always(402, {"title": "CreditsDepleted"}, LIMITS), 402, errors.CreditsDepleted),
    ],
    ids=["html", "cut JSON", "wrong shape", "redirect", "cut body", "429", "503", "402"],
)
def test_an_error_comes_with_its_limits_too(
    reply: Reply, status: int, expected: type[errors.CoveyError], credential: Credential
) -> None:
    """The limiter settles with the headers whatever became of the call."""
    answer = _answer(reply, credential)

    assert isinstance(answer.error, expected)
    assert (answer.status, answer.rate.remaining, answer.rate.limit) == (status, 0, 450)
    assert answer.is_whole is not issubclass(expected, NoAnswer)
    with pytest.raises(expected):
        answer.unwrap()


def test_a_429_waits_by_the_clock_of_x(credential: Credential) -> None:
    """Its Date is 14:13:20 and its reset 14:28:20: 900 seconds, whatever this machine's clock says."""
    error = _answer(always(429, {"title": "Too Many Requests"}, LIMITS), credential).error

    assert isinstance(error, errors.WindowExceeded)
    assert error.wait_seconds == 900


def test_a_vendor_exception_is_the_cause_only(credential: Credential) -> None:
    """Callers see the tree; the cause is kept for people, and shows no token."""
    with serving(always(200, page())) as server:
        url = server.url
    answer = XClient(url).perform(SEARCH, credential)

    assert type(answer.error) is NotSent
    assert answer.error.__cause__ is not None
    assert TOKEN not in repr(answer) + repr(answer.error.__cause__)


def test_every_request_is_observed(credential: Credential) -> None:
    """Good or bad, each request is told once, without a secret."""
    seen: list[CallRecord] = []
    for status in (200, 500):
        with serving(always(status, page(post(1)))) as server:
            XClient(server.url, observer=seen.append).perform(SEARCH, credential)

    assert [(record.outcome, record.status, record.posts) for record in seen] == [
        ("ok", 200, 1),
        ("ServerFault", 500, 0),
    ]
    assert TOKEN not in repr(seen)


def test_a_refused_dialect_is_changed_without_a_second_request(credential: Credential) -> None:
    """One call is one request; the next call speaks the other dialect, also in another worker."""
    memory = LocalDialectMemory()
    with serving(_speaking("post.fields")) as server:
        client = XClient(server.url, dialect_memory=memory)
        first, second = client.perform(SEARCH, credential), client.perform(SEARCH, credential)
        third = XClient(server.url, dialect_memory=memory).perform(SEARCH, credential)

        assert len(server.requests) == 3
    assert isinstance(first.error, UnknownParameter)
    assert [first.dialect_changed, second.dialect_changed, third.dialect_changed] == [True, False, False]
    assert second.unwrap().newest_id == third.unwrap().newest_id == 5
    learned = memory.get()
    assert learned is not None
    assert learned.dialect is Dialect.NEW


def test_an_ignored_dialect_is_noticed(credential: Credential) -> None:
    """X answers 200 with bare posts when it does not know the field parameter."""
    answer = _answer(always(200, page({"id": "5", "text": "bare"})), credential)
    fixed = _answer(always(200, page({"id": "5", "text": "bare"})), credential, dialect="old")

    assert answer.dialect_changed
    assert answer.unwrap().newest_id == 5
    assert not fixed.dialect_changed


def test_a_kind_of_credential_that_x_refuses_is_not_sent(credential: Credential) -> None:
    """A user's token cannot ask for the usage of the project."""
    user = Credential("user-1", CredentialKind.OAUTH2_USER, credential.auth)
    with serving(always(200, {})) as server:
        with pytest.raises(InputError, match="oauth2_user"):
            XClient(server.url).perform(calls.usage(), user)

        assert server.requests == []


@pytest.mark.parametrize("url", ["", "api.x.com", "ftp://api.x.com", "https://", "https://name:secret@api.x.com"])
def test_a_base_url_that_is_none_is_refused(url: str) -> None:
    """And a password in it is not repeated."""
    with pytest.raises(InputError) as caught:
        XClient(url)

    assert "secret" not in str(caught.value)


def _speaking(parameter: str) -> Reply:
    """A server that knows only one of the two field parameters, and says so as X does."""

    def reply(connection: socket.socket, head: str) -> None:
        other = {"post.fields": "tweet.fields", "tweet.fields": "post.fields"}[parameter]
        if f"{other}=" in head:
            message = f"The query parameter [{other}] is not one of [query,{parameter}]"
            connection.sendall(http(400, {"errors": [{"message": message}], "title": "Invalid Request"}))
        else:
            connection.sendall(http(200, page(post(5))))

    return reply


# --- the simulator, in each of its dialects


def read(client: XClient, credential: Credential, call: Call[T]) -> T:
    """The value of one call."""
    return client.perform(call, credential).unwrap()


@pytest.fixture
def simulator(simulator_url: str) -> XClient:
    """A client of the simulator that has learned its dialect."""
    client = XClient(simulator_url)
    client.perform(SEARCH, bearer_credential(SecretStr(TOKEN)))
    return client


@pytest.fixture
def query(simulator_url: str) -> str:
    """A packed query that follows the simulator's accounts."""
    accounts = requests.get(f"{simulator_url}/_sim/accounts", timeout=10).json()["accounts"]
    [packed] = pack([account["username"] for account in accounts], 512)
    return packed.text


def test_simulator_paging_gives_every_post_once(simulator: XClient, query: str, credential: Credential) -> None:
    """Tokens go back as they came, the since_id is repeated, and pages do not overlap."""
    first = read(simulator, credential, calls.search(query=query, max_results=50))
    since = (first.oldest_id or 0) - 1
    found: list[int] = []
    token: str | None = None
    while True:
        one = read(simulator, credential, calls.search(query=query, since_id=since, next_token=token, max_results=10))
        found += [p.id for p in one.posts]
        token = one.next_token
        if token is None:
            break

    assert set(found) >= {p.id for p in first.posts}
    assert len(found) == len(set(found))
    assert found == sorted(found, reverse=True)


def test_simulator_pages_are_complete(simulator: XClient, query: str, credential: Credential) -> None:
    """Authors, references, media and counts arrive in every dialect."""
    found = read(simulator, credential, calls.search(query=query, max_results=100))

    authors = {user.id for user in found.users}
    assert found.posts
    assert all(p.author_id in authors and p.metrics is not None and p.edit_history_ids for p in found.posts)
    assert any(p.references for p in found.posts)
    assert {key for p in found.posts for key in p.media_keys} == {medium.key for medium in found.media}
    assert all(medium.type is not MediaType.OTHER and medium.best_url for medium in found.media)


def test_simulator_lookup_says_what_became_of_each(simulator: XClient, query: str, credential: Credential) -> None:
    """Posts that are there are alive, ids that never were are deleted."""
    known = [p.id for p in read(simulator, credential, calls.search(query=query, max_results=20)).posts]

    found = read(simulator, credential, calls.lookup_posts(post_ids=[*known, 20]))

    assert found.states == dict.fromkeys(known, PostState.ALIVE) | {20: PostState.DELETED}
    assert read(simulator, credential, calls.lookup_posts(post_ids=[20, 21])).posts == ()


def test_simulator_other_reads(simulator: XClient, query: str, credential: Credential) -> None:
    """Accounts by name and id, quotes, media and usage."""
    found = read(simulator, credential, calls.search(query=query, max_results=100))
    author = found.users[0]

    by_name = read(simulator, credential, calls.users_by(usernames=[author.username.upper(), "no_such_one"]))
    by_id = read(simulator, credential, calls.users(user_ids=[author.id, 1]))
    media = read(simulator, credential, calls.lookup_media(keys=[found.media[0].key]))
    usage = read(simulator, credential, calls.usage(days=3))

    assert ([u.id for u in by_name.users], by_name.missing) == ([author.id], {"no_such_one": "not-found"})
    assert ([u.id for u in by_id.users], list(by_id.missing)) == ([author.id], ["1"])
    assert [medium.key for medium in media.media] == [found.media[0].key]
    assert sum(usage.posts_by_day.values()) > 0
    assert read(simulator, credential, calls.quote_tweets(post_id=found.posts[0].id, max_results=10)).rate.limit


def test_simulator_archive_gives_what_the_recent_search_gives(
    simulator: XClient, query: str, credential: Credential
) -> None:
    """One page of the archive holds the posts of five recent ones, over the same ids."""
    newest = read(simulator, credential, calls.search(query=query, max_results=10)).posts[0].id
    bounds: dict[str, Any] = {"since_id": newest - (6 * 3_600_000 << 22), "until_id": newest + 1}
    recent: list[int] = []
    token: str | None = None
    while token is not None or not recent:
        page = read(simulator, credential, calls.search(query=query, next_token=token, **bounds))
        recent += [post.id for post in page.posts]
        token = page.next_token

    archive = read(simulator, credential, calls.search(of_archive=True, query=query, max_results=500, **bounds))

    assert len(recent) > 10
    assert [post.id for post in archive.posts] == recent[:500]
    assert archive.rate.limit == 300


def test_simulator_refusals_are_mapped(simulator: XClient, simulator_url: str, credential: Credential) -> None:
    """A stranger's token, a query that is too long, and a since_id older than a week."""
    with pytest.raises(errors.Unauthorized):
        read(XClient(simulator_url), bearer_credential(SecretStr("nobody")), calls.usage())
    with pytest.raises(errors.InvalidRequest):
        read(simulator, credential, calls.search(query="a" * 600))
    with pytest.raises(errors.StaleSinceId) as caught:
        read(simulator, credential, calls.search(query="a", since_id=1))
    assert read(simulator, credential, calls.search(query="a", since_id=caught.value.oldest_since_id)).rate.limit == 450


def test_simulator_spends_a_window(simulator_url: str) -> None:
    """The call after the last one is a 429 that names its reset."""
    client, own = XClient(simulator_url), bearer_credential(SecretStr("sim-spender"))
    answers = [client.perform(calls.usage(), own) for _ in range(51)]

    assert [answer.status for answer in answers] == [200] * 50 + [429]
    assert isinstance(answers[-1].error, errors.WindowExceeded)
    assert 0 < answers[-1].error.wait_seconds <= 901
