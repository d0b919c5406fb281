"""How soon the `covey` command is there, beside an interpreter that only imports typer, in one run.

`python -m bench.cli` starts an empty MongoDB and Redis of its own, prints a table, writes var/bench/cli.json, and exits
1 when a claim fails. Every subject is started once a round, one after another, so that a noisy moment hits all of
them; a figure is the median of the rounds, and a ratio that of the ratios to the same round's interpreter. What
the servers take is in the figures.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.report import Claim, Report
from shared.runtime.embedded import running
from shared.runtime.settings import blank_environment

ROUNDS, WARM_UP_ROUNDS = 11, 1
ROOT = Path(__file__).parents[1]
LEAST = "python -c 'import typer'"
# The most times LEAST that each may take.
LIMITS = {
    "covey --help": 3.0,
    "covey status --help": 6.0,
    "covey dead list --help": 6.0,
    "covey track 'no name'": 6.0,
    "covey handles": 6.0,
}
ARGUMENTS = {"covey track 'no name'": ["track", "no name"]}


def command(name: str) -> list[str]:
    """What is started for a subject."""
    if name == LEAST:
        return [sys.executable, "-c", "import typer"]
    return [sys.executable, "-m", "control.cli", *ARGUMENTS.get(name, name.split()[1:])]


def seconds(name: str, environment: dict[str, str], folder: str) -> float:
    """How long one start of a subject takes, from the start of its process to its end."""
    began = time.perf_counter()
    subprocess.run(
        command(name), env=environment, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    return time.perf_counter() - began


def main() -> int:
    """Measure, print, write the report; 1 when a claim fails."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as servers:
        environment = blank_environment(
            PYTHONPATH=str(ROOT), REDIS_URL=servers.redis_url, MONGO_URI=servers.mongo_uri, COVEY_DATA_DIR=folder
        )
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed has its bytecode on disk
        rounds = [
            {name: seconds(name, environment, folder) for name in (LEAST, *LIMITS)}
            for _ in range(WARM_UP_ROUNDS + ROUNDS)
        ][WARM_UP_ROUNDS:]
    runs = {name: [1000 * one[name] for one in rounds] for name in (LEAST, *LIMITS)}
    report = Report(
        name="cli",
        claims=[
            Claim(
                f"{name}, times {LEAST}",
                statistics.median(one[name] / one[LEAST] for one in rounds),
                limit,
                is_ceiling=True,
            )
            for name, limit in LIMITS.items()
        ],
        medians={name: statistics.median(values) for name, values in runs.items()},
        runs=runs,
    )
    report.write(Path("var/bench"))
    report.show("milliseconds until it has ended")
    return 0 if report.passed else 1


if __name__ == "__main__":
    sys.exit(main())
