"""Owns how often something is posted without a cause: the rates, and the times they give.

It must not know what is posted. Invariant: times are a Poisson process whose rate changes only at the
borders of the phases, so drawing one at a time gives the same times as drawing all.
"""

from random import Random

from simulator.config import HOUR_MS, Config

# Spontaneous posts an hour for each tracked account at activity 1; reactions come on top (about as many).
RATES_PER_HOUR = {"original": 6.0, "mention": 5.0, "chatter": 2.0, "answer": 0.7, "repost": 0.5}
# The far past is thin and the last hour is dense, so that a start takes well under 2 s and the first
# minute already has young posts that draw quotes. Both bounds are counted in spontaneous posts.
PAST_DENSITY, PAST_MAX_POSTS, LAST_HOUR_MAX_POSTS = 0.1, 6_000, 2_500

NEVER_MS = 2**62


class Pace:
    """The rate of spontaneous posts through the past, the last hour before the start, and the present."""

    def __init__(self, config: Config, start_ms: int) -> None:
        """Fix the phases as (end in ms, posts per ms)."""
        per_hour = sum(RATES_PER_HOUR.values()) * config.accounts
        past_hours = max(config.history_hours - 1, 0.001)
        past = min(per_hour * PAST_DENSITY, PAST_MAX_POSTS / past_hours)
        live = per_hour * config.activity
        last_hour = min(live, LAST_HOUR_MAX_POSTS)
        ends = (start_ms - HOUR_MS, start_ms, NEVER_MS)
        self._phases = [(end, rate / HOUR_MS) for end, rate in zip(ends, (past, last_hour, live), strict=True)]

    def draw_next(self, rng: Random, after_ms: int) -> int:
        """Return the time of the first post after `after_ms`, or `NEVER_MS`."""
        at = float(after_ms)
        for end_ms, rate in self._phases:
            if after_ms >= end_ms:
                continue
            at = max(at, after_ms)
            if rate > 0:
                at += rng.expovariate(rate)
                if at < end_ms:
                    return max(int(at), after_ms + 1)
            at, after_ms = float(end_ms), end_ms
        return NEVER_MS
