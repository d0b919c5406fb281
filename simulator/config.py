"""Owns the settings of one simulator, as one frozen value made from the command line.

It must not read the environment. Invariant: a `Config` that exists has been checked.
"""

from dataclasses import dataclass, field
from typing import Literal

from simulator.faults.script import Script
from simulator.limits import check_limit
from simulator.money import Plan
from simulator.oauth.clients import OauthSettings

DialectMode = Literal["both", "old", "new"]

HOUR_MS = 3_600_000


@dataclass(frozen=True)
class Config:
    """Everything that shapes one simulator; `(seed, start_ms)` and these values fix the world.

    `start_ms` None means the moment the simulator starts. `limits` overrides the table of
    `simulator.limits` by endpoint name; `per_second` and `day_limits` add limits.
    A share `late_share` of the posts comes into the search later than `search_lag_seconds`, by `late_min_seconds` to
    `late_max_seconds`. `archive` says whether the plan has `search/all` and `counts/all`.
    `app_owner` is the name or id of the account that owns every app.
    A compliance job takes `compliance_seconds`. A stream on which nothing happens has a blank line every
    `keep_alive_seconds`.
    `media_base_url` None means the host the client asked. `account_changes` are those of each account a day.
    """

    seed: int = 1
    accounts: int = 20
    activity: float = 1.0
    tempo: float = 1.0
    reactions: float = 1.0
    deleted_share: float = 0.03
    edited_share: float = 0.025
    account_changes: float = 0.0
    history_hours: float = 192.0
    window_seconds: float = 900.0
    search_lag_seconds: float = 30.0
    late_share: float = 0.0
    late_min_seconds: float = 1.0
    late_max_seconds: float = 1800.0
    query_max_length: int = 512
    archive: bool = True
    archive_query_max_length: int = 1024
    compliance_seconds: float = 2.0
    keep_alive_seconds: float = 20.0
    dialect: DialectMode = "both"
    limits: dict[str, int] = field(default_factory=dict)
    per_second: dict[str, int] = field(default_factory=dict)
    day_limits: dict[str, int] = field(default_factory=dict)
    legacy_429: bool = False
    plan: Plan = field(default_factory=Plan)
    faults: Script = field(default_factory=Script)
    oauth: OauthSettings = field(default_factory=OauthSettings)
    app_owner: str | None = None
    tokens: tuple[str, ...] = ()
    media_base_url: str | None = None
    max_posts: int = 300_000
    start_ms: int | None = None

    def __post_init__(self) -> None:
        """Raise `ValueError`, naming the value, when one is out of its range."""
        checks = (
            ("accounts", self.accounts, 1 <= self.accounts <= 5_000),
            ("activity", self.activity, 0 <= self.activity <= 10_000),
            ("tempo", self.tempo, 1 <= self.tempo <= 1_000),
            ("reactions", self.reactions, 0 <= self.reactions <= 100),
            ("deleted_share", self.deleted_share, 0 <= self.deleted_share <= 1),
            ("edited_share", self.edited_share, 0 <= self.edited_share <= 1 - self.deleted_share),
            ("account_changes", self.account_changes, 0 <= self.account_changes <= 1_000),
            ("history_hours", self.history_hours, 0 <= self.history_hours <= 24 * 60),
            ("window_seconds", self.window_seconds, self.window_seconds >= 1),
            ("search_lag_seconds", self.search_lag_seconds, self.search_lag_seconds >= 0),
            ("late_share", self.late_share, 0 <= self.late_share <= 1),
            ("late_min_seconds", self.late_min_seconds, self.late_min_seconds > 0),
            ("late_max_seconds", self.late_max_seconds, self.late_min_seconds <= self.late_max_seconds <= 1e7),
            ("query_max_length", self.query_max_length, self.query_max_length >= 1),
            ("archive_query_max_length", self.archive_query_max_length, self.archive_query_max_length >= 1),
            ("compliance_seconds", self.compliance_seconds, 0 <= self.compliance_seconds <= 86_400),
            ("keep_alive_seconds", self.keep_alive_seconds, 0.05 <= self.keep_alive_seconds <= 3_600),
            ("max_posts", self.max_posts, self.max_posts >= 1_000),
        )
        for name, value, holds in checks:
            if not holds:
                raise ValueError(f"{name} is out of range: {value}")
        for table in (self.limits, self.per_second, self.day_limits):
            for endpoint, limit in table.items():
                check_limit(endpoint, limit)

    @property
    def search_lag_ms(self) -> int:
        """The age, in ms, below which a post is not yet found by a search without `end_time`."""
        return round(self.search_lag_seconds * 1000)
