"""A worker process: `python -m workers.main`. Threads work on jobs until SIGTERM; then what runs is finished.

One process, no forks: metrics are served by the process itself, and a crash takes nothing else along. Scale by
starting more of them.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Collection
from functools import partial
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer
from dramatiq.broker import MessageProxy
from dramatiq.middleware import Middleware, TimeLimit

from shared.broker import Outcomes, start_worker
from shared.domain.errors import CoveyError, InputError
from shared.domain.flock import ProcessKind
from shared.domain.jobs import ALL_QUEUES, Queue
from shared.domain.outcomes import Outcome, decide
from shared.http.adapter import certificate_end_of
from shared.http.certificates import first_end
from shared.runtime import log, metrics, reporting
from shared.runtime.clock import Clock, SystemClock
from shared.runtime.garbage import look_seldom
from shared.runtime.settings import Settings
from shared.runtime.telemetry import Health, serve
from shared.services import bootstrap, indexing, preflight, upgrading
from shared.services.bootstrap import Services
from shared.services.preflight import Part
from shared.services.presence import Presence
from shared.services.readiness import unready
from workers import series
from workers.actors import declare_all
from workers.middleware.telemetry import Telemetry, tell_outcome
from workers.running import RunningJobs
from workers.watchdog import Watchdog

# Ad-hoc work goes before everything else that one process has fetched.
URGENT = (Queue.INTERACTIVE,)
# How a process ends in which a job did not: not with success, so that whoever started it starts it again.
STUCK_STATUS = 70

logger = log.get_logger(__name__)


def run(settings: Settings, queues: tuple[str, ...]) -> None:
    """Work on `queues` until SIGTERM or SIGINT, then finish what runs within the grace period.

    Raises InputError when a setting that this work needs is missing.
    """
    require_token(settings, queues)
    log.configure(level=settings.log_level, form=settings.log_format, process="worker")
    reporting.configure(settings, process="worker")
    clock = SystemClock()
    jobs = RunningJobs(clock)
    services = bootstrap.build(settings, middleware=[jobs, *middleware_of(settings, clock)])
    bootstrap.reach(services)
    preflight.require(services, parts_of(queues))
    upgrading.take_over(services.stores, now=services.clock.now())
    indexing.prepare(services.stores.indexes, name=settings.instance)
    declare_all(services)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    presence = Presence(
        services,
        ProcessKind.WORKER,
        describe=partial(describe, services, jobs, queues),
        hear=partial(pause, services, queues),
    )
    watchdog = Watchdog(jobs, limit_seconds=settings.job_limit_seconds, abandon=services.broker.abandon, leave=stop.set)
    port = serve(
        settings.metrics_host,
        settings.worker_metrics_port,
        Health(stuck=lambda: _stuck(watchdog), unready=partial(unready, services, asks_x=_asks_x(queues))),
    )
    metrics.WORKER_THREADS.set(settings.worker_threads)
    series.begin(queues)
    if _asks_x(queues):
        metrics.CERTIFICATE_END_AT_SECONDS.labels("x_ca_file").set(first_end(settings.x_ca_file))
        host = urlsplit(settings.x_base_url).hostname or ""
        metrics.CERTIFICATE_END_AT_SECONDS.labels("of X").set_function(lambda: certificate_end_of(host))
    presence.begin()
    look_seldom()
    worker = start_worker(services.broker, queues=queues, threads=settings.worker_threads, urgent=URGENT)
    threading.Thread(target=watchdog.run_forever, args=(stop,), name="watchdog", daemon=True).start()
    logger.info("worker ready", queues=queues, threads=settings.worker_threads, metrics_port=port)
    stop.wait()
    logger.info("worker stops", grace_seconds=settings.shutdown_grace_seconds)
    worker.stop(timeout=int(settings.shutdown_grace_seconds * 1000))
    presence.end()
    services.broker.close()
    if watchdog.stuck:
        sys.exit(STUCK_STATUS)


def require_token(settings: Settings, queues: Collection[str]) -> None:
    """Raises InputError, which says what to set, where these queues ask X and there is nothing to ask it with, or send
    webhooks and there is nothing to sign them with.
    """
    if Queue.MEDIA in queues:
        settings.require_webhook_secret()
    if _asks_x(queues) and not bootstrap.may_ask_x(settings):
        raise InputError(
            "X_BEARER_TOKEN is not set. Set it to the app-only bearer token of your app on X, in the environment or in "
            ".env; the simulator takes sim-demo. Or set COVEY_CREDENTIAL_KEYS to ask with what `covey connect` and "
            "`covey credentials add` have stored. Only the media queue can be served without either"
        )


def middleware_of(
    settings: Settings, clock: Clock, *, on_outcome: Callable[[MessageProxy, Outcome], None] = tell_outcome
) -> list[Middleware]:
    """What surrounds every job: its logs, its time limit, what becomes of it."""
    policy = partial(decide, unknown_job_seconds=settings.unknown_job_seconds)
    return [Telemetry(clock), TimeLimit(), Outcomes(policy, clock=clock, on_outcome=on_outcome)]


def describe(services: Services, jobs: RunningJobs, queues: tuple[str, ...]) -> dict[str, Any]:
    """What this process says of itself at each beat."""
    return {
        "queues": list(queues),
        "threads": services.settings.worker_threads,
        "running": [
            {"job": r.job, "queue": r.queue, "subject": r.subject, "message_id": r.message_id, "since": r.since}
            for r in jobs.now()
        ],
        "ended_a_minute": jobs.ended_a_minute(),
        "waits_for": services.media.why_no_room() if Queue.MEDIA in queues else None,
    }


def pause(services: Services, queues: tuple[str, ...], paused: Collection[str]) -> None:
    """Fetch nothing of what a person paused, nor of the files that the disk has no room for."""
    waits = {Queue.MEDIA} if Queue.MEDIA in queues and services.media.why_no_room() else set()
    if Queue.MEDIA in queues and (room := services.media.room()):
        metrics.DISK_FREE_BYTES.labels("media").set(room[0])
        metrics.DISK_BYTES.labels("media").set(room[1])
    services.broker.pause({*paused, *waits})


def _stuck(watchdog: Watchdog) -> list[str]:
    return [f"{one.job} on {one.subject} does not end" for one in watchdog.stuck]


def parts_of(queues: Collection[str]) -> frozenset[Part]:
    """What a worker of these queues rests on."""
    asks_x = {Part.ACCESS} if _asks_x(queues) else set()
    return preflight.EVERY_PROCESS | asks_x | ({Part.MEDIA} if Queue.MEDIA in queues else set())


def _asks_x(queues: Collection[str]) -> bool:
    return bool(set(queues) - {Queue.MEDIA})


def parse_queues(text: str | None) -> tuple[str, ...]:
    """The queues named in `text`, comma separated; all of them for None. Raises InputError for an unknown one."""
    names = tuple(name.strip() for name in text.split(",")) if text else ALL_QUEUES
    for name in names:
        if name not in ALL_QUEUES:
            raise InputError(f"unknown queue {name!r}; the queues are {', '.join(ALL_QUEUES)}")
    return names


app = typer.Typer(
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
    pretty_exceptions_enable=False,  # pretty ones print values of variables
)


@app.command()
def main(
    queues: Annotated[str | None, typer.Option(help="Queues to serve, comma separated. Default: all.")] = None,
    threads: Annotated[int | None, typer.Option(min=1, max=256, help="Threads. Default: COVEY_WORKER_THREADS.")] = None,
    metrics_port: Annotated[int | None, typer.Option(help="Port of the metrics; 0 picks a free one.")] = None,
) -> None:
    """Run a worker process."""
    given = {"worker_threads": threads, "worker_metrics_port": metrics_port}
    try:
        settings = Settings.load(**{name: value for name, value in given.items() if value is not None})
        run(settings, parse_queues(queues))
    except InputError as error:
        typer.echo(f"covey worker: {error}", err=True)
        sys.exit(2)
    except CoveyError as error:
        logger.error("worker ends", reason=f"{type(error).__name__}: {error}")
        sys.exit(1)


if __name__ == "__main__":
    app(prog_name="covey worker")
