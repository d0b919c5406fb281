"""`covey once`, as a process: `python -m once`. For cron, timers and functions that are called."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from control.cli.app import Json, err, out, print_json
from control.local import forget_servers, interruptible, note_servers
from once.brake import Caps
from once.round import DONE, Summary, run
from shared.domain.errors import CoveyError, InputError
from shared.domain.jobs import ALL_QUEUES
from shared.runtime import log, reporting
from shared.runtime.disk import BEGIN_BYTES, check_room, held
from shared.runtime.embedded import running
from shared.runtime.settings import Settings
from workers.main import parse_queues, require_token

logger = log.get_logger(__name__)

app = typer.Typer(
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
    pretty_exceptions_enable=False,  # pretty ones print values of variables
)


@app.command()
def main(
    max_posts: Annotated[int | None, typer.Option(min=1, help="End after so many posts that are new.")] = None,
    max_calls: Annotated[int | None, typer.Option(min=1, help="End after so many calls of X.")] = None,
    max_seconds: Annotated[float | None, typer.Option(min=1, help="End after so many seconds.")] = None,
    only: Annotated[
        str | None, typer.Option(help=f"Only these queues, comma separated: {', '.join(ALL_QUEUES)}. Default: all.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Do what is due now, and end: one process plans and works, for cron and for functions.

    At a cap no other job is begun; what runs is finished, and the rest goes on where it stopped the next time. Paused
    queues are left alone. It may run beside workers and schedulers, or beside another round.

    Servers: those of REDIS_URL and MONGO_URI; where one is not set, Covey starts its own under COVEY_DATA_DIR.

    Exit status: 0 when all that was due is done, 3 when a cap or a signal ended it, 1 after failures.
    """
    try:
        settings, queues = Settings.load(), parse_queues(only)
        _configure_logs(settings)
        require_token(settings, queues)
        reporting.configure(settings, process="once")
        with _servers(settings) as there, interruptible() as stop, err.status("planning") as shown:
            summary = run(
                there,
                queues,
                Caps(posts=max_posts, calls=max_calls, seconds=max_seconds),
                stop=stop,
                show=shown.update,
            )
    except InputError as error:
        typer.echo(f"covey once: {error}", err=True)
        sys.exit(2)
    except CoveyError as error:
        typer.echo(f"covey once: {error}", err=True)
        sys.exit(1)
    if as_json:
        print_json({name: getattr(summary, name) for name in Summary.__slots__} | {"status": summary.status})
    else:
        _tell(summary)
    sys.exit(summary.status)


@contextmanager
def _servers(settings: Settings) -> Iterator[Settings]:
    """The settings with servers that run; those that are not set are started, and end with the block."""
    needed = {"redis_needed": not settings.redis_url, "mongo_needed": not settings.mongo_uri}
    if not any(needed.values()):
        yield settings
        return
    with held(settings.data_dir, "covey once") as lock, running(settings.data_dir, keep_open=[lock], **needed) as own:
        check_room(settings.data_dir, BEGIN_BYTES)
        there = {"redis_url": settings.redis_url or own.redis_url, "mongo_uri": settings.mongo_uri or own.mongo_uri}
        note_servers(settings.data_dir, own)
        try:
            yield settings.model_copy(update=there)
        finally:
            forget_servers(settings.data_dir)


def _configure_logs(settings: Settings) -> None:
    """Logs as they are set; on a terminal, where there is the progress, warnings and errors for a person."""
    level, form = ("warning", "console") if err.is_terminal else (settings.log_level, settings.log_format)
    log.configure(level=level, form=form, process="once")


def _tell(summary: Summary) -> None:
    why = {DONE: "All that was due is done."}.get(summary.ended, f"Ended early: {summary.ended.replace('_', ' ')}.")
    jobs = ", ".join(f"{count} {name}" for name, count in summary.jobs.items()) or "none"
    lines = [
        f"{why} {summary.seconds} s",
        f"new posts: {summary.posts_stored}",
        f"calls of X: {summary.calls}, ${summary.usd:,.3f}",
        f"jobs: {jobs}",
    ]
    if summary.left:
        due = f"; the first is due at {summary.next_at:%Y-%m-%d %H:%M:%S}" if summary.next_at else ""
        lines.append(f"left: {', '.join(f'{queue} {count}' for queue, count in summary.left.items())}{due}")
    if summary.paused:
        lines.append(f"paused: {', '.join(summary.paused)}")
    lines += [f"failed: {what} ({count})" for what, count in summary.failures.items()]
    for line in lines:
        out.print(line, markup=False, highlight=False, soft_wrap=True)


if __name__ == "__main__":
    app(prog_name="covey once")
