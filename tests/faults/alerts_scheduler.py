"""Runs a scheduler whose canaries and looks at the servers come FACTOR times more often, as the rules are shorter.

`python -m tests.faults.alerts_scheduler FACTOR [ARGUMENT]...`
"""

from __future__ import annotations

import sys

from scheduler import __main__ as process
from scheduler import planner, servers


def main() -> None:
    """Shorten what the alerts rest on, and become a scheduler."""
    factor = float(sys.argv.pop(1))
    planner.CANARY_INTERVAL_SECONDS /= factor
    planner.AUDIT_INTERVAL_SECONDS = planner.SILENCE_INTERVAL_SECONDS = planner.PURGE_INTERVAL_SECONDS = 2.0
    servers.INTERVAL /= factor
    process.EXPORT_INTERVAL_SECONDS = 1.0
    process.app(prog_name="covey scheduler")


if __name__ == "__main__":
    main()
