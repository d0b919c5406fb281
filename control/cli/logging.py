"""`covey logs`."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.text import Text

from control.cli.app import app, out, own_settings

if TYPE_CHECKING:
    from control.logs import Entry

_STYLES: Final = {"debug": "dim", "info": "", "warning": "yellow", "error": "red", "critical": "bold red"}


@app.command()
def logs(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME", help="scheduler, worker-1, worker-media, ..; all by default.")
    ] = None,
    level: Annotated[str | None, typer.Option(help="At least debug, info, warning, error or critical.")] = None,
    since: Annotated[str | None, typer.Option(help="Only of the last 90s, 30m, 2h, 7d.")] = None,
    correlation_id: Annotated[str | None, typer.Option(help="Only what one request or slot led to.")] = None,
    follow: Annotated[bool, typer.Option("--follow", help="Go on with what is written, until Ctrl-C.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the lines as they were written.")] = False,
) -> None:
    """Show the logs of the processes that covey up runs on this machine, merged by time.

    Times are UTC.
    """
    from control import inputs
    from control import logs as reading
    from control.local import interruptible
    from shared.runtime.clock import SystemClock

    settings = own_settings()
    after = None if since is None else inputs.ago(since, now=SystemClock().now())
    wanted = reading.LogFilter(level, after, correlation_id)
    paths = reading.files(settings.data_dir / "logs", names or ())
    tell = _as_written if as_json else _for_people
    with suppress(BrokenPipeError):
        if not follow:
            for entry in reading.read(paths, wanted):
                tell(entry)
            return
        with interruptible() as stop:
            for entry in reading.follow(paths, wanted, stop):
                tell(entry)
                sys.stdout.flush()


def _as_written(entry: Entry) -> None:
    sys.stdout.write(f"{entry.raw}\n")


def _for_people(entry: Entry) -> None:
    line = f"{entry.at:%Y-%m-%d %H:%M:%S} {entry.level:<8} {entry.name:<13} {entry.text}"
    out.print(Text(line, _STYLES[entry.level]), soft_wrap=True)
