"""Runs a module as a process whose clock is wrong: `python -m tests.faults.wrong_clock SECONDS MODULE [ARGUMENT]...`.

`time.time` is off by SECONDS in it, and with it all that asks the machine for the time by that name, as our clock does.
"""

from __future__ import annotations

import runpy
import sys
import time


def main() -> None:
    """Put the clock wrong, and become the module."""
    off_by, module = float(sys.argv[1]), sys.argv[2]
    right = time.time
    time.time = lambda: right() + off_by
    sys.argv = [module, *sys.argv[3:]]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
