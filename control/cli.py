"""The `covey` command: reads options, calls a function, prints. Knows nothing else."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from control import commands, demo, inputs
from control.local import Flock, forget_servers, interruptible, note_servers, noted_servers
from shared import bootstrap
from shared.bootstrap import Services
from shared.embedded import Servers, running
from shared.errors import CoveyError, InputError
from shared.jobs import ALL_QUEUES, Queue
from shared.settings import Settings, child_environment
from shared.version import VERSION

app = typer.Typer(
    name="covey",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Follow accounts on X with a flock of workers.\n\nTry `covey demo` first: it needs no token and no servers.",
)
out = Console()
err = Console(stderr=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
PASS_THROUGH = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def main() -> None:
    """Run the command; an error of the tree is one line and a status, never a traceback."""
    try:
        app()
    except InputError as error:
        err.print(f"covey: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(2)
    except CoveyError as error:
        err.print(f"covey: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)


@app.callback(invoke_without_command=True)
def version_option(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    """Options that come before a command."""
    if version:
        out.print(VERSION)
        raise typer.Exit


# --- following


@app.command()
def track(
    handles: Annotated[list[str], typer.Argument(help="name, @name or the address of a profile")],
    since: Annotated[str, typer.Option(help="Also what was posted since: 30m, 2h, up to 7d. Costs reads.")] = "0s",
    as_json: Json = False,
) -> None:
    """Follow accounts: what they post, who mentions them, replies to them and quotes them."""
    names, duration = inputs.handles(handles), inputs.since(since)
    done = commands.track(_services(), names, since=duration)
    if as_json:
        return _print_json({"added": done.added, "already": done.already, "streams": done.streams})
    if done.added:
        out.print(f"Following {len(done.added)} more in {done.streams} searches: {', '.join(done.added)}")
    if done.already:
        out.print(f"Followed already: {', '.join(done.already)}")
    return None


@app.command()
def untrack(
    handles: Annotated[list[str], typer.Argument(help="name, @name or the address of a profile")], as_json: Json = False
) -> None:
    """Follow accounts no longer. What was collected stays."""
    removed = commands.untrack(_services(), inputs.handles(handles))
    if as_json:
        return _print_json({"removed": removed})
    out.print(f"No longer followed: {', '.join(removed)}")
    return None


@app.command(name="handles")
def list_handles(as_json: Json = False) -> None:
    """List the accounts that are or were followed, and how far each is covered."""
    rows = commands.handles(_services())
    if as_json:
        return _print_json(rows)
    if not rows:
        out.print("No account is followed. Begin with: covey track NAME")
        return None
    table = Table("account", "id", "followed", "since", "covered through", "gaps", "problem")
    for row in rows:
        table.add_row(
            f"@{row['username']}",
            row["user_id"] or "-",
            "yes" if row["active"] else "no",
            f"{row['since']:%Y-%m-%d %H:%M}",
            f"{row['covered_through']:%Y-%m-%d %H:%M:%S}" if row["covered_through"] else "-",
            str(row["gaps"]),
            row["problem"] or "",
        )
    out.print(table)
    return None


# --- refreshing


@app.command()
def refresh(
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="Post ids or addresses; - reads them from stdin.")],
    wait: Annotated[bool, typer.Option("--wait", help="Wait for X's word on each, with a progress bar.")] = False,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds to wait at most.")] = 300.0,
    as_json: Json = False,
) -> None:
    """Read the counts of posts again now, ahead of everything else.

    Exit status with --wait: 0 when X said something about every post, 1 when time ran out.
    """
    texts = [text for argument in ids for text in (sys.stdin.read().split() if argument == "-" else [argument])]
    post_ids = inputs.post_ids(texts)
    if not post_ids:
        raise InputError("no post id was given")
    services = _services()
    request = commands.refresh(services, post_ids)
    words = _wait(services, request.run_ids, post_ids, timeout, quiet=as_json) if wait else {}
    complete = not wait or len(words) == len(post_ids)
    if as_json:
        _print_json({"runs": request.run_ids, "total": request.total, "joined": request.joined, "results": words})
    elif wait:
        _print_words(words, post_ids)
    else:
        joined = f", {request.joined} of them joined a request that is under way" if request.joined else ""
        out.print(f"Refreshing {request.total} posts{joined}. Follow with --wait, or see: covey status")
    if not complete:
        raise typer.Exit(1)


def _wait(
    services: Services, run_ids: Sequence[str], post_ids: Sequence[int], timeout: float, *, quiet: bool
) -> dict[str, str]:
    """X's words on the posts, waited for until all are there, time runs out or the person interrupts."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    words: dict[str, str] = {}
    with interruptible() as stop, Progress(*columns, console=err, disable=quiet or not err.is_terminal) as bar:
        task = bar.add_task("refreshing", total=len(post_ids))
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            words = commands.refreshed(services, run_ids, post_ids)
            bar.update(task, completed=len(words))
            if len(words) == len(post_ids) or stop.wait(0.2):
                break
    return words


def _print_words(words: dict[str, str], post_ids: Sequence[int]) -> None:
    table = Table("post", "X says")
    for post_id in post_ids:
        table.add_row(str(post_id), words.get(str(post_id), "nothing yet"))
    out.print(table)


# --- looking


@app.command()
def status(as_json: Json = False) -> None:
    """Show how everything stands: coverage, queues, limits, what was collected."""
    document = commands.status(_services())
    if as_json:
        return _print_json(document)
    out.print(_facts(document))
    queues = Table("queue", "ready", "delayed", "in flight", "dead", title="queues")
    for queue, depth in document["queues"].items():
        queues.add_row(queue, *(str(depth[state]) for state in ("ready", "delayed", "in_flight", "dead")))
    out.print(queues)
    windows = Table("endpoint", "credential", "left", "of", "in flight", "resets in", "blocked", title="limits of X")
    for window in document["windows"]:
        reset = window["reset_in_seconds"]
        windows.add_row(
            window["endpoint"],
            window["credential"],
            _or_unknown(window["remaining"]),
            _or_unknown(window["limit"]),
            str(window["in_flight"]),
            "-" if reset is None else f"{reset:.0f} s",
            window["blocked"] or "",
        )
    out.print(windows if document["windows"] else "No call to X yet.")
    return None


def _facts(document: dict[str, Any]) -> Table:
    media = ", ".join(f"{count} {state}" for state, count in sorted(document["media"].items())) or "none"
    tiers = ", ".join(f"{count} {tier}" for tier, count in sorted(document["tiers"].items())) or "none"
    table = Table(show_header=False, box=None)
    for name, value in (
        ("accounts followed", f"{document['handles']} in {document['streams']} searches"),
        ("covered until", f"{document['covered_seconds_ago']:.0f} s ago, {document['gaps']} gaps"),
        ("posts", str(document["posts"])),
        ("accounts seen", str(document["users"])),
        ("snapshots", f"{document['snapshots']}, {document['refreshes_due']} readings due"),
        ("tiers", tiers),
        ("media", media),
    ):
        table.add_row(name, value)
    return table


# --- running


@app.command(name="demo")
def run_demo(
    seconds: Annotated[float, typer.Option(min=5, max=3600, help="How long to follow.")] = 75.0,
    accounts: Annotated[int, typer.Option(min=1, max=500, help="Accounts to follow.")] = 24,
    workers: Annotated[int, typer.Option(min=1, max=32, help="Worker processes, beside the one for media.")] = 2,
    seed: Annotated[int, typer.Option(help="The same seed gives the same world.")] = 7,
    data_dir: Annotated[Path | None, typer.Option(help="Emptied first. Default: COVEY_DATA_DIR/demo.")] = None,
    as_json: Json = False,
) -> None:
    """Run everything against a simulated X on real servers, and prove that nothing was missed.

    Exit status: 0 when nothing was missed, no file is wrong and X never had to refuse a call; 1 otherwise.
    """
    folder = data_dir or Settings.load().data_dir / "demo"
    options = demo.Options(seconds=seconds, accounts=accounts, workers=workers, seed=seed, data_dir=folder)
    ticker = _Ticker(seconds)
    with interruptible() as stop, ticker:
        report = demo.run(options, show=ticker.show, say=ticker.say, stop=stop)
    if as_json:
        _print_json(report)
    else:
        _print_report(report, folder / "report.json")
    if not report["passed"]:
        raise typer.Exit(1)


class _Ticker:
    """The demo's progress: a bar on a terminal, a line every few seconds elsewhere; always on standard error."""

    LINE_SECONDS = 5.0

    def __init__(self, seconds: float) -> None:
        columns = (TextColumn("{task.description:<12}"), BarColumn(), TextColumn("{task.fields[figures]}"))
        self._bar = Progress(*columns, console=err, disable=not err.is_terminal, transient=True)
        self._task = self._bar.add_task("following", total=seconds, figures="")
        self._seconds = seconds
        self._next_line = 0.0

    def __enter__(self) -> _Ticker:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def say(self, sentence: str) -> None:
        """What happens, in a sentence."""
        err.print(f"covey: {sentence}", highlight=False)

    def show(self, figures: dict[str, Any]) -> None:
        """The present figures."""
        text = (
            f"{figures['posts']} posts  {figures['snapshots']} snapshots  {figures['files']} files  "
            f"{figures['calls']} calls  {figures['http_429']} x 429  {figures['jobs_waiting']} jobs waiting"
        )
        self._bar.update(self._task, completed=self._seconds - figures["left_seconds"], figures=text)
        if not err.is_terminal and time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + self.LINE_SECONDS
            err.print(f"covey: {figures['left_seconds']:3.0f} s left: {text}", highlight=False, soft_wrap=True)


def _print_report(report: dict[str, Any], path: Path) -> None:
    table = Table("", "expected", "collected", "missed", title="What happened on X, and what Covey has of it")
    for name, expected, collected in (
        ("posts", "posts_expected", "posts_collected"),
        ("quotes", "quotes_expected", "quotes_collected"),
        ("media files", "media_expected", "media_stored"),
    ):
        missed = report[expected] - report[collected]
        style = "red" if missed else "green"
        table.add_row(name, str(report[expected]), str(report[collected]), f"[{style}]{missed}[/]")
    out.print(table)
    facts = Table(show_header=False, box=None)
    facts.add_row("engagement", f"{report['refreshes']} readings, {report['snapshots']} snapshots")
    facts.add_row("files with a wrong checksum", str(report["media_bad_checksum"]))
    facts.add_row("duplicates", str(report["duplicates"]))
    facts.add_row("answers of 429", str(report["http_429"]))
    calls = ", ".join(f"{name} {count}" for name, count in report["calls_by_endpoint"].items())
    facts.add_row("calls", calls)
    facts.add_row("processes started again", str(report["restarts"]))
    facts.add_row("time", f"{report['seconds']} s")
    out.print(facts)
    for failure in report["failures"]:
        out.print(f"[red]FAILED[/] {failure}")
    verdict = "[green]Nothing was missed.[/]" if report["passed"] else "[red]The demo failed.[/]"
    out.print(f"{verdict} Report: {path}")


@app.command()
def up(
    workers: Annotated[int, typer.Option(min=1, max=64, help="Worker processes, beside the one for media.")] = 2,
) -> None:
    """Run everything on this machine against the real API, until Ctrl-C.

    Servers: those of REDIS_URL and MONGO_URI; where one is not set, Covey starts its own under COVEY_DATA_DIR.
    """
    settings = Settings.load()
    if settings.x_bearer_token is None:
        raise InputError(
            "X_BEARER_TOKEN is not set. Covey asks the X API with an app-only bearer token: create an app in X's "
            "developer console, copy its token, and set X_BEARER_TOKEN in the environment or in .env. "
            "To see Covey work without one: covey demo"
        )
    with running(settings.data_dir, redis_needed=not settings.redis_url, mongo_needed=not settings.mongo_uri) as own:
        servers = Servers(settings.redis_url or own.redis_url, settings.mongo_uri or own.mongo_uri)
        _run_flock(settings, servers, workers)


def _run_flock(settings: Settings, servers: Servers, workers: int) -> None:
    """Run one scheduler, `workers` workers and one media worker until the person stops them."""
    environment = {"REDIS_URL": servers.redis_url, "MONGO_URI": servers.mongo_uri, "COVEY_METRICS_HOST": "127.0.0.1"}
    flock = Flock(settings.data_dir / "logs", environment, grace_seconds=settings.shutdown_grace_seconds + 5)
    api_queues = ",".join(queue for queue in ALL_QUEUES if queue != Queue.MEDIA)
    note_servers(settings.data_dir, servers)
    with interruptible() as stop:
        try:
            flock.add("scheduler", "scheduler")
            for number in range(workers):
                port = str(settings.worker_metrics_port + 10 + number)
                flock.add(f"worker-{number + 1}", "workers.main", "--queues", api_queues, "--metrics-port", port)
            flock.add("worker-media", "workers.main", "--queues", Queue.MEDIA)
            out.print(f"Covey runs: {len(flock.children)} processes, logs in {flock.folder}. Ctrl-C stops it.")
            out.print("In another terminal: covey track NAME, covey status")
            while not stop.wait(0.5):
                for name in flock.watch_once():
                    err.print(f"covey: {name} ended and is started again; see {flock.folder / name}.log")
            out.print("Stopping: running jobs are finished first.")
        finally:
            flock.stop()
            forget_servers(settings.data_dir)


@app.command(context_settings=PASS_THROUGH)
def worker(context: typer.Context) -> None:
    """Run one worker process (see covey worker --help)."""
    _become("workers.main", context.args)


@app.command(context_settings=PASS_THROUGH)
def scheduler(context: typer.Context) -> None:
    """Run one scheduler process (see covey scheduler --help)."""
    _become("scheduler", context.args)


@app.command(context_settings=PASS_THROUGH)
def simulator(context: typer.Context) -> None:
    """Run the simulated X (see covey simulator --help)."""
    _become("simulator", context.args)


def _become(module: str, arguments: Sequence[str]) -> None:
    """Replace this process, so that signals reach the one that works."""
    environment = {}
    servers = noted_servers(Settings.load().data_dir)
    settings = Settings.load()
    if servers is not None:
        environment = {
            "REDIS_URL": settings.redis_url or servers.redis_url,
            "MONGO_URI": settings.mongo_uri or servers.mongo_uri,
        }
    os.execve(  # noqa: S606  # no shell is meant
        sys.executable, [sys.executable, "-m", module, *arguments], child_environment(**environment)
    )


def _services() -> Services:
    """The services of a command: by the settings, else those of the `covey up` that runs on this machine."""
    settings = Settings.load()
    servers = noted_servers(settings.data_dir)
    if servers is not None:
        settings = settings.model_copy(
            update={
                "redis_url": settings.redis_url or servers.redis_url,
                "mongo_uri": settings.mongo_uri or servers.mongo_uri,
            }
        )
    services = bootstrap.build(settings, middleware=[])
    for queue in ALL_QUEUES:
        services.broker.declare_queue(queue)
    return services


def _print_json(value: object) -> None:
    sys.stdout.write(json.dumps(value, default=commands.as_json, indent=2) + "\n")


def _or_unknown(value: int | None) -> str:
    return "?" if value is None else str(value)


if __name__ == "__main__":
    main()
