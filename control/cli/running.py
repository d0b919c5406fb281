"""`covey demo`, `up`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from control.cli.app import Json, app, err, out, own_settings, print_json

if TYPE_CHECKING:
    from shared.runtime.embedded import Servers
    from shared.runtime.settings import Settings
    from shared.stores.processes import ProcessStore


@app.command(name="demo")
def run_demo(
    seconds: Annotated[float, typer.Option(min=5, max=3600, help="How long to follow.")] = 60.0,
    accounts: Annotated[int, typer.Option(min=1, max=500, help="Accounts to follow.")] = 24,
    workers: Annotated[int, typer.Option(min=1, max=32, help="Worker processes, beside the one for media.")] = 2,
    seed: Annotated[int, typer.Option(help="The same seed gives the same world.")] = 7,
    data_dir: Annotated[Path | None, typer.Option(help="Emptied first. Default: COVEY_DATA_DIR/demo.")] = None,
    as_json: Json = False,
) -> None:
    """Run everything against a simulated X on real servers, and prove that nothing was missed.

    Exit status: 0 when nothing was missed, no file is wrong and X never had to refuse a call; 1 otherwise.
    """
    from control import demo
    from control.local import interruptible

    settings = own_settings()
    folder = data_dir or settings.data_dir / "demo"
    options = demo.Options(seconds=seconds, accounts=accounts, workers=workers, seed=seed, data_dir=folder)
    ticker = _Ticker(seconds)
    with interruptible() as stop, ticker:
        report = demo.run(options, show=ticker.show, say=ticker.say, stop=stop)
    if as_json:
        print_json(report)
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
    for run in report["runs"]:
        told = f"was to cost ${run['estimate_usd']:.2f}, cost ${run['cost_usd']:.2f}"
        facts.add_row(f"{run['kind']} {run['subjects']}", f"{told} ({run['difference_ratio'] or 0:+.1%})")
    facts.add_row("time", f"{report['seconds']} s")
    out.print(facts)
    for failure in report["failures"]:
        out.print(f"[red]FAILED[/] {failure}")
    verdict = "[green]Nothing was missed.[/]" if report["passed"] else "[red]The demo failed.[/]"
    out.print(f"{verdict} Report: {path}")


@app.command()
def up(
    workers: Annotated[int, typer.Option(min=1, max=64, help="Worker processes, beside the one for media.")] = 2,
    listener: Annotated[bool, typer.Option("--listener", help="Hear live events too: see docs/live.md.")] = False,
) -> None:
    """Run everything on this machine against the real API, until Ctrl-C.

    Servers: those of REDIS_URL and MONGO_URI; where one is not set, Covey starts its own under COVEY_DATA_DIR.
    """
    from shared.domain.errors import InputError
    from shared.runtime.disk import BEGIN_BYTES, check_room, held
    from shared.runtime.embedded import Servers, running
    from shared.services import bootstrap

    settings = own_settings()
    settings.require_webhook_secret()
    if not bootstrap.may_ask_x(settings):
        raise InputError(
            "X_BEARER_TOKEN is not set. Covey asks the X API with an app-only bearer token: create an app in X's "
            "developer console, copy its token, and set X_BEARER_TOKEN in the environment or in .env. "
            "Or set COVEY_CREDENTIAL_KEYS and use accounts: covey connect. "
            "To see Covey work without one: covey demo"
        )
    needed = {"redis_needed": not settings.redis_url, "mongo_needed": not settings.mongo_uri}
    with held(settings.data_dir, "covey up") as lock, running(settings.data_dir, keep_open=[lock], **needed) as own:
        check_room(settings.data_dir, BEGIN_BYTES)
        servers = Servers(settings.redis_url or own.redis_url, settings.mongo_uri or own.mongo_uri, own.own)
        _run_flock(settings, servers, workers, _checked(settings, servers), with_listener=listener)


def _checked(settings: Settings, servers: Servers) -> ProcessStore:
    """Raise here, in one line, what would keep every child from starting; answers where their signs of life are."""
    from shared.runtime.reporting import checked_dsn
    from shared.services import bootstrap, preflight
    from shared.services.preflight import Part

    checked_dsn(settings)
    there = {"redis_url": servers.redis_url, "mongo_uri": servers.mongo_uri}
    services = bootstrap.build(settings.model_copy(update=there), middleware=[])
    bootstrap.reach(services)
    preflight.require(services, preflight.EVERY_PROCESS | {Part.ACCESS, Part.DATA, Part.MEDIA})
    return services.stores.processes


def _run_flock(settings: Settings, servers: Servers, workers: int, signs: ProcessStore, *, with_listener: bool) -> None:
    """Run one scheduler, `workers` workers, one media worker and a listener if wanted, until the person stops them."""
    from control.local import Flock, forget_servers, interruptible, note_servers
    from shared.domain.jobs import ALL_QUEUES, Queue
    from shared.runtime.settings import child_environment

    environment = child_environment(
        REDIS_URL=servers.redis_url, MONGO_URI=servers.mongo_uri, COVEY_METRICS_HOST="127.0.0.1"
    )
    flock = Flock(settings.data_dir / "logs", environment, grace_seconds=settings.shutdown_grace_seconds + 5)
    api_queues = ",".join(queue for queue in ALL_QUEUES if queue != Queue.MEDIA)
    note_servers(settings.data_dir, servers)
    with interruptible() as stop:
        try:
            flock.add("scheduler", "scheduler")
            for number in range(workers):
                first = settings.worker_metrics_port  # that of the media worker; 0 stays 0: any free port
                port = str(first and first + 10 + number)
                flock.add(f"worker-{number + 1}", "workers.main", "--queues", api_queues, "--metrics-port", port)
            flock.add("worker-media", "workers.main", "--queues", Queue.MEDIA)
            if with_listener:
                flock.add("listener", "listener")
            out.print(f"Covey runs: {len(flock.children)} processes, logs in {flock.folder}. Ctrl-C stops it.")
            out.print("In another terminal: covey track NAME, covey status")
            while not stop.wait(0.5):
                for server in servers.revive():
                    err.print(f"covey: {server.name} ended and was started again on its data; see {server.log}")
                for name in flock.watch_once():
                    err.print(f"covey: {name} ended and is started again; see {flock.folder / name}.log")
                _forget(flock.replaced, signs, settings.instance)
            out.print("Stopping: running jobs are finished first.")
        finally:
            flock.stop()
            forget_servers(settings.data_dir)


def _forget(pids: list[int], signs: ProcessStore, instance: str) -> None:
    """Those that were started again are not missed; as soon as MongoDB can be told."""
    from shared.domain.errors import StoreUnavailable

    try:
        while pids:
            signs.leave(f"{instance}:{pids[-1]}")
            pids.pop()
    except StoreUnavailable:
        pass  # at the next look
