"""The two consoles, and what all commands share. Imports nothing that only the work of a command needs."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from control.cli.listed import app

if TYPE_CHECKING:
    from shared.runtime.settings import Settings
    from shared.services.bootstrap import Services
    from shared.stores.bundle import Stores
    from shared.stores.database import Db

__all__ = [
    "Json",
    "app",
    "database_here",
    "err",
    "out",
    "own_settings",
    "print_json",
    "services_here",
    "settings_here",
    "stores_here",
]

# What goes into a pipe or a file has no width of its own; 80 would cut the tables' words.
# No words are taken for emoji: `:x:` stands in the id of every mention.
out = Console(width=None if sys.stdout.isatty() else 160, emoji=False)
err = Console(stderr=True, emoji=False)

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


def own_settings() -> Settings:
    """The settings as they are written. Every command that works begins here: its logs go to standard error."""
    from shared.runtime import log
    from shared.runtime.settings import Settings

    log.configure(level="warning", form="console", process="covey")  # the output is for scripts
    return Settings.load()


def settings_here() -> Settings:
    """The settings; where no server is set, those of the `covey up` or `covey demo` that runs in this data folder."""
    settings = own_settings()
    if settings.redis_url and settings.mongo_uri:
        return settings
    from control.local import noted_servers

    servers = noted_servers(settings.data_dir)
    if servers is None:
        return settings
    return settings.model_copy(
        update={
            "redis_url": settings.redis_url or servers.redis_url,
            "mongo_uri": settings.mongo_uri or servers.mongo_uri,
        }
    )


def services_here(*, redis: bool = True) -> Services:
    """The services of a command; the servers that it needs answer. Raises as `bootstrap.reach`."""
    from shared.services import bootstrap

    services = bootstrap.build(settings_here(), middleware=[])
    bootstrap.reach(services, redis=redis)
    return services


def stores_here() -> Stores:
    """MongoDB for a command that only reads the truth; it answers. Raises as `truth.reach_database`."""
    from shared.stores.bundle import Stores

    return Stores.on(database_here())


def database_here() -> Db:
    """The same for a command that opens the stores it needs itself."""
    from shared.services.truth import open_database, reach_database

    settings = settings_here()
    db = open_database(settings)
    reach_database(settings, db)
    return db


def print_json(value: object) -> None:
    """Write a value as JSON on standard output; times as ISO 8601."""
    from control.answers import as_json

    sys.stdout.write(json.dumps(value, default=as_json, indent=2) + "\n")
