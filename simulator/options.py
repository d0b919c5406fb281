"""Owns what each option of the command line is called, means and is grouped under.

It must not hold defaults or do anything: `__main__` has the defaults and builds the settings.
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from simulator.config import DialectMode
from simulator.limits import LIMITS

_WORLD: dict[str, Any] = {"rich_help_panel": "World"}
_LIMITS: dict[str, Any] = {"rich_help_panel": "Limits"}
_MONEY: dict[str, Any] = {"rich_help_panel": "Money"}
_AUTH: dict[str, Any] = {"rich_help_panel": "Credentials"}
_TIME: dict[str, Any] = {"rich_help_panel": "Time"}

Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(min=0, max=65_535, help="Port; 0 takes a free one.")]
Dialects = Annotated[
    DialectMode, typer.Option(help="old (tweet.fields), new (post.fields), or both: the request decides; else new.")
]
QueryMaxLength = Annotated[int, typer.Option(help="Longest search query; X: 512, enterprise 4096.")]
Archive = Annotated[bool, typer.Option(help="Whether the plan has search/all and counts/all; else they are 403.")]
ArchiveQueryMaxLength = Annotated[int, typer.Option(help="Longest query of search/all and counts/all; X: 1024.")]
ComplianceSeconds = Annotated[float, typer.Option(help="How long a compliance job takes.")]
KeepAlive = Annotated[float, typer.Option(help="Between blank lines of a stream on which nothing happens; X: 20.")]
MediaBaseUrl = Annotated[str | None, typer.Option(help="Where media urls point; default: the host of the request.")]

Seed = Annotated[int, typer.Option(help="The same seed and --time-start give the same world.", **_WORLD)]
Accounts = Annotated[int, typer.Option(help="Accounts worth tracking (GET /_sim/accounts lists them).", **_WORLD)]
Activity = Annotated[float, typer.Option(help="Scales how much is posted from now on; 1 is a calm day.", **_WORLD)]
Tempo = Annotated[
    float,
    typer.Option(help="How many times faster than real a post lives: engagement, reactions, edits, end.", **_WORLD),
]
Reactions = Annotated[float, typer.Option(help="Scales how much is liked, answered, quoted, reposted.", **_WORLD)]
DeletedShare = Annotated[float, typer.Option(help="Part of the posts that will be deleted.", **_WORLD)]
EditedShare = Annotated[float, typer.Option(help="Part of the posts that will be edited.", **_WORLD)]
AccountChanges = Annotated[
    float,
    typer.Option(help="How often an account changes a day: renamed, suspended, protected; some come back.", **_WORLD),
]
HistoryHours = Annotated[float, typer.Option(help="How far back there are posts.", **_WORLD)]
SearchLag = Annotated[
    float, typer.Option(help="Age below which a search without end_time does not show a post; X: 30.", **_WORLD)
]
LateShare = Annotated[float, typer.Option(help="Part of the posts that come into the search late.", **_WORLD)]
LateMin = Annotated[float, typer.Option(help="How late at least, beyond --search-lag-seconds.", **_WORLD)]
LateMax = Annotated[float, typer.Option(help="How late at most; log-uniform between the two.", **_WORLD)]
MaxPosts = Annotated[int, typer.Option(help="Posts held in memory (1.6 KB each); older are forgotten.", **_WORLD)]

TimeOffset = Annotated[float, typer.Option(help="Run the clock ahead of (negative: behind) the machine's.", **_TIME)]
TimeStart = Annotated[
    str | None, typer.Option(help="The world's first live moment, ISO 8601 with zone; default: now.", **_TIME)
]
DaySeconds = Annotated[
    float, typer.Option(help="Length of a day of bills and caps; months have 30 days if it is not 86400.", **_TIME)
]

WindowSeconds = Annotated[float, typer.Option(help="Length of a rate window; X: 900.", **_LIMITS)]
Limit = Annotated[
    list[str] | None,
    typer.Option(help=f"Calls in a window, as endpoint=N; repeatable. Endpoints: {', '.join(LIMITS)}.", **_LIMITS),
]
PerSecond = Annotated[
    list[str] | None,
    typer.Option(help="Calls in a second, as endpoint=N; repeatable. Such a 429 has calls left.", **_LIMITS),
]
DayLimit = Annotated[
    list[str] | None,
    typer.Option(help="Calls in 24 hours from the first one, as endpoint=N; repeatable.", **_LIMITS),
]
Legacy429 = Annotated[bool, typer.Option("--legacy-429", help="Refuse with the old body, code 88.", **_LIMITS)]

PostUsd = Annotated[float, typer.Option(help="Price of a post returned.", **_MONEY)]
UserUsd = Annotated[float, typer.Option(help="Price of a user returned.", **_MONEY)]
CountsUsd = Annotated[float, typer.Option(help="Price of a counts request.", **_MONEY)]
CountsAllUsd = Annotated[float, typer.Option(help="Price of a counts request of the archive.", **_MONEY)]
OwnedPostUsd = Annotated[
    float, typer.Option(help="Price of a post in a timeline that the owner of the app reads of their own.", **_MONEY)
]
ProfileUpdateUsd = Annotated[float, typer.Option(help="Price of a profile update that a stream tells.", **_MONEY)]
AppOwner = Annotated[
    str | None, typer.Option(help="The account, by name or id, that owns every app; default: nobody.", **_MONEY)
]
BillIncludes = Annotated[bool, typer.Option(help="Whether objects in `includes` cost money.", **_MONEY)]
Credits = Annotated[
    float | None, typer.Option("--credits", help="Credits of a project in USD; then 402. Default: no end.", **_MONEY)
]
SpendCap = Annotated[
    float | None,
    typer.Option(
        "--spend-cap", help="What a project may spend in USD; then 403 until the reset. Default: no end.", **_MONEY
    ),
]
SpendCapSeconds = Annotated[float, typer.Option(help="How long a spend cap stands once it is reached.", **_MONEY)]
MonthPosts = Annotated[int, typer.Option(help="Posts a project may buy a month; then 429 UsageCapExceeded.", **_MONEY)]
DayPosts = Annotated[int | None, typer.Option(help="The same for a day; default: no end.", **_MONEY)]

FaultFile = Annotated[
    Path | None, typer.Option("--faults", help="A fault script (JSON); POST /_sim/faults replaces it.")
]
AccessTokenSeconds = Annotated[float, typer.Option(help="Life of an OAuth 2.0 access token; X: 7200.", **_AUTH)]
CodeSeconds = Annotated[float, typer.Option(help="Life of an authorization code; X: 30.", **_AUTH)]
Client = Annotated[
    list[str] | None,
    typer.Option(help="An OAuth 2.0 client as ID (public) or ID:SECRET, beside every sim-*; repeatable.", **_AUTH),
]
Oauth1Key = Annotated[
    list[str] | None,
    typer.Option(help="OAuth 1.0a keys as CONSUMER:SECRET:TOKEN:SECRET, beside every sim-*; repeatable.", **_AUTH),
]
Token = Annotated[
    list[str] | None, typer.Option(help="A bearer token to accept beside every sim-* (sim-user-*: a user's).", **_AUTH)
]
