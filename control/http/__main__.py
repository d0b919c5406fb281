"""The control process: `covey control`. Any number may run; nothing is kept in one that another needs."""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Annotated

import typer
import uvicorn
from starlette.types import ASGIApp

from control.http.app import build
from shared.domain.errors import CoveyError, InputError
from shared.domain.flock import ProcessKind
from shared.runtime import log, metrics, reporting
from shared.runtime.settings import Settings
from shared.runtime.version import VERSION
from shared.services import bootstrap, indexing, preflight, upgrading
from shared.services.presence import Presence

logger = log.get_logger(__name__)

GRACE_SECONDS = 10


class _Server(uvicorn.Server):
    """Uvicorn, but a stop signal is a normal end, and readiness is told."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        # Uvicorn's own raises the signal again after it has stopped: the exit status would be that of a kill.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.handle_exit)
        yield


def serve(app: ASGIApp, opened: socket.socket, on_ready: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT; requests that run are finished."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_keep_alive=30,
    )
    _Server(config, on_ready).run(sockets=[opened])


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises InputError when it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        opened.bind((host, port))
        opened.listen(512)
    except OSError as error:
        opened.close()
        raise InputError(f"port {port} on {host}: {error.strerror}; choose another with --port") from None
    return opened


def run(settings: Settings) -> None:
    """Answer until SIGTERM or SIGINT."""
    log.configure(level=settings.log_level, form=settings.log_format, process="control")
    reporting.configure(settings, process="control")
    settings.require_public_url()
    services = bootstrap.build(settings, middleware=[])
    bootstrap.reach(services)
    preflight.require(services, preflight.EVERY_PROCESS)
    upgrading.take_over(services.stores, now=services.clock.now())
    indexing.prepare(services.stores.indexes, name=settings.instance)
    metrics.BUILD.info({"version": VERSION})
    opened = listen(settings.control_host, settings.control_port)
    host, port = opened.getsockname()[:2]
    presence = Presence(services, ProcessKind.CONTROL)
    presence.begin()
    serve(build(services), opened, lambda: logger.info("control ready", url=f"http://{host}:{port}"))
    presence.end()
    logger.info("control stops")


app = typer.Typer(
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
    pretty_exceptions_enable=False,  # pretty ones print values of variables
)


@app.command()
def main(
    host: Annotated[str | None, typer.Option(help="Address to listen on; default: COVEY_CONTROL_HOST.")] = None,
    port: Annotated[int | None, typer.Option(help="0 picks a free one; default: COVEY_CONTROL_PORT.")] = None,
) -> None:
    """Run a control process: the API for programs, on http://127.0.0.1:8000 unless told otherwise.

    Tokens are made with `covey tokens create`. What it can do: GET /openapi.json.
    """
    given = {"control_host": host, "control_port": port}
    try:
        run(Settings.load(**{name: value for name, value in given.items() if value is not None}))
    except InputError as error:
        typer.echo(f"covey control: {error}", err=True)
        sys.exit(2)
    except CoveyError as error:
        logger.error("control ends", reason=f"{type(error).__name__}: {error}")
        sys.exit(1)


if __name__ == "__main__":
    app(prog_name="covey control")
