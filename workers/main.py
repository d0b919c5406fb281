"""A worker process: `python -m workers.main`. Threads work on jobs until SIGTERM; then what runs is finished.

One process, no forks: metrics are served by the process itself, and a crash takes nothing else along. Scale by
starting more of them.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Collection
from functools import partial
from typing import Annotated

import typer
from dramatiq.middleware import TimeLimit

from shared.broker import Outcomes, start_worker
from shared.domain.errors import CoveyError, InputError
from shared.domain.jobs import ALL_QUEUES, Queue
from shared.domain.outcomes import decide
from shared.runtime import log, metrics, reporting
from shared.runtime.clock import SystemClock
from shared.runtime.settings import Settings
from shared.runtime.telemetry import serve_metrics
from shared.services import bootstrap, indexing, preflight
from shared.services.preflight import Part
from workers import series
from workers.actors import declare_all
from workers.middleware.telemetry import Telemetry, tell_outcome

# Ad-hoc work goes before everything else that one process has fetched.
URGENT = (Queue.INTERACTIVE,)

logger = log.get_logger(__name__)


def run(settings: Settings, queues: tuple[str, ...]) -> None:
    """Work on `queues` until SIGTERM or SIGINT, then finish what runs within the grace period.

    Raises InputError when a setting that this work needs is missing.
    """
    if set(queues) - {Queue.MEDIA} and not bootstrap.may_ask_x(settings):
        raise InputError(
            "X_BEARER_TOKEN is not set. Set it to the app-only bearer token of your app on X, in the environment or in "
            ".env; the simulator takes sim-demo. Or set COVEY_CREDENTIAL_KEYS to ask with what `covey connect` and "
            "`covey credentials add` have stored. Only the media queue can be served without either"
        )
    log.configure(level=settings.log_level, form=settings.log_format, process="worker")
    reporting.configure(settings, process="worker")
    clock = SystemClock()
    policy = partial(decide, unknown_job_seconds=settings.unknown_job_seconds)
    middleware = [Telemetry(clock), TimeLimit(), Outcomes(policy, clock=clock, on_outcome=tell_outcome)]
    services = bootstrap.build(settings, middleware=middleware)
    bootstrap.reach(services)
    preflight.require(services, parts_of(queues))
    indexing.prepare(services.stores.indexes, name=settings.instance)
    declare_all(services)
    port = serve_metrics(settings.metrics_host, settings.worker_metrics_port)
    metrics.WORKER_THREADS.set(settings.worker_threads)
    series.begin(queues)

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    worker = start_worker(services.broker, queues=queues, threads=settings.worker_threads, urgent=URGENT)
    logger.info("worker ready", queues=queues, threads=settings.worker_threads, metrics_port=port)
    stop.wait()
    logger.info("worker stops", grace_seconds=settings.shutdown_grace_seconds)
    worker.stop(timeout=int(settings.shutdown_grace_seconds * 1000))
    services.broker.close()


def parts_of(queues: Collection[str]) -> frozenset[Part]:
    """What a worker of these queues rests on."""
    asks_x = {Part.ACCESS} if set(queues) - {Queue.MEDIA} else set()
    return preflight.EVERY_PROCESS | asks_x | ({Part.MEDIA} if Queue.MEDIA in queues else set())


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
