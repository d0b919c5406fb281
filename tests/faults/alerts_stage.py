"""Acts, each of which really does something to a flock, and what the alerts said while it lasted and afterwards."""

from __future__ import annotations

import atexit
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.faults.alerts_flock import FACTOR, AlertsFlock, NotTriedError
from tests.faults.alerts_prometheus import Prometheus
from tests.faults.finding import Finding
from tests.faults.queue_fleet import wait_until

LIMIT = f"fires, and is silent again; every window and `for:` is {FACTOR:g} times shorter"
CALM_SECONDS = 120.0


@dataclass(frozen=True)
class Act:
    """what: for people. alerts: those that must fire while `doing` lasts and end afterwards. must_not: those that must
    not fire meanwhile. Both times are the most that is waited for. variant: tells acts apart that raise one alert.
    """

    what: str
    alerts: tuple[str, ...]
    doing: Callable[[AlertsFlock], AbstractContextManager[None]]
    must_not: tuple[str, ...] = ()
    fires_within_seconds: float = 60.0
    silent_within_seconds: float = 60.0
    variant: str = ""

    @property
    def ids(self) -> tuple[str, ...]:
        """Of all its rows."""
        return (*(self.id(alert) for alert in self.alerts), *(quiet(alert) for alert in self.must_not))

    def id(self, alert: str) -> str:
        """Of the row of an alert."""
        return f"{alert} {self.variant}".rstrip()


class Stage:
    """One flock for all acts; it is set up with the first, and cleared away when this process ends."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._flock: AlertsFlock | None = None
        self._rows: dict[str, Finding] = {}

    def row(self, act: Act, id: str) -> Finding:
        """What became of one alert, by the id of its row; the first that asks has the act done."""
        if id not in self._rows:
            try:
                self._rows |= self._done(self._set_up(), act)
            except NotTriedError as reason:
                self._rows |= {name: not_tried(name, str(reason)) for name in act.ids}
        return self._rows[id]

    def _set_up(self) -> AlertsFlock:
        if self._flock is None:
            folder = Path(tempfile.mkdtemp(prefix="covey-alerts-"))
            atexit.register(shutil.rmtree, folder, ignore_errors=True)
            atexit.register(self._stack.close)
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # disks are unmounted then too
            prometheus = self._stack.enter_context(Prometheus(folder / "prometheus", FACTOR))
            flock = self._stack.enter_context(AlertsFlock(folder / "flock", prometheus))
            flock.begin()
            self._flock = flock
        return self._flock

    def _done(self, flock: AlertsFlock, act: Act) -> dict[str, Finding]:
        watch, names = flock.prometheus, {*act.alerts, *act.must_not}
        _wait(lambda: not names & watch.firing(), CALM_SECONDS)
        before = names & watch.firing()
        began = time.monotonic()
        with act.doing(flock):
            _wait(lambda: all(watch.fired_since(name, began) for name in act.alerts), act.fires_within_seconds)
            mended = time.monotonic()
        _wait(lambda: not set(act.alerts) & watch.firing(), act.silent_within_seconds)
        rows = {}
        for name in act.alerts:
            fired, silent = watch.fired_since(name, began), watch.silent_since(name)
            rows[act.id(name)] = found(
                act.id(name),
                fired_after=None if fired is None or name in before else fired - began,
                silent_after=None if silent is None else silent - mended,
            )
        for name in act.must_not:
            fired = watch.fired_since(name, began)
            rows[quiet(name)] = Finding(
                quiet(name),
                passed=fired is None,
                figure=f"silent for {time.monotonic() - began:.0f} s"
                if fired is None
                else f"fired after {fired - began:.0f} s",
                limit="must not fire",
            )
        return rows


def quiet(alert: str) -> str:
    """The id of the row that an alert did not fire."""
    return f"{alert} (paused)"


def found(alert: str, *, fired_after: float | None, silent_after: float | None) -> Finding:
    """The row of an alert that was to fire and to end; None: it did not. silent_after: from when it was mended on."""
    fired = "never fired" if fired_after is None else f"fired after {fired_after:.0f} s"
    silent = (
        "still firing"
        if silent_after is None
        else f"silent after {silent_after:.0f} s"
        if silent_after >= 0
        else f"silent {-silent_after:.0f} s before it was mended, with the end of its window"
    )
    passed = fired_after is not None and silent_after is not None
    return Finding(alert, passed=passed, figure=fired if fired_after is None else f"{fired}, {silent}", limit=LIMIT)


def not_tried(alert: str, reason: str) -> Finding:
    """The row of an alert that was not made to fire, with the reason; it decides nothing."""
    return Finding(alert, passed=True, figure=f"not tried: {reason}", limit="ops/prometheus/rules_test.yml only")


def _wait(condition: Callable[[], bool], seconds: float) -> None:
    """Wait until it holds, or as long as that: what did not come is a row of the report."""
    try:
        wait_until(condition, seconds, "it holds")
    except AssertionError:
        return
