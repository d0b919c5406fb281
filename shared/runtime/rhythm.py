"""The settings that say how often, how far back and how much is read; part of `shared.runtime.settings`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from shared.domain.coverage.quotes import Preset
from shared.runtime.secret_files import SecretFiles


class Rhythm(SecretFiles):
    """Rhythm and reach of collecting; `Settings` has the rest."""

    search_interval_seconds: float = Field(60.0, gt=0, description="between two sweeps of a stream")
    margin_min_seconds: float = Field(5.0, ge=0, description="a sweep reads at least so far behind what is covered")
    margin_max_seconds: float = Field(300.0, ge=0, description="and at most, where X shows posts late")
    reread_after_seconds: float = Field(2100.0, gt=0, description="what was read is read again after this")
    reread_every_seconds: float = Field(3600.0, gt=0, description="so much of a stream is read again at a time")
    reread_across_midnight: bool = Field(True, description="also what has to be bought again, because its day is over")
    backfill_sweeps: int = Field(4, ge=0, description="gaps that are filled at a time; 0: none")
    quotes_interval_seconds: float = Field(900.0, gt=0, description="between two choices of posts to read quotes of")
    quotes_recheck_seconds: float = Field(4 * 3600.0, gt=0, description="between two readings of the quotes of a post")
    quotes_newest_posts: int = Field(50, ge=1, description="newest posts of tracked accounts that compete for quotes")
    quotes_posts_per_round: int = Field(5, ge=1, description="posts whose quotes are read in one round")
    quotes_min_likes: int = Field(10, ge=0, description="a post with more likes than this competes even unquoted")
    quotes_preset: Preset = Field(Preset.NEWEST, description="whose quotes: newest, or evidence (of X's counts)")
    quotes_debts_per_round: int = Field(50, ge=1, le=1000, description="by evidence: posts that are read at a time")
    quotes_margin_seconds: float = Field(2100.0, ge=0, description="so far behind a reading of quotes the next begins")
    refresh_by: Literal["tiers", "planner"] = Field(
        "tiers", description="who decides which posts are read again: docs/planner.md"
    )
    search_rest_hours: float = Field(
        0.0, ge=0, le=12, description="searches rest so long before 00:00 UTC, but those of sources on alert; 0: none"
    )
    plan_span_days: int = Field(
        30, ge=1, description="by the planner: every post is read at least once in so many days"
    )
    plan_group_tests: bool = Field(
        False, description="by the planner: X is asked in groups which quiet posts grow again; docs/planner.md"
    )
    refresh_interval_seconds: float = Field(15.0, gt=0, description="between two collections of due refreshes")
    refresh_time_scale: float = Field(1.0, gt=0, description="1 = the tiers as written; 0.01 = a hundred times faster")
    refresh_max_batches: int = Field(20, ge=1, description="batches of 100 posts claimed in one round")
    refresh_fresh_seconds: float = Field(
        60.0, ge=0, description="posts that were read within this are told from the store when a person asks; 0: none"
    )
    refresh_lease_seconds: float = Field(600.0, gt=0, description="a claimed refresh that never ran is due again then")
    gone_confirm_seconds: float = Field(3600.0, gt=0, description="a post reported gone is asked again after this")
    purge_after_seconds: float = Field(
        12 * 3600.0, ge=0, le=23 * 3600, description="what people wrote in a post that is gone, goes after this"
    )
    retention_days: int = Field(
        0, ge=0, le=36_500, description="posts are kept so long, where no source says otherwise; 0: for ever"
    )
    series_full_days: int = Field(
        7, ge=0, le=36_500, description="every reading of a post's counts is kept so long; 0: for ever"
    )
    series_hourly_days: int = Field(90, ge=0, le=36_500, description="after that one an hour, so long; then one a day")
    compliance_every_seconds: float = Field(
        24 * 3600.0, ge=0, description="X is asked what became of all that is stored so often, for nothing; 0: never"
    )
    compliance_ids: int = Field(100_000, ge=1, le=5_000_000, description="ids sent to X in one compliance job at most")
    audit_daily_usd: float = Field(
        0.05, ge=0, description="X counts the sources worth most each night for so much; 0: never"
    )
    reconcile_interval_seconds: float = Field(60.0, gt=0, description="between two looks for work left behind")
    stalled_after_seconds: float = Field(300.0, gt=0, description="work without progress for this long is sent again")
    scheduler_tick_seconds: float = Field(1.0, gt=0, description="between two looks at the schedules")
    account_look_seconds: float = Field(24 * 3600.0, ge=0, description="between looks at a followed account; 0: none")
    user_fresh_seconds: float = Field(24 * 3600.0, gt=0, description="an account is not asked for again within this")
    price_counts_usd: float = Field(0.005, ge=0, description="X's price of a count of the last seven days")
    price_counts_all_usd: float = Field(0.010, ge=0, description="X's price of a count of the archive, a page of it")
    price_owned_post_usd: float = Field(0.001, ge=0, description="X's price of a post of the app's owner, read by them")
    price_profile_update_usd: float = Field(0.005, ge=0, description="X's price of a profile update that it tells live")
    x_subscriptions: int = Field(1500, ge=0, description="subscriptions to live events that X lets the app have")
    x_rules: int = Field(1000, ge=0, description="rules of live posts that X lets the app have")
    live_lease_seconds: float = Field(15.0, gt=0, description="a listener that is silent for so long is replaced")
    live_silence_seconds: float = Field(30.0, gt=0, description="a stream that is silent for so long is dead; X: 20")
    live_reconcile_seconds: float = Field(60.0, gt=0, description="between two looks at what is subscribed to")
    x_app_owner_id: int | None = Field(
        None, gt=0, description="id of the account that owns the app and reads itself for less"
    )
    x_archive_query_max_length: int = Field(1024, ge=64, le=4096, description="characters in a query of the archive")
