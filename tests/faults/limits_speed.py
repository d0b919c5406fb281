"""How fast the limiter decides (L8), by the measurement of `bench.limiter`, shorter."""

from __future__ import annotations

import statistics
from pathlib import Path

from shared.embedded import start_redis
from tests.faults.finding import Finding

RUNS = 5
BARE, ACQUIRE = "bare EVALSHA return 1", "covey acquire, six windows"


def beside_a_bare_script(folder: Path) -> Finding:
    """L8: acquire beside the least that Redis can do, taking turns on one Redis."""
    try:
        from bench import limiter as bench
    except ImportError as error:
        return Finding("L8", False, f"not measured: {error}; install the extra `bench`", "at least 80 %")
    server = start_redis(folder / "redis")
    try:
        subjects = [one for one in bench.subjects(server.url) if one.name in (BARE, ACQUIRE)]
        runs = [bench.measure(subjects) for _ in range(RUNS)]
    finally:
        server.stop()
    share = statistics.median(run[ACQUIRE] / run[BARE] for run in runs)
    rate = statistics.median(run[ACQUIRE] for run in runs)
    return Finding(
        "L8",
        share >= bench.LEAST_SHARE_OF_BARE,
        f"{share:.1%} of a bare EVALSHA, {rate:,.0f} grants a second on one connection, median of {RUNS} runs",
        f"at least {bench.LEAST_SHARE_OF_BARE:.0%}",
    )
