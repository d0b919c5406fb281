"""Workers that die, stop, or are killed by their own jobs (R1, R2, R7), and one that resumes too late."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections import Counter
from pathlib import Path

from shared.broker.broker import POISON_AFTER
from tests.faults.finding import Finding
from tests.faults.queue_fleet import Fleet, wait_until


def kills_under_load(
    folder: Path, *, seed: int, jobs: int, kills: int, every_seconds: float, workers: int = 3, threads: int = 4
) -> Finding:
    """R1: SIGKILL a random worker again and again. A fifth of the jobs is delayed, a tenth defers itself once.

    The jobs are as long as it takes to keep all threads busy while the kills last, so a few are hit by three kills.
    Those are dead as poison, by the rule that a third delivery without an answer ends it: nothing tells a killed
    process from one that its job has ended.
    """
    rng = random.Random(seed)
    mean_ms = int(kills * every_seconds * 1000 * workers * threads / jobs)
    hits: Counter[str] = Counter()
    with Fleet(folder, threads=threads) as fleet:
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
        fleet.wait_at_rest(120)
        done = fleet.count("done")
        dead = {letter.redis_id for letter in fleet.broker.dead(jobs)}
        lost = [name for name in names if not done[name] and name not in dead]
        innocent = [name for name in dead if hits[name] < POISON_AFTER]
        repeats, in_flight = fleet.repeats(), hits.total()
    return Finding(
        "R1",
        passed=not lost and not innocent and repeats <= in_flight,
        figure=f"{jobs} jobs, {kills} kills: {len(lost)} lost, {repeats} repeats of {in_flight} jobs in flight, "
        f"{len(dead)} dead after three kills each, {len(innocent)} after fewer",
        limit="0 lost, no more repeats than jobs in flight at the kills, 0 dead after fewer than three",
    )


def time_to_recovery(folder: Path, *, heartbeat_timeout_ms: int) -> Finding:
    """R2: the only job of a killed worker runs again in the other worker."""
    with Fleet(folder, heartbeat_timeout_ms=heartbeat_timeout_ms) as fleet:
        victim = fleet.start()[0]
        fleet.enqueue("work", "long", 600_000)
        wait_until(lambda: fleet.count("start")["long"] == 1, 20, "the job started")
        fleet.start()
        fleet.kill(victim)
        limit = heartbeat_timeout_ms / 1000 + 10
        seconds = wait_until(lambda: fleet.count("start")["long"] == 2, limit + 30, "the job started again")
    return Finding("R2", seconds <= limit, f"{seconds:.1f} s", f"{limit:.1f} s (heartbeat timeout + 10 s)")


def stopped_and_resumed(folder: Path, *, jobs: int, stop_seconds: float) -> Finding:
    """R2b: a worker is stopped for longer than the heartbeat timeout, with jobs in hand, and resumes."""
    with Fleet(folder) as fleet:
        sleeper = fleet.start(2)[0]
        names = [fleet.enqueue("work", f"job-{number}", 100) for number in range(jobs)]
        wait_until(lambda: fleet.running(sleeper.pid), 20, "the worker has jobs in hand")
        sleeper.send_signal(signal.SIGSTOP)
        in_hand = len(fleet.running(sleeper.pid))
        threading.Event().wait(stop_seconds)
        sleeper.send_signal(signal.SIGCONT)
        fleet.wait_at_rest(60)
        wait_until(lambda: not fleet.running(sleeper.pid), 20, "the resumed worker has finished")
        done = fleet.count("done")
        lost, repeats = len([name for name in names if not done[name]]), fleet.repeats()
        dead = len(fleet.broker.dead(jobs))
        fleet.wait_at_rest(5)
    return Finding(
        "R2b",
        passed=lost == 0 and dead == 0 and repeats <= in_hand,
        figure=f"{jobs} jobs: {lost} lost, {dead} dead, {repeats} repeats of {in_hand} jobs in hand",
        limit="0 lost, 0 dead, no more repeats than jobs in hand",
    )


def poison(folder: Path, *, jobs: int, poisons: int, job_ms: int, workers: int = 2) -> Finding:
    """R7: jobs that end their process die after three deliveries; the others are done, at 90 % of their speed.

    The clean run loses nothing, so the loss is: restarts of killed processes plus the time their jobs wait.
    """
    clean = _seconds_for(folder / "clean", jobs, 0, job_ms, workers)[0]
    seconds, deliveries, reasons, collateral = _seconds_for(folder / "poisoned", jobs, poisons, job_ms, workers)
    speed = clean / seconds
    return Finding(
        "R7",
        passed=reasons == ["poison"] * poisons and deliveries == [3] * poisons and collateral == 0 and speed >= 0.9,
        figure=f"deliveries {deliveries}, reasons {reasons}, {collateral} others dead, speed of the others {speed:.0%}",
        limit="3 deliveries each, reason poison, 0 others dead, 90 % of the speed",
    )


def _seconds_for(
    folder: Path, jobs: int, poisons: int, job_ms: int, workers: int
) -> tuple[float, list[int], list[str], int]:
    folder.mkdir()
    with Fleet(folder) as fleet:
        fleet.start(workers)
        stop = threading.Event()
        keeper = threading.Thread(target=_keep_alive, args=(fleet, stop), daemon=True)
        keeper.start()
        started = time.monotonic()
        bad = [fleet.enqueue("end_the_process", f"poison-{number}") for number in range(poisons)]
        names = [fleet.enqueue("work", f"job-{number}", job_ms) for number in range(jobs)]
        fleet.wait_done(names, 300)
        seconds = time.monotonic() - started
        fleet.wait_at_rest(60)
        stop.set()
        keeper.join()
        starts, letters = fleet.count("start"), fleet.broker.dead(jobs)
        reasons = [letter.reason for letter in letters if letter.redis_id in bad]
        return seconds, [starts[name] for name in bad], reasons, len(letters) - len(reasons)


def _keep_alive(fleet: Fleet, stop: threading.Event) -> None:
    """What compose does: start a worker for each that ended."""
    while not stop.wait(0.05):
        for worker in [worker for worker in fleet.workers if worker.poll() is not None]:
            fleet.workers.remove(worker)
            fleet.start()
