"""Owns the command line: `python -m simulator`.

It must not hold any rule of the simulation. Invariant: exactly one line goes to standard output, when
the server is ready: `{"url": ..., "port": ..., "pid": ..., "accounts": ...}`.
"""

import json
import os
import sys
from typing import Annotated

import typer

from simulator.app import App
from simulator.clock import parse_iso_ms, system_clock
from simulator.config import Config, DialectMode
from simulator.limits import LIMITS
from simulator.server import listen, serve

cli = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@cli.command()
def simulate(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port; 0 takes a free one.")] = 8090,
    seed: Annotated[int, typer.Option(help="The same seed and --time-start give the same world.")] = 1,
    accounts: Annotated[int, typer.Option(help="Accounts worth tracking (GET /_sim/accounts lists them).")] = 20,
    activity: Annotated[float, typer.Option(help="Scales how much is posted from now on; 1 is a calm day.")] = 1.0,
    tempo: Annotated[
        float,
        typer.Option(help="How many times faster than real a post lives: its engagement, reactions, edits and end."),
    ] = 1.0,
    history_hours: Annotated[float, typer.Option(help="How far back there are posts.")] = 192.0,
    search_lag_seconds: Annotated[
        float, typer.Option(help="Age below which a search without end_time does not show a post; X: 30.")
    ] = 30.0,
    window_seconds: Annotated[float, typer.Option(help="Length of a rate window; X: 900.")] = 900.0,
    limit: Annotated[
        list[str] | None,
        typer.Option(help=f"Calls in a window, as endpoint=N; repeatable. Endpoints: {', '.join(LIMITS)}."),
    ] = None,
    token: Annotated[
        list[str] | None, typer.Option(help="A bearer token to accept beside every sim-* (sim-user-*: a user's).")
    ] = None,
    dialect: Annotated[
        DialectMode,
        typer.Option(help="old (tweet.fields), new (post.fields), or both: the request decides; else new."),
    ] = "both",
    query_max_length: Annotated[int, typer.Option(help="Longest search query; X: 512, enterprise 4096.")] = 512,
    media_base_url: Annotated[
        str | None, typer.Option(help="Where media urls point; default: the host that the request named.")
    ] = None,
    max_posts: Annotated[
        int, typer.Option(help="Posts held in memory (about 1.6 KB each); older are forgotten.")
    ] = 300_000,
    time_offset_seconds: Annotated[
        float, typer.Option(help="Run the server's clock ahead of (or, negative, behind) the machine's.")
    ] = 0.0,
    time_start: Annotated[
        str | None, typer.Option(help="The world's first live moment, ISO 8601 with zone; default: now.")
    ] = None,
) -> None:
    """Answer as the X API v2 does, offline: seeded accounts that post, rate limits, both dialects.

    Try it:  python -m simulator --port 8090 &
             curl -H 'Authorization: Bearer sim-demo' 'http://127.0.0.1:8090/2/tweets/search/recent?query=football'
             curl http://127.0.0.1:8090/_sim/health

    What really happened, for comparison, is under /_sim/ (see simulator/README.md).
    """
    try:
        config = Config(
            seed=seed,
            accounts=accounts,
            activity=activity,
            tempo=tempo,
            history_hours=history_hours,
            window_seconds=window_seconds,
            search_lag_seconds=search_lag_seconds,
            query_max_length=query_max_length,
            dialect=dialect,
            limits=dict(map(_read_limit, limit or [])),
            tokens=tuple(token or ()),
            media_base_url=media_base_url,
            max_posts=max_posts,
            start_ms=None if time_start is None else parse_iso_ms(time_start),
        )
        opened = listen(host, port)
        app = App(config, system_clock(time_offset_seconds))
    except (ValueError, OSError) as error:
        typer.echo(f"simulator: {error}", err=True)
        raise typer.Exit(2) from error
    chosen = opened.getsockname()[1]
    shown_host = f"[{host}]" if ":" in host else host
    ready = {"url": f"http://{shown_host}:{chosen}", "port": chosen, "pid": os.getpid(), "accounts": accounts}

    def announce() -> None:
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()

    serve(app, opened, announce)


def _read_limit(text: str) -> tuple[str, int]:
    endpoint, equals, number = text.rpartition("=")
    if not equals or not number.isdigit():
        raise ValueError(f"--limit wants endpoint=N, not {text!r}")
    return endpoint, int(number)


def main() -> None:
    """Run the command line."""
    cli()


if __name__ == "__main__":
    main()
