"""Workers that die, stop, or are killed by their own jobs (R1, R2, R7), and one that resumes too late."""

from __future__ import annotations

import math
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from shared.broker.broker import LAST_CHANCE_DELAY_MS
from tests.faults.finding import Finding
from tests.faults.queue_fleet import Fleet, pause, resume, wait_until


def kills_under_load(
    folder: Path,
    *,
    seed: int,
    jobs: int,
    kills: int,
    every_seconds: float,
    last_chance_delay_ms: int = LAST_CHANCE_DELAY_MS,
    heartbeat_timeout_ms: int = 2_000,
    workers: int = 3,
    threads: int = 4,
) -> Finding:
    """R1: SIGKILL a random worker again and again. A fifth of the jobs is delayed, a tenth defers itself once.

    The jobs are as long as it takes to keep all threads busy while the kills last, so some are hit twice. A third hit
    would bury a job as poison: nothing tells a killed process from one that its job has ended. But before its last
    delivery a job waits longer than the kills last here, also where new workers take their time to start.
    """
    rng = random.Random(seed)
    mean_ms = int(kills * every_seconds * 1000 * workers * threads / jobs)
    hits: Counter[str] = Counter()
    with Fleet(
        folder, threads=threads, heartbeat_timeout_ms=heartbeat_timeout_ms, last_chance_delay_ms=last_chance_delay_ms
    ) as fleet:
        fleet.start(workers)
        names = []
        for number in range(jobs):
            name, ms = f"job-{number}", rng.randrange(2 * mean_ms)
            if number % 10 == 3:
                names.append(fleet.enqueue("defer_once", name, ms, str(folder / f"marker-{number}")))
            else:
                delay_ms = rng.randrange(int(kills * every_seconds * 1000)) if number % 5 == 0 else None
                names.append(fleet.enqueue("work", name, ms, delay_ms=delay_ms))
        for _ in range(kills):
            threading.Event().wait(every_seconds)
            hits.update(fleet.kill(rng.choice(fleet.workers)))
            fleet.start()
        fleet.settle(last_chance_delay_ms / 1000 + 30)
        done, dead = fleet.count("done"), fleet.dead()
        lost = [name for name in names if not done[name] and name not in dead]
        repeats, in_flight = fleet.repeats(), hits.total()
        twice = len([name for name, count in hits.items() if count > 1])
    return Finding(
        "R1",
        passed=not lost and not dead and repeats <= in_flight,
        figure=f"{jobs} jobs, {kills} kills: {len(lost)} lost, {len(dead)} dead, {repeats} repeats of {in_flight} jobs "
        f"in flight, {twice} of them hit more than once",
        limit="0 lost, 0 dead, no more repeats than jobs in flight at the kills",
    )


def time_to_recovery(
    folder: Path, *, heartbeat_timeout_ms: int, patience_seconds: float = 60.0, fleet_type: type[Fleet] = Fleet
) -> Finding:
    """R2: the only job of a killed worker runs again in the other worker."""
    limit = heartbeat_timeout_ms / 1000 + 10
    with fleet_type(folder, heartbeat_timeout_ms=heartbeat_timeout_ms) as fleet:
        victim = fleet.start()[0]
        fleet.enqueue("work", "long", 600_000)
        wait_until(lambda: fleet.count("start")["long"] == 1, 20, "the job started")
        fleet.start()
        fleet.kill(victim)
        try:
            seconds = wait_until(lambda: fleet.count("start")["long"] == 2, patience_seconds, "the job started again")
        except AssertionError:
            seconds = math.inf
    figure = f"not within {patience_seconds:.0f} s" if seconds == math.inf else f"{seconds:.1f} s"
    return Finding("R2", seconds <= limit, figure, f"{limit:.1f} s (heartbeat timeout + 10 s)")


def stopped_and_resumed(folder: Path, *, jobs: int, stop_seconds: float) -> Finding:
    """R2: a worker is stopped for longer than the heartbeat timeout, with jobs in hand, and resumes."""
    with Fleet(folder) as fleet:
        sleeper = fleet.start(2)[0]
        names = [fleet.enqueue("work", f"job-{number}", 100) for number in range(jobs)]
        wait_until(lambda: fleet.running(sleeper.pid), 20, "the worker has jobs in hand")
        pause(sleeper)
        in_hand = len(fleet.held_by(sleeper))
        threading.Event().wait(stop_seconds)
        resume(sleeper)
        fleet.wait_at_rest(60)
        wait_until(lambda: not fleet.running(sleeper.pid), 20, "the resumed worker has finished")
        done = fleet.count("done")
        lost, repeats = len([name for name in names if not done[name]]), fleet.repeats()
        dead = len(fleet.dead())
        fleet.wait_at_rest(5)
    return Finding(
        "R2 stopped and resumed",
        passed=lost == 0 and dead == 0 and repeats <= in_hand,
        figure=f"{jobs} jobs: {lost} lost, {dead} dead, {repeats} repeats of {in_hand} jobs in hand",
        limit="0 lost, 0 dead, no more repeats than jobs in hand",
    )


def poison(
    folder: Path, *, jobs: int, poisons: int, job_ms: int, speed: float | None, workers: int = 2, defers: bool = False
) -> Finding:
    """R7: jobs that end their process die after three deliveries; the others are done, at `speed` of their own.

    defers: between two such ends the job is deferred once, which must not count as having got away with it.
    speed: None measures none; a comparison needs a load that is long beside the restart of a process. The pause before
    the last delivery is short, so that all three fall into the load. The clean run loses nothing, so the loss is:
    restarts of killed processes plus the time their jobs wait.
    """
    clean = _Run(0.0, [], [], [], 0) if speed is None else _run(folder / "clean", jobs, 0, job_ms, workers, defers)
    run = _run(folder / "poisoned", jobs, poisons, job_ms, workers, defers)
    kept = clean.seconds / run.seconds
    return Finding(
        "R7",
        passed=run.reasons == ["poison"] * poisons
        and run.deliveries == [3] * poisons
        and run.deferrals == [2 if defers else 0] * poisons
        and run.collateral == 0
        and (speed is None or kept >= speed),
        figure=f"deliveries {run.deliveries}, deferrals between them {run.deferrals}, reasons {run.reasons}, "
        f"{run.collateral} others dead" + ("" if speed is None else f", speed of the others {kept:.0%}"),
        limit="3 deliveries each, reason poison, 0 others dead"
        + ("" if speed is None else f", {speed:.0%} of the speed"),
    )


@dataclass(frozen=True, slots=True)
class _Run:
    """seconds: until all good jobs were done. deliveries (that ended a process), deferrals, reasons: of each bad one.

    collateral: good ones that died.
    """

    seconds: float
    deliveries: list[int]
    deferrals: list[int]
    reasons: list[str]
    collateral: int


def _run(folder: Path, jobs: int, poisons: int, job_ms: int, workers: int, defers: bool) -> _Run:
    folder.mkdir()
    with Fleet(folder) as fleet:
        fleet.start(workers)
        stop = threading.Event()
        keeper = threading.Thread(target=_keep_alive, args=(fleet, stop), daemon=True)
        keeper.start()
        started = time.monotonic()
        bad = [_enqueue_poison(fleet, f"poison-{number}", defers) for number in range(poisons)]
        names = [fleet.enqueue("work", f"job-{number}", job_ms) for number in range(jobs)]
        fleet.wait_done(names, 300)
        seconds = time.monotonic() - started
        fleet.wait_at_rest(60)
        stop.set()
        keeper.join()
        starts, deferred, letters = fleet.count("start"), fleet.count("deferred"), fleet.broker.introspection.dead(jobs)
        reasons = [letter.reason for letter in letters if letter.redis_id in bad]
        return _Run(
            seconds,
            [starts[name] for name in bad],
            [deferred[name] for name in bad],
            reasons,
            len(letters) - len(reasons),
        )


def _enqueue_poison(fleet: Fleet, name: str, defers: bool) -> str:
    if defers:
        return fleet.enqueue("defer_or_end_the_process", name, str(fleet.folder / f"marker-{name}"))
    return fleet.enqueue("end_the_process", name)


def _keep_alive(fleet: Fleet, stop: threading.Event) -> None:
    """What compose does: start a worker for each that ended."""
    while not stop.wait(0.05):
        for worker in [worker for worker in fleet.workers if worker.poll() is not None]:
            fleet.workers.remove(worker)
            fleet.start()
