"""What the tests of the processes work with: real services, the real simulator, and an X that answers by a script.

Fixtures are imported by the conftest of each folder that needs them.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import pymongo
import pytest
import redis
import requests
from pymongo.database import Database

from shared.domain import snowflake
from shared.domain.coverage.gaps import Unread
from shared.domain.coverage.quotes import below
from shared.domain.coverage.sweeps import Sweep, SweepKind, SweepStatus
from shared.domain.errors import Forbidden
from shared.domain.jobs import ALL_JOBS, ALL_QUEUES, Job, Queue, QuotePage, SearchPage, decode
from shared.domain.models import Post
from shared.platforms.x.error_map import NOT_IN_PLAN
from shared.runtime.settings import Settings
from shared.services.bootstrap import Services, build
from shared.stores.bundle import Stores
from workers import handlers

DATABASE = "covey_flows"
LAG_SECONDS = 1.0
WIDE = 100_000  # calls in a window: the limits are not what these tests are about


def _handlers() -> dict[type[Job], Callable[[Services, Any], None]]:
    """The handler of each job: the function of the job's name in one of the modules of handlers."""
    modules = [import_module(f"{handlers.__name__}.{found.name}") for found in iter_modules(handlers.__path__)]
    return {kind: getattr(module, kind.name) for kind in ALL_JOBS for module in modules if hasattr(module, kind.name)}


HANDLERS = _handlers()


def eventually(condition: Callable[[], Any], seconds: float = 15.0) -> Any:
    """Wait until `condition` holds and answer its value; fail when it does not within `seconds`."""
    deadline, pause = time.monotonic() + seconds, threading.Event()
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} s"
        pause.wait(0.01)
    return value


# --- the simulator


class Simulator:
    """A running simulator and what it knows to be true."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._order: list[str] | None = None
        self._session = requests.Session()
        self._session.trust_env = False  # pytest changes the environment while a thread would look for proxies in it

    def truth(self, path: str, **params: str) -> dict[str, Any]:
        """Read `/_sim/...`."""
        answer = self._session.get(f"{self.url}/_sim/{path}", params=params, timeout=10)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def order(self, path: str, body: dict[str, Any]) -> None:
        """Write `/_sim/...`."""
        answer = self._session.post(f"{self.url}/_sim/{path}", json=body, timeout=10)
        assert answer.status_code == 200, answer.text

    def accounts(self) -> list[dict[str, Any]]:
        """The accounts worth tracking, those that wrote most first, always in the same order.

        How much each writes is drawn anew for each world: a test that takes the first takes one that writes a lot.
        """
        found = self.truth("accounts")["accounts"]
        if self._order is None:
            wrote = Counter(post["author_id"] for post in self.truth("posts")["posts"])
            self._order = sorted((account["id"] for account in found), key=lambda id_: -wrote[id_])
        order = self._order
        return sorted(found, key=lambda account: order.index(account["id"]))

    def names(self) -> list[str]:
        """Accounts worth following, the busiest first: so many that one query holds them, however long their names."""
        return [account["username"] for account in self.accounts()][:6]

    def posts(self, query: str, *, since: datetime, until: datetime) -> list[dict[str, Any]]:
        """Every post that ever matched, newest first."""
        return list(self.truth("posts", query=query, since=since.isoformat(), until=until.isoformat())["posts"])

    def findable(self, query: str, *, since: datetime, until: datetime) -> set[int]:
        """Ids of the matching posts that a search could find from `until` on (and still can)."""
        found = self.posts(query, since=since, until=until)
        return {int(post["id"]) for post in found if post["unsearchable_at"] is None}

    def calls(self, endpoint: str) -> int:
        """How many calls of an endpoint were answered."""
        return sum(self.truth("calls")["endpoints"].get(endpoint, {}).values())


def busiest(simulator: Simulator, count: int, *, since: timedelta) -> list[str]:
    """The accounts with most posts by and about them since then: what a test proves of them it proves of enough."""
    now = datetime.now(UTC)

    def posts(name: str) -> int:
        return len(simulator.posts(f"(from:{name} OR to:{name} OR @{name}) -is:retweet", since=now - since, until=now))

    return sorted(simulator.names(), key=posts, reverse=True)[:count]


def start_simulator(*options: str) -> tuple[Simulator, subprocess.Popen[str]]:
    """Start `python -m simulator` on a free port and wait for the line that says it is ready."""
    command = [sys.executable, "-m", "simulator", "--port", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return Simulator(json.loads(process.stdout.readline())["url"]), process


@contextmanager
def running_simulator(*options: str) -> Iterator[Simulator]:
    """The same for as long as it is needed."""
    running, process = start_simulator(*options)
    yield running
    process.terminate()
    process.wait(10)
    assert process.stdout is not None
    process.stdout.close()


def lively(*options: str) -> list[str]:
    """Options of eight accounts whose search has the tests' lag and whose limits do not matter, and further ones."""
    limits = [f"--limit={name}={WIDE}" for name in ("search/recent", "quote_tweets", "tweets", "users/by")]
    return ["--seed", "11", "--accounts", "8", "--search-lag-seconds", str(LAG_SECONDS), *limits, *options]


@pytest.fixture(scope="session")
def simulator() -> Iterator[Simulator]:
    """A lively simulator whose limits do not matter."""
    with running_simulator(*lively("--activity", "10", "--history-hours", "192")) as running:
        yield running


# Nothing is deleted or edited: what is compared a moment later is the same. 300 posts a day and 200 in the last hour.
STILL = lively("--activity", "2", "--history-hours", "60", "--deleted-share", "0", "--edited-share", "0")


# --- an X that answers by a script


class Asked(NamedTuple):
    """One request: its path, its parameters, and as whom it was asked."""

    path: str
    params: Mapping[str, str]
    authorization: str | None = None


Script = Callable[[Asked], tuple[int, Any]]
"""A request to (status, body): bytes as they are, everything else as JSON; status 0 ends the connection unanswered."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news."""


class ScriptedX:
    """A real HTTP server that answers as its script says, and keeps what it was asked."""

    def __init__(self) -> None:
        self.script: Script = lambda asked: (200, {"meta": {"result_count": 0}})
        self.asked: list[Asked] = []
        self.limit = WIDE
        self.remaining = WIDE - 1
        self.dated = True
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def stop(self) -> None:
        """Stop answering for good."""
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        x = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                asked = Asked(parts.path, dict(parse_qsl(parts.query)), self.headers.get("Authorization"))
                x.asked.append(asked)
                status, body = x.script(asked)
                if status == 0:
                    self.close_connection = True
                    return
                content = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response_only(status)
                if x.dated:
                    self.send_header("Date", self.date_time_string())
                self.send_header("Content-Length", str(len(content)))
                self.send_header("x-rate-limit-limit", str(x.limit))
                self.send_header("x-rate-limit-remaining", str(x.remaining))
                self.send_header("x-rate-limit-reset", str(int(time.time()) + 900))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        return Handler


@pytest.fixture
def x() -> Iterator[ScriptedX]:
    """An X whose answers the test decides."""
    server = ScriptedX()
    yield server
    server.stop()


NOW = datetime.now(UTC).replace(microsecond=0)


def post_id(seconds_ago: float, number: int = 0) -> int:
    """An id made that long before the tests began; `number` tells apart ids of one moment."""
    return snowflake.first_id_at(NOW - timedelta(seconds=seconds_ago)) + number


def post(id_: int, **more: Any) -> dict[str, Any]:
    """A post as X sends it."""
    return {
        "id": str(id_),
        "text": f"post {id_}",
        "created_at": snowflake.created_at(id_).isoformat().replace("+00:00", "Z"),
        "author_id": "7",
        "edit_history_tweet_ids": [str(id_)],
        "public_metrics": {"retweet_count": 1, "reply_count": 2, "like_count": 3, "quote_count": 4},
        **more,
    }


def page(*ids: int, token: str | None = None, **more: Any) -> tuple[int, Any]:
    """A page of posts, as X answers it."""
    meta: dict[str, Any] = {"result_count": len(ids)} | ({"next_token": token} if token else {})
    return 200, ({"data": [post(id_) for id_ in ids]} if ids else {}) | {"meta": meta} | more


def by_token(pages: dict[str | None, tuple[int, Any]]) -> Script:
    """A script that answers by the token of a page."""
    return lambda asked: pages[asked.params.get("next_token") or asked.params.get("pagination_token")]


# --- services


@pytest.fixture(scope="session")
def database(mongo_uri: str) -> Iterator[Database[dict[str, Any]]]:
    """A database with every index."""
    client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(mongo_uri, tz_aware=True)
    client.drop_database(DATABASE)
    Stores.on(client[DATABASE]).ensure_indexes()
    yield client[DATABASE]
    client.drop_database(DATABASE)
    client.close()


@pytest.fixture
def db(database: Database[dict[str, Any]]) -> Database[dict[str, Any]]:
    """The database without documents."""
    for name in database.list_collection_names():
        database[name].delete_many({})
    return database


@pytest.fixture
def make_services(
    redis_url: str, mongo_uri: str, redis_client: redis.Redis, db: object, tmp_path: Path
) -> Iterator[Callable[..., Services]]:
    """Builds services on empty servers, as every process does; the first argument is where X is."""
    made: list[Services] = []

    def make(x_url: str, *, middleware: Any = (), **settings: Any) -> Services:
        defaults: dict[str, Any] = {
            "redis_url": redis_url,
            "mongo_uri": mongo_uri,
            "mongo_database": DATABASE,
            "data_dir": tmp_path,
            "x_base_url": x_url,
            "x_bearer_token": "sim-test",
            "x_search_lag_seconds": LAG_SECONDS,
            "x_read_timeout_seconds": 5.0,
            "media_hosts": (x_url,),
        }
        services = build(Settings.load(**{**defaults, **settings}), middleware=middleware)
        for queue in ALL_QUEUES:
            services.broker.declare_queue(queue)
        made.append(services)
        return services

    yield make
    for services in made:
        services.broker.close()
        services.stores.db.client.close()


@pytest.fixture
def services(make_services: Callable[..., Services], x: ScriptedX) -> Services:
    """Services whose X is the scripted one."""
    return make_services(x.url)


@pytest.fixture
def simulated(make_services: Callable[..., Services], simulator: Simulator) -> Services:
    """Services whose X is the simulator."""
    return make_services(simulator.url)


@contextmanager
def refusing(services: Services, collection: str) -> Iterator[None]:
    """MongoDB refuses every write to the collection, as if the process had died before it."""
    services.stores.db.command("collMod", collection, validator={"refused": True})
    try:
        yield
    finally:
        services.stores.db.command("collMod", collection, validator={})


# --- jobs


def jobs_in(services: Services, queue: str) -> list[Job]:
    """The jobs that wait in a queue; they stay there."""
    payloads: Any = services.broker.client.hgetall(services.broker.keys(queue).payloads)
    return [_job(json.loads(payload)) for payload in payloads.values()]


def know_all(services: Services) -> None:
    """Let the broker take every job for known, for tests that fetch by hand and declare no actors."""
    for job in ALL_JOBS:
        services.broker.actors.setdefault(job.name, None)


def take_jobs(services: Services, queue: str) -> list[Job]:
    """Take the jobs that are due out of a queue, as a worker that ends them all at once."""
    know_all(services)
    consumer = services.broker.consume(queue, prefetch=500)
    taken = []
    while (message := next(consumer)) is not None:
        taken.append(_job(message.asdict()))
        consumer.ack(message)
    return taken


def work_off(services: Services) -> list[Job]:
    """Do all jobs that are due, one after the other, until none is left; answers them in order."""
    done: list[Job] = []
    while jobs := [job for queue in ALL_QUEUES for job in take_jobs(services, queue)]:
        for job in jobs:
            HANDLERS[type(job)](services, job)
        done += jobs
    return done


def _job(message: Mapping[str, Any]) -> Job:
    kind = next(kind for kind in HANDLERS if kind.name == message["actor_name"])
    return decode(kind, message["args"][0])


# --- sweeps


def open_sweep(
    services: Services, *, names: Sequence[str] = ("alice",), since: datetime | None = None, id_: str = "sweep-1"
) -> Sweep:
    """Follow accounts from `since` on (ten minutes ago by default) and open the first sweep of their first stream."""
    since = since or NOW - timedelta(minutes=10)
    stream = services.following.follow(names, since=since, now=services.clock.now())[0]
    return next_sweep(services, stream.id, id_)


def open_quotes(services: Services, quoted: int, *, id_: str = "quotes-1") -> Sweep:
    """Know the post and open a reading of its quotes, from what is known of them on."""
    now = services.clock.now()
    services.stores.engagement.begin([Post(id=quoted, text="", created_at=snowflake.created_at(quoted))], now=now)
    (known,) = services.stores.quotes.candidates([{"_id": str(quoted)}])
    sweep = Sweep(
        id=id_,
        kind=SweepKind.QUOTES,
        subject=str(quoted),
        queue=Queue.QUOTES,
        query=None,
        since_id=below(known.cursor_id, timedelta(seconds=services.settings.quotes_margin_seconds)),
        started_at=now,
    )
    assert services.stores.sweeps.open(sweep)
    return sweep


def next_sweep(services: Services, stream_id: str, id_: str) -> Sweep:
    """Open a sweep of a stream from its cursor."""
    stream = services.stores.streams.get(stream_id)
    assert stream is not None
    sweep = Sweep(
        id=id_,
        kind=SweepKind.SEARCH,
        subject=stream.id,
        queue=Queue.SEARCH,
        query=stream.query,
        since_id=stream.since_id,
        started_at=services.clock.now(),
    )
    assert services.stores.sweeps.open(sweep)
    return sweep


def state_of(services: Services, sweep_id: str) -> Sweep:
    """The sweep as it is stored."""
    sweep = services.stores.sweeps.get(sweep_id)
    assert sweep is not None
    return sweep


def read_to_end(services: Services, sweep_id: str, *, pages: int = 200) -> Sweep:
    """Deliver page after page until the sweep has ended; fails when it does not within `pages`."""
    for _ in range(pages):
        sweep = state_of(services, sweep_id)
        if sweep.status is not SweepStatus.OPEN:
            return sweep
        kind = QuotePage if sweep.kind is SweepKind.QUOTES else SearchPage
        HANDLERS[kind](services, kind(sweep_id=sweep_id, page=sweep.page))
    raise AssertionError(f"still open after {pages} pages")


def gaps_of(services: Services) -> list[Unread]:
    """What is not stored of any stream, by time."""
    return [Unread(gap.from_at, gap.to_at, gap.reason) for gap in services.stores.gaps.missing()]


def without_archive(services: Services) -> None:
    """Let X have said that the plan has no archive."""
    services.plan.refused(Forbidden("search/all", "X answered 403", reason=NOT_IN_PLAN))


def stored_ids(services: Services) -> set[int]:
    """Ids of all posts in MongoDB."""
    return {int(document["_id"]) for document in services.stores.db["X_tweets"].find({}, {"_id": 1})}
