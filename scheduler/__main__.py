"""A scheduler process: `python -m scheduler`. Any number may run; one leads, the others stand by."""

from __future__ import annotations

import signal
import sys
import threading
from functools import partial
from typing import Annotated

import typer

from scheduler.leader import Leader
from scheduler.loop import Loop
from shared.domain.errors import CoveyError, InputError
from shared.domain.flock import ProcessKind
from shared.redis.connection import connect
from shared.runtime import log, reporting
from shared.runtime.settings import Settings
from shared.runtime.telemetry import Health, serve
from shared.services import bootstrap, indexing, preflight, upgrading
from shared.services.presence import Presence
from shared.services.readiness import unready
from shared.stores.database import ServerClock

logger = log.get_logger(__name__)

EXPORT_INTERVAL_SECONDS = 5.0


def run(settings: Settings) -> None:
    """Schedule until SIGTERM or SIGINT."""
    log.configure(level=settings.log_level, form=settings.log_format, process="scheduler")
    reporting.configure(settings, process="scheduler")
    services = bootstrap.build(settings, middleware=[])
    bootstrap.reach(services)
    preflight.require(services, preflight.EVERY_PROCESS)
    upgrading.take_over(services.stores, now=services.clock.now())
    indexing.prepare(services.stores.indexes, name=settings.instance)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    leader = Leader(
        connect(bootstrap.redis_url(settings)), name=settings.instance, lease_seconds=settings.leader_lease_seconds
    )
    loop = Loop(services, leader, ServerClock(services.stores.db))
    port = serve(
        settings.metrics_host,
        settings.scheduler_metrics_port,
        Health(stuck=loop.stuck, unready=partial(unready, services, asks_x=False)),
    )
    presence = Presence(services, ProcessKind.SCHEDULER, describe=lambda: {"leads": leader.leads}, hear=loop.pause)
    presence.begin()
    exporter = threading.Thread(target=_export_forever, args=(loop, stop), name="exporter", daemon=True)
    exporter.start()
    logger.info("scheduler ready", metrics_port=port)
    loop.run_forever(stop)
    presence.end()
    logger.info("scheduler stops")


def _export_forever(loop: Loop, stop: threading.Event) -> None:
    while not stop.wait(EXPORT_INTERVAL_SECONDS):
        loop.export()


app = typer.Typer(
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
    pretty_exceptions_enable=False,  # pretty ones print values of variables
)


@app.command()
def main(
    metrics_port: Annotated[int | None, typer.Option(help="Port of the metrics; 0 picks a free one.")] = None,
) -> None:
    """Run a scheduler process."""
    try:
        run(Settings.load(**({} if metrics_port is None else {"scheduler_metrics_port": metrics_port})))
    except InputError as error:
        typer.echo(f"covey scheduler: {error}", err=True)
        sys.exit(2)
    except CoveyError as error:
        logger.error("scheduler ends", reason=f"{type(error).__name__}: {error}")
        sys.exit(1)


if __name__ == "__main__":
    app(prog_name="covey scheduler")
