"""How fast the limiter decides, beside its peers and beside the least that Redis can do, in one run.

`python -m bench.limiter` starts a Redis of its own, configured as the product's, prints a table, writes
var/bench/limiter.json, and exits 1 when a claim fails. Every subject gets short turns, one after another, so that a
noisy moment of the machine hits all of them; a figure is the median of five runs.

The bare script is measured twice: as redis-py calls it, which is what the claim is about, and over the limiter's own
connections, which are faster. Of the second one an acquire is about half: that half is the work of the decision itself.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import limits.strategies
import pyrate_limiter
import redis
from dramatiq.rate_limits import WindowRateLimiter
from dramatiq.rate_limits.backends import RedisBackend
from limits import RateLimitItemPerMinute
from limits.storage import RedisStorage

from bench.report import Claim, Report
from shared.domain.models import RateHeaders, WorkClass
from shared.domain.money.budgets import Budgets
from shared.domain.money.prices import Amounts, PriceKind
from shared.ratelimit.limiter import Limiter
from shared.ratelimit.model import CallRequest, Grant, Settlement
from shared.redis.connection import connect
from shared.redis.scripts import Connections, Script
from shared.runtime.embedded import running

RUNS, TURNS, TURN_SECONDS, WARM_UP_TURNS = 5, 20, 0.05, 2
PLENTY = 10**9
WINDOW_SECONDS = 900
BARE_SCRIPT = "return 1"
BARE, BARE_SAME_PATH = "bare EVALSHA return 1, redis-py", "bare EVALSHA return 1, our connections"
ACQUIRE = "covey acquire, six windows"
MOVING_WINDOWS = ("limits, moving window", "pyrate-limiter")
LEAST_SHARE_OF_BARE = 0.8


@dataclass(frozen=True)
class Subject:
    """Something that is timed. `prepare` runs before every turn, outside the clock."""

    name: str
    act: Callable[[], object]
    prepare: Callable[[], object] = lambda: None


def subjects(url: str) -> list[Subject]:
    """All that is compared, each on the same Redis with connections of its own."""
    plain = redis.Redis.from_url(url)
    sha = plain.script_load(BARE_SCRIPT)
    same_path = Script(Connections(connect(url)), BARE_SCRIPT)
    return [
        Subject(BARE, lambda: plain.evalsha(sha, 0)),
        Subject(BARE_SAME_PATH, lambda: same_path((), ())),
        *limiter_subjects(url),
        *limits_subjects(url),
        pyrate_subject(url),
        dramatiq_subject(url),
    ]


def limiter_subjects(url: str) -> list[Subject]:
    """Acquire alone, and acquire with its settlement; six windows each: 15 minutes, 24 hours, four budgets."""
    client = connect(url)
    limiter = Limiter(client, budgets=Budgets(day_usd=1e6, month_usd=1e6, month_requests=PLENTY, month_posts=PLENTY))
    request = CallRequest(
        "search/recent", ("app",), WorkClass.SEARCH, most=Amounts({PriceKind.POST: 100, PriceKind.USER: 10})
    )
    seconds, _ = client.time()
    rate = RateHeaders(
        limit=PLENTY,
        remaining=PLENTY - 1,
        reset_at_seconds=seconds + WINDOW_SECONDS,
        date_seconds=float(seconds),
        day_limit=PLENTY,
        day_remaining=PLENTY - 1,
        day_reset_at_seconds=seconds + 86_400,
    )
    settlement = Settlement(
        answered=True, status=200, rate=rate, billed=Amounts({PriceKind.POST: 20, PriceKind.USER: 3})
    )

    def open_windows() -> None:
        for key in client.scan_iter("covey:limit:*"):
            client.delete(key)
        limiter.settle(granted(), settlement)

    def granted() -> Grant:
        answer = limiter.acquire(request)
        assert isinstance(answer, Grant), answer
        return answer

    return [
        Subject(ACQUIRE, granted, open_windows),
        Subject("covey acquire + settle", lambda: limiter.settle(granted(), settlement), open_windows),
    ]


def limits_subjects(url: str) -> list[Subject]:
    """The library `limits`: one window a call."""
    item = RateLimitItemPerMinute(PLENTY, WINDOW_SECONDS // 60)
    storage = RedisStorage(url)
    fixed = limits.strategies.FixedWindowRateLimiter(storage)
    moving = limits.strategies.MovingWindowRateLimiter(storage)
    return [
        Subject("limits, fixed window", lambda: fixed.hit(item, "fixed")),
        Subject("limits, moving window", lambda: moving.hit(item, "moving")),
    ]


def pyrate_subject(url: str) -> Subject:
    """The library `pyrate-limiter`: one window a call."""
    rates = [pyrate_limiter.Rate(PLENTY, WINDOW_SECONDS * 1000)]
    bucket = pyrate_limiter.RedisBucket.init(rates, redis.Redis.from_url(url), "pyrate")
    assert isinstance(bucket, pyrate_limiter.RedisBucket)
    limiter = pyrate_limiter.Limiter(bucket)
    return Subject("pyrate-limiter", lambda: limiter.try_acquire("call", blocking=False))


def dramatiq_subject(url: str) -> Subject:
    """Dramatiq's own window, 900 s wide."""
    window = WindowRateLimiter(RedisBackend(url=url), "dramatiq", limit=PLENTY, window=WINDOW_SECONDS)  # type: ignore[no-untyped-call]

    def acquire() -> None:
        with window.acquire():
            pass

    return Subject("dramatiq Window 900 s", acquire)


def measure(all_subjects: list[Subject]) -> dict[str, float]:
    """Operations a second of each subject, over turns taken one after another."""
    seconds = dict.fromkeys((one.name for one in all_subjects), 0.0)
    counts = dict.fromkeys(seconds, 0)
    for turn in range(WARM_UP_TURNS + TURNS):
        for one in all_subjects:
            one.prepare()
            count, began = 0, time.perf_counter()
            while (taken := time.perf_counter() - began) < TURN_SECONDS:
                one.act()
                count += 1
            if turn >= WARM_UP_TURNS:
                seconds[one.name] += taken
                counts[one.name] += count
    return {name: counts[name] / seconds[name] for name in seconds}


def main() -> int:
    """Measure, print, write the report; 1 when a claim fails."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), mongo_needed=False) as servers:
        all_subjects = subjects(servers.redis_url)
        runs = [measure(all_subjects) for _ in range(RUNS)]
    medians = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    report = Report(
        name="limiter",
        claims=[
            Claim(f"{ACQUIRE}, beside {name}", statistics.median(run[ACQUIRE] / run[name] for run in runs), least)
            for name, least in {BARE: LEAST_SHARE_OF_BARE, **dict.fromkeys(MOVING_WINDOWS, 1.0)}.items()
        ],
        medians=medians,
        runs={name: [run[name] for run in runs] for name in medians},
    )
    report.write(Path("var/bench"))
    report.show("grants a second, one connection")
    return 0 if report.passed else 1


if __name__ == "__main__":
    sys.exit(main())
