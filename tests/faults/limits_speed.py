"""How fast the limiter decides (L8), by the measurement of `bench.limiter`, shorter."""

from __future__ import annotations

import statistics
from pathlib import Path

from shared.runtime.embedded import start_redis
from tests.faults.finding import Finding

RUNS = 5


def beside_a_bare_script(folder: Path) -> Finding:
    """L8: acquire beside the least that Redis can do, taking turns on one Redis."""
    try:
        from bench import limiter as bench
    except ImportError as error:
        return Finding("L8", False, f"not measured: {error}; install the extra `bench`", "at least 80 %")
    server = start_redis(folder / "redis")
    try:
        subjects = [one for one in bench.subjects(server.url) if one.name in (bench.BARE, bench.ACQUIRE)]
        runs = [bench.measure(subjects) for _ in range(RUNS)]
    finally:
        server.stop()
    share = statistics.median(run[bench.ACQUIRE] / run[bench.BARE] for run in runs)
    rate = statistics.median(run[bench.ACQUIRE] for run in runs)
    return Finding(
        "L8",
        share >= bench.LEAST_SHARE_OF_BARE,
        f"{share:.1%} of a bare EVALSHA by redis-py, {rate:,.0f} grants a second, medians of {RUNS} runs",
        f"at least {bench.LEAST_SHARE_OF_BARE:.0%}",
    )
