"""A listener process: `python -m listener`. Any number may run; each route is heard by one, the others stand by."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Collection
from functools import partial
from typing import Annotated, Any, Final

import typer

from listener import series
from listener.in_step import rules_in_step, subscriptions_in_step
from listener.route import Asked, LiveRoute
from listener.webhook import PATH, Webhook, serve_webhook
from listener.webhook import ROUTE as WEBHOOK
from shared.domain.errors import CoveyError, InputError
from shared.domain.flock import ProcessKind
from shared.domain.jobs import Queue
from shared.domain.live.spans import ROUTES
from shared.platforms.x.endpoints import ACTIVITY_STREAM, FILTERED_STREAM
from shared.platforms.x.fields import Along, Dialect, post_parameters
from shared.platforms.x.observer import count_call
from shared.platforms.x.stream_gateway import StreamGateway
from shared.redis.connection import connect
from shared.redis.lease import Lease
from shared.runtime import log, reporting
from shared.runtime.settings import Settings
from shared.runtime.telemetry import Health, serve
from shared.services import bootstrap, indexing, preflight, upgrading
from shared.services.bootstrap import Services
from shared.services.preflight import Part
from shared.services.presence import Presence
from shared.services.readiness import unready

logger = log.get_logger(__name__)

LEASE_KEY: Final = "covey:live:{route}"
ACTIVITY, FILTERED = ROUTES
# How long a thread may take to end after a signal.
END_SECONDS: Final = 10.0


def run(settings: Settings, *, webhook: tuple[str, int] | None = None) -> None:
    """Listen until SIGTERM or SIGINT. webhook: host and port where X's webhooks are answered; None: they are not.

    Raises InputError when a setting that this needs is missing.
    """
    if webhook is not None and settings.x_consumer_secret is None:
        raise InputError("COVEY_X_CONSUMER_SECRET is not set: X signs webhooks with the API key secret of your app")
    if not bootstrap.may_ask_x(settings):
        raise InputError("X_BEARER_TOKEN is not set: the streams take the app-only bearer token of your app on X")
    log.configure(level=settings.log_level, form=settings.log_format, process="listener")
    reporting.configure(settings, process="listener")
    services = bootstrap.build(settings, middleware=[])
    bootstrap.reach(services)
    preflight.require(services, preflight.EVERY_PROCESS | {Part.ACCESS})
    upgrading.take_over(services.stores, now=services.clock.now())
    indexing.prepare(services.stores.indexes, name=settings.instance)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    streams = streams_of(services)
    routes = routes_of(services, streams, stop)
    series.begin((route.name for route in routes), pushed=WEBHOOK)
    port = serve(
        settings.metrics_host,
        settings.listener_metrics_port,
        Health(unready=partial(unready, services, asks_x=True)),
    )
    presence = Presence(services, ProcessKind.LISTENER, describe=partial(describe, routes), hear=partial(pause, routes))
    presence.begin()
    if webhook is not None:
        answer_webhooks(services, streams, *webhook)
    logger.info("listener ready", metrics_port=port)
    keep(routes, stop, every_seconds=settings.live_lease_seconds / 3)
    presence.end()
    logger.info("listener stops")


def streams_of(services: Services) -> StreamGateway:
    """X's streams under grants."""
    settings = services.settings
    return StreamGateway(
        settings.x_base_url,
        bootstrap.route_to_x(settings),
        services.limiter,
        services.credentials,
        ledger=services.ledger,
        observer=count_call,
        clock=services.clock,
        silence_seconds=settings.live_silence_seconds,
    )


def answer_webhooks(services: Services, streams: StreamGateway, host: str, port: int) -> int:
    """Answer X's webhooks there, on threads of their own; answers the port. Raises InputError when it is taken."""
    secret = services.settings.x_consumer_secret
    assert secret is not None
    client = connect(bootstrap.redis_url(services.settings))
    found = serve_webhook(Webhook(services, streams, secret, client), host, port)
    logger.info("webhooks are answered", host=host, port=found, path=PATH)
    return found


def routes_of(services: Services, streams: StreamGateway, stop: threading.Event) -> list[LiveRoute]:
    """Both routes, to which nobody listens yet."""
    settings = services.settings
    # X knows the older names alone here, in every published spec.
    along = [Along(name) for name in settings.x_along]
    parameters = post_parameters(Dialect.OLD, expand_authors=False, references=True, along=along)
    asked = (
        Asked(
            ACTIVITY,
            ACTIVITY_STREAM,
            {},
            lambda services, wanted: subscriptions_in_step(services, wanted.subscriptions),
            has_free=True,
        ),
        Asked(
            FILTERED,
            FILTERED_STREAM,
            parameters,
            lambda services, wanted: rules_in_step(services, wanted.rules),
            has_free=False,
        ),
    )
    client = connect(bootstrap.redis_url(settings))
    return [
        LiveRoute(
            services,
            streams,
            one,
            Lease(client, LEASE_KEY.format(route=one.name), lease_seconds=settings.live_lease_seconds),
            stop,
        )
        for one in asked
    ]


def keep(routes: list[LiveRoute], stop: threading.Event, *, every_seconds: float) -> None:
    """Let the routes be listened to, and keep their leases, until the end; then let go of all."""
    for route in routes:
        route.keep()
    works = [work for route in routes for work in (route.listen, route.keep_in_step)]
    threads = [threading.Thread(target=work, daemon=True) for work in works]
    for thread in threads:
        thread.start()
    while not stop.wait(every_seconds):
        for route in routes:
            route.keep()
    for route in routes:
        route.interrupt()
        route.look_again()
    for thread in threads:
        thread.join(END_SECONDS)
    for route in routes:
        route.lease.release()


def describe(routes: list[LiveRoute]) -> dict[str, Any]:
    """What this process says of itself at each beat."""
    return {
        "leads": any(route.lease.held for route in routes),
        "live": {route.name: {"holds": route.lease.held, "connected": route.is_connected} for route in routes},
    }


def pause(routes: list[LiveRoute], paused: Collection[str]) -> None:
    """Listen to nothing while searches are paused: what is heard is asked for by the same people."""
    for route in routes:
        route.pause(Queue.SEARCH in paused)


app = typer.Typer(
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
    pretty_exceptions_enable=False,  # pretty ones print values of variables
)


@app.command()
def main(
    metrics_port: Annotated[int | None, typer.Option(help="Port of the metrics; 0 picks a free one.")] = None,
    webhook_port: Annotated[int | None, typer.Option(help="Port for X's webhooks; default: none is open.")] = None,
    webhook_host: Annotated[str, typer.Option(help="Address for X's webhooks.")] = "127.0.0.1",
) -> None:
    """Run a listener process: live deletions and new names, and live posts of sources that want them."""
    try:
        settings = Settings.load(**({} if metrics_port is None else {"listener_metrics_port": metrics_port}))
        run(settings, webhook=None if webhook_port is None else (webhook_host, webhook_port))
    except InputError as error:
        typer.echo(f"covey listener: {error}", err=True)
        sys.exit(2)
    except CoveyError as error:
        logger.error("listener ends", reason=f"{type(error).__name__}: {error}")
        sys.exit(1)


if __name__ == "__main__":
    app(prog_name="covey listener")
