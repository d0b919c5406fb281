"""What the API costs beside a bare route on the same server, and how soon the feed tells what happened.

`python -m bench.control` starts a Redis and a MongoDB of its own, stores 1,600 posts of the simulator, and starts
`covey control` and a FastAPI whose one route answers the same bytes. Four clients ask each in turn, three seconds at a
time, five times:

    read a post         GET /v1/tweets/{id}, with its series, its media and when it is read next
    list mentions       GET /v1/mentions?limit=50, where there is that route
    refresh a post      POST /v1/tweets/{id}/refresh of ever other posts: a run is written and its job is queued
    bare                the same bytes as a post's, from a route that does nothing else

Then posts come at a calm rate and as fast as they can, are entered into the feed each second as the leader does, and
are read by a client with `wait`: how many a second, and how long from the write to the reader. It prints a table,
writes var/bench/control.json, and exits 1 when a claim fails.
"""

from __future__ import annotations

import http.client
import json
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from subprocess import PIPE, STDOUT, Popen
from urllib.parse import urlsplit

import requests

from bench import answers
from bench.ingest import PAGES, follow, ingest, services_on
from bench.report import Claim, Report
from bench.steps import Times
from control import tokens
from control.trail import at_terminal
from scheduler.feeding import Feeding
from shared.domain.access import Scope
from shared.runtime.embedded import Servers
from shared.runtime.embedded import running as servers_running
from shared.runtime.settings import child_environment
from shared.services.bootstrap import Services

RUNS, CLIENTS, SECONDS = 5, 4, 3.0
READ, MENTIONS, REFRESH, BARE = "read a post", "list mentions", "refresh a post", "bare"
CALM_A_SECOND, CALM_SECONDS, BURST = 50, 10, 5_000
LOOK_SECONDS = 1.0
LEAST_SHARE, MOST_READ_MS, MOST_REFRESH_MS, MOST_DELAY_SECONDS = 0.1, 100.0, 250.0, 3.0

Ask = tuple[str, str, str | None]


@contextmanager
def process(module: str, *arguments: str, **environment: str) -> Iterator[str]:
    """A process that tells its address in a line of its output."""
    command = [sys.executable, "-m", module, *arguments]
    with Popen(command, stdout=PIPE, stderr=STDOUT, text=True, env=child_environment(**environment)) as running:
        assert running.stdout is not None
        url = next(json.loads(line)["url"] for line in running.stdout if '"url"' in line)
        drain = threading.Thread(target=running.stdout.read, daemon=True)
        drain.start()
        try:
            yield url
        finally:
            running.terminate()
            running.wait()


def load(url: str, token: str, asks: Iterator[Ask], seconds: float) -> list[float]:
    """Ask by CLIENTS at once for so long; answers how long each answer took, in seconds."""
    host, took, lock = urlsplit(url).netloc, [], threading.Lock()
    until = time.monotonic() + seconds

    def client() -> None:
        connection, mine = http.client.HTTPConnection(host, timeout=30), []
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        while time.monotonic() < until:
            with lock:
                method, path, body = next(asks)
            began = time.perf_counter()
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            answer.read()
            assert answer.status < 300, (answer.status, path)
            mine.append(time.perf_counter() - began)
        connection.close()
        with lock:
            took.extend(mine)

    threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return took


def p99_ms(took: Sequence[float]) -> float:
    """The 99th of a hundred, in milliseconds."""
    return 1000 * sorted(took)[min(len(took) - 1, int(0.99 * len(took)))]


def compared(url: str, bare: str, token: str, ids: Sequence[str], routes: Sequence[str]) -> list[dict[str, float]]:
    """Rates and 99th percentiles, turn by turn."""
    number = count()
    asked: dict[str, tuple[str, Callable[[int], Ask]]] = {
        READ: (url, lambda n: ("GET", f"/v1/tweets/{ids[n % len(ids)]}", None)),
        MENTIONS: (url, lambda n: ("GET", "/v1/mentions?limit=50", None)),
        REFRESH: (url, lambda n: ("POST", f"/v1/tweets/{ids[n % len(ids)]}/refresh", '{"force": true}')),
        BARE: (bare, lambda n: ("GET", "/answer", None)),
    }
    found = []
    for _ in range(RUNS):
        one: dict[str, float] = {}
        for name in (name for name in asked if name == BARE or name in routes):
            where, make = asked[name]
            took = load(where, token, (make(next(number)) for _ in count()), SECONDS)
            one |= {name: len(took) / SECONDS, f"{name}, p99 ms": p99_ms(took)}
        found.append(one)
    return found


def feed(services: Services, url: str, token: str) -> dict[str, float]:
    """How soon a reader has what was written, at a calm rate; and how many a second get through."""
    stop, seen = threading.Event(), dict[str, float]()
    feeding, mentions = Feeding(services), services.stores.db["mentions"]
    cursor = _read(url, token, "after=now")["next_cursor"]

    def enter() -> None:
        while not stop.wait(LOOK_SECONDS):
            feeding.run_once(services.clock.now())

    def reader() -> None:
        at = cursor
        while not stop.is_set():
            page = _read(url, token, f"after={at}&wait=2&limit=1000")
            now = time.monotonic()
            seen.update((one["data"]["id"], now) for one in page["data"])
            at = page["next_cursor"]

    def write(names: Sequence[str]) -> float:
        now = datetime.now(UTC)
        rows = [{"_id": f"default:x:{n}", "tenant_id": "default", "external_id": n, "unfed": now} for n in names]
        mentions.insert_many(rows)
        return time.monotonic()

    threads = [threading.Thread(target=work, daemon=True) for work in (enter, reader)]
    for thread in threads:
        thread.start()
    written: dict[str, float] = {}
    for number in range(CALM_SECONDS * 10):
        names = [f"calm{number}-{n}" for n in range(CALM_A_SECOND // 10)]
        written |= dict.fromkeys(names, write(names))
        stop.wait(0.1)
    _until(lambda: written.keys() <= seen.keys())
    burst = [f"burst{n}" for n in range(BURST)]
    began = write(burst)
    _until(lambda: len(seen) == len(written) + BURST)
    rate = BURST / (max(seen[name] for name in burst) - began)
    stop.set()
    for thread in threads:
        thread.join()
    delays = sorted(seen[name] - at for name, at in written.items())
    return {
        "feed: events a second": rate,
        "feed: delay, median ms": 1000 * statistics.median(delays),
        "feed: delay, p99 ms": p99_ms(delays),
    }


def _read(url: str, token: str, query: str) -> dict[str, object]:
    answer = requests.get(f"{url}/v1/feed?{query}", headers={"Authorization": f"Bearer {token}"}, timeout=40)
    answer.raise_for_status()
    return dict(answer.json())


def _until(holds: Callable[[], bool]) -> None:
    deadline, pause = time.monotonic() + 120, threading.Event()
    while not holds():
        assert time.monotonic() < deadline
        pause.wait(0.05)


def measured(servers: Servers, folder: Path) -> list[dict[str, float]]:
    """All figures, run by run."""
    (folder / "pages").mkdir()
    names = answers.written(folder / "pages", PAGES)
    with answers.running(answers.given(folder / "pages")) as x_url:
        services = services_on(servers, x_url, folder)
        services.stores.ensure_indexes()
        follow(services, names)
        for number in range(PAGES):
            ingest(services, names, number, Times())
    for _ in range(10):
        Feeding(services).run_once(services.clock.now())
    made = tokens.create(
        services, at_terminal(), name="bench", tenant="default", scopes=frozenset({Scope.ADMIN}), days=None
    )
    ids = [one["external_id"] for one in services.stores.db["mentions"].find({}, {"external_id": 1})]
    environment = {
        "REDIS_URL": servers.redis_url,
        "MONGO_URI": servers.mongo_uri,
        "COVEY_MONGO_DATABASE": services.settings.mongo_database,
        "COVEY_CONTROL_REQUESTS_A_MINUTE": "100000000",
        "COVEY_LOG_LEVEL": "info",
    }
    with process("control.http", "--port", "0", **environment) as url:
        post = _body(url, made.text, f"/v1/tweets/{ids[0]}")
        (folder / "post.json").write_bytes(post)
        routes = json.loads(_body(url, made.text, "/openapi.json"))["paths"]
        there = [READ, REFRESH, *([MENTIONS] if "/v1/mentions" in routes else [])]
        with process("bench.bare_route", str(folder / "post.json")) as bare:
            runs = compared(url, bare, made.text, ids, there)
        return [one | feed(services, url, made.text) if not number else one for number, one in enumerate(runs)]


def _body(url: str, token: str, path: str) -> bytes:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    return answer.read()


def report_of(runs: Sequence[dict[str, float]]) -> Report:
    """The claims and what they rest on."""
    medians = {name: statistics.median(run[name] for run in runs if name in run) for name in runs[0]}
    share = statistics.median(run[READ] / run[BARE] for run in runs)
    return Report(
        name="control",
        claims=[
            Claim(f"{READ}, beside {BARE}", share, LEAST_SHARE),
            Claim(f"{READ}, p99 ms", medians[f"{READ}, p99 ms"], MOST_READ_MS, is_ceiling=True),
            Claim(f"{REFRESH}, p99 ms", medians[f"{REFRESH}, p99 ms"], MOST_REFRESH_MS, is_ceiling=True),
            Claim("feed: delay, p99 s", medians["feed: delay, p99 ms"] / 1000, MOST_DELAY_SECONDS, is_ceiling=True),
        ],
        medians=medians,
        runs={name: [run[name] for run in runs if name in run] for name in runs[0]},
    )


def main() -> int:
    """Measure, print, write the report; 1 when a claim fails."""
    with tempfile.TemporaryDirectory() as name, servers_running(Path(name)) as servers:
        report = report_of(measured(servers, Path(name)))
    report.write(Path("var/bench"))
    report.show("requests a second, milliseconds, events a second")
    return 0 if report.passed else 1


if __name__ == "__main__":
    sys.exit(main())
