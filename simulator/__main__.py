"""Owns the command line: `python -m simulator`.

It must not hold any rule of the simulation. Invariant: exactly one line goes to standard output, when
the server is ready: `{"url": ..., "port": ..., "pid": ..., "accounts": ...}`.
"""

import json
import os
import sys

import typer

from simulator import options as o
from simulator.app import App
from simulator.clock import parse_iso_ms, system_clock
from simulator.config import Config
from simulator.days import DAY_SECONDS
from simulator.faults.script import Script, load_script
from simulator.money import MONTH_POSTS, Plan
from simulator.oauth.clients import OauthSettings
from simulator.server import listen, serve

cli = typer.Typer(
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@cli.command()
def simulate(
    host: o.Host = "127.0.0.1",
    port: o.Port = 8090,
    dialect: o.Dialects = "both",
    query_max_length: o.QueryMaxLength = 512,
    archive: o.Archive = True,
    archive_query_max_length: o.ArchiveQueryMaxLength = 1024,
    compliance_seconds: o.ComplianceSeconds = 2.0,
    keep_alive_seconds: o.KeepAlive = 20.0,
    media_base_url: o.MediaBaseUrl = None,
    seed: o.Seed = 1,
    accounts: o.Accounts = 20,
    activity: o.Activity = 1.0,
    tempo: o.Tempo = 1.0,
    reactions: o.Reactions = 1.0,
    deleted_share: o.DeletedShare = 0.03,
    edited_share: o.EditedShare = 0.025,
    account_changes: o.AccountChanges = 0.0,
    history_hours: o.HistoryHours = 192.0,
    search_lag_seconds: o.SearchLag = 30.0,
    late_share: o.LateShare = 0.0,
    late_min_seconds: o.LateMin = 1.0,
    late_max_seconds: o.LateMax = 1800.0,
    max_posts: o.MaxPosts = 300_000,
    time_offset_seconds: o.TimeOffset = 0.0,
    time_start: o.TimeStart = None,
    day_seconds: o.DaySeconds = DAY_SECONDS,
    window_seconds: o.WindowSeconds = 900.0,
    limit: o.Limit = None,
    per_second: o.PerSecond = None,
    day_limit: o.DayLimit = None,
    legacy_429: o.Legacy429 = False,
    post_usd: o.PostUsd = 0.005,
    user_usd: o.UserUsd = 0.010,
    counts_usd: o.CountsUsd = 0.005,
    counts_all_usd: o.CountsAllUsd = 0.010,
    owned_post_usd: o.OwnedPostUsd = 0.001,
    profile_update_usd: o.ProfileUpdateUsd = 0.005,
    app_owner: o.AppOwner = None,
    bill_includes: o.BillIncludes = True,
    credits_usd: o.Credits = None,
    spend_cap_usd: o.SpendCap = None,
    spend_cap_seconds: o.SpendCapSeconds = 60.0,
    month_posts: o.MonthPosts = MONTH_POSTS,
    day_posts: o.DayPosts = None,
    token: o.Token = None,
    access_token_seconds: o.AccessTokenSeconds = 7200.0,
    code_seconds: o.CodeSeconds = 30.0,
    client: o.Client = None,
    oauth1_key: o.Oauth1Key = None,
    faults: o.FaultFile = None,
) -> None:
    """Answer as the X API v2 does, offline: seeded accounts that post, limits, money, both dialects.

    Try it:  python -m simulator --port 8090 &
             curl -H 'Authorization: Bearer sim-demo' 'http://127.0.0.1:8090/2/tweets/search/recent?query=football'
             curl http://127.0.0.1:8090/_sim/health

    What really happened, for comparison, is under /_sim/ (see simulator/README.md).
    """
    try:
        plan = Plan(
            post_usd=post_usd,
            user_usd=user_usd,
            counts_usd=counts_usd,
            counts_all_usd=counts_all_usd,
            owned_post_usd=owned_post_usd,
            profile_update_usd=profile_update_usd,
            bill_includes=bill_includes,
            credits_usd=credits_usd,
            month_posts=month_posts,
            day_posts=day_posts,
            day_seconds=day_seconds,
            spend_cap_usd=spend_cap_usd,
            spend_cap_seconds=spend_cap_seconds,
        )
        config = Config(
            seed=seed,
            accounts=accounts,
            activity=activity,
            tempo=tempo,
            reactions=reactions,
            deleted_share=deleted_share,
            edited_share=edited_share,
            account_changes=account_changes,
            history_hours=history_hours,
            window_seconds=window_seconds,
            search_lag_seconds=search_lag_seconds,
            late_share=late_share,
            late_min_seconds=late_min_seconds,
            late_max_seconds=late_max_seconds,
            query_max_length=query_max_length,
            archive=archive,
            archive_query_max_length=archive_query_max_length,
            compliance_seconds=compliance_seconds,
            keep_alive_seconds=keep_alive_seconds,
            dialect=dialect,
            limits=_read_limits("--limit", limit),
            per_second=_read_limits("--per-second", per_second),
            day_limits=_read_limits("--day-limit", day_limit),
            legacy_429=legacy_429,
            plan=plan,
            faults=Script() if faults is None else load_script(faults),
            app_owner=app_owner,
            tokens=tuple(token or ()),
            oauth=OauthSettings(
                access_token_seconds=access_token_seconds,
                code_seconds=code_seconds,
                clients=tuple(client or ()),
                keys=tuple(oauth1_key or ()),
            ),
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


def _read_limits(option: str, texts: list[str] | None) -> dict[str, int]:
    found: dict[str, int] = {}
    for text in texts or []:
        endpoint, equals, number = text.rpartition("=")
        if not equals or not number.isdigit():
            raise ValueError(f"{option} wants endpoint=N, not {text!r}")
        found[endpoint] = int(number)
    return found


def main() -> None:
    """Run the command line."""
    cli(prog_name="covey simulator")


if __name__ == "__main__":
    main()
