"""`covey once`, `worker`, `scheduler`, `listener`, `control`, `simulator`: the command becomes the process."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import typer

from control.cli.app import app, settings_here

PASS_THROUGH = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


@app.command(context_settings=PASS_THROUGH)
def once(context: typer.Context) -> None:
    """Do what is due now, and end: for cron and for functions (see covey once --help)."""
    _become("once", context.args)


@app.command(context_settings=PASS_THROUGH)
def worker(context: typer.Context) -> None:
    """Run one worker process (see covey worker --help)."""
    _become("workers.main", context.args)


@app.command(context_settings=PASS_THROUGH)
def scheduler(context: typer.Context) -> None:
    """Run one scheduler process (see covey scheduler --help)."""
    _become("scheduler", context.args)


@app.command(context_settings=PASS_THROUGH)
def listener(context: typer.Context) -> None:
    """Run one listener process (see covey listener --help)."""
    _become("listener", context.args)


@app.command(context_settings=PASS_THROUGH)
def control(context: typer.Context) -> None:
    """Run one control process: the API over HTTP (see covey control --help)."""
    _become("control.http", context.args)


@app.command(context_settings=PASS_THROUGH)
def simulator(context: typer.Context) -> None:
    """Run the simulated X (see covey simulator --help)."""
    _become("simulator", context.args)


def _become(module: str, arguments: Sequence[str]) -> None:
    """Replace this process, so that signals reach the one that works."""
    from shared.runtime import unknown
    from shared.runtime.settings import child_environment

    unknown.leave_to_others()
    settings = settings_here()
    servers = {"REDIS_URL": settings.redis_url, "MONGO_URI": settings.mongo_uri}
    environment = child_environment(**{name: address for name, address in servers.items() if address})
    os.execve(sys.executable, [sys.executable, "-m", module, *arguments], environment)  # noqa: S606  # no shell is meant
