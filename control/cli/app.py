"""The Typer application, the two consoles, and what all commands share."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer
from rich.console import Console
from typer.core import TyperGroup

from control import commands
from control.local import noted_servers
from shared.runtime.settings import Settings
from shared.services import bootstrap
from shared.services.bootstrap import Services

# How `covey --help` lists the commands: in the order in which a person comes to need them.
ORDER = (
    *("demo", "up", "track", "untrack", "handles", "refresh", "status", "doctor", "budget", "dead", "unblock"),
    *("queues", "jobs", "workers", "pause", "resume", "cancel", "trace"),
    *("credentials", "connect", "worker", "scheduler", "simulator"),
)


class InOrder(TyperGroup):
    """The commands in the order of use; one that is not listed comes last."""

    def list_commands(self, ctx: object) -> list[str]:
        """Names of all commands."""
        return sorted(self.commands, key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))


app = typer.Typer(
    name="covey",
    cls=InOrder,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Follow accounts on X with a flock of workers.\n\nTry `covey demo` first: it needs no token and no servers.",
)
# What goes into a pipe or a file has no width of its own; 80 would cut the tables' words.
out = Console(width=None if sys.stdout.isatty() else 160)
err = Console(stderr=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


def settings_here() -> Settings:
    """The settings; where no server is set, those of the `covey up` or `covey demo` that runs in this data folder."""
    settings = Settings.load()
    servers = noted_servers(settings.data_dir)
    if servers is None:
        return settings
    return settings.model_copy(
        update={
            "redis_url": settings.redis_url or servers.redis_url,
            "mongo_uri": settings.mongo_uri or servers.mongo_uri,
        }
    )


def services_here(*, mongo: bool = True, redis: bool = True) -> Services:
    """The services of a command; the servers that it needs answer. Raises as `bootstrap.reach`."""
    services = bootstrap.build(settings_here(), middleware=[])
    bootstrap.reach(services, mongo=mongo, redis=redis)
    return services


def print_json(value: object) -> None:
    """Write a value as JSON on standard output; times as ISO 8601."""
    sys.stdout.write(json.dumps(value, default=commands.as_json, indent=2) + "\n")
