"""Many processes and threads on one limiter, against an X that counts: never a 429, and the window is used up."""

from __future__ import annotations

import multiprocessing
import random
import threading
import time
from typing import Any

import pytest
import redis

from shared.domain.models import RateHeaders, WorkClass
from shared.ratelimit.limiter import Limiter
from shared.ratelimit.model import CallRequest, Refusal, Settlement
from shared.redis.connection import connect

PROCESSES, THREADS = 4, 8
WINDOW_SECONDS, LIMIT = 3, 300
LOST_PERCENT = 5

# X: its clock is off by ARGV[3] ms, its window opens with a call and ends on a whole second of its clock.
COUNT_CALL = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[3]
local x = redis.call('HMGET', KEYS[1], 'ends', 'used', 'number')
local ends, used, number = tonumber(x[1]) or 0, tonumber(x[2]) or 0, tonumber(x[3]) or 0
if now >= ends then
  ends, used, number = math.ceil((now + ARGV[1]) / 1000) * 1000, 0, number + 1
end
if used < tonumber(ARGV[2]) then used = used + 1 else redis.call('HINCRBY', KEYS[1], 'refused', 1) end
redis.call('HSET', KEYS[1], 'ends', ends, 'used', used, 'number', number)
redis.call('HSET', KEYS[2], number, used)
return { ARGV[2] - used, ends / 1000, math.floor(now / 1000), number }
"""


def work(redis_url: str, offset_ms: int, windows: int, seed: int) -> None:
    """One process: threads that call X as often as the limiter lets them, until enough windows have passed."""
    stop = threading.Event()

    def call(rng: random.Random) -> None:
        client = connect(redis_url)
        limiter = Limiter(client, window_seconds=WINDOW_SECONDS, lease_seconds=1)
        count_call = client.register_script(COUNT_CALL)
        request = CallRequest("search", ("app",), WorkClass.INTERACTIVE)
        while not stop.is_set():
            answer = limiter.acquire(request)
            if isinstance(answer, Refusal):
                stop.wait(min(answer.wait_seconds, 0.05))
                continue
            stop.wait(rng.uniform(0.001, 0.02))  # on its way to X
            remaining, reset, date, number = count_call(["x", "x:windows"], [WINDOW_SECONDS * 1000, LIMIT, offset_ms])
            stop.wait(rng.uniform(0.001, 0.02))  # and back
            if number > windows:
                stop.set()
            if rng.randrange(100) >= LOST_PERCENT:
                rate = RateHeaders(limit=LIMIT, remaining=remaining, reset_at_seconds=reset, date_seconds=date)
                limiter.settle(answer, Settlement(answered=True, status=200, rate=rate))

    threads = [threading.Thread(target=call, args=(random.Random(seed * 100 + n),)) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize(("offset_ms", "windows"), [(2000, 2), (-2000, 1)])
def test_many_processes_are_never_refused_by_x(
    redis_client: redis.Redis, redis_url: str, offset_ms: int, windows: int
) -> None:
    """4 x 8 workers, X's clock 2 s off, 5 % of grants never settled: X never has to refuse.

    How much of each window is used depends on the machine: `make faults` and `make bench-quota` measure it.
    """
    processes = [
        multiprocessing.get_context("fork").Process(
            target=work, args=(redis_url, offset_ms, windows, seed), daemon=True
        )
        for seed in range(PROCESSES)
    ]
    for process in processes:
        process.start()
    deadline = time.monotonic() + 60
    for process in processes:
        process.join(timeout=max(0.1, deadline - time.monotonic()))

    assert [process.exitcode for process in processes] == [0] * PROCESSES
    assert redis_client.hget("x", "refused") is None
    used: dict[Any, Any] = redis_client.hgetall("x:windows")
    whole = [int(used[b"%d" % number]) for number in range(1, windows + 1)]
    assert min(whole) > 0, whole
    assert max(whole) <= LIMIT
