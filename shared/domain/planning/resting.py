"""Searches that rest before midnight. Pure.

The read that discovers a post pays for the rest of its UTC day. One that is found just before midnight is bought again
just after it, for it is young and ranks high. A search that rests until 00:00 loses nothing, for its cursor stays, and
its discoveries are free for a whole day; but they come later. So it is a setting, off by default (0 hours), and what is
watched for speed (`is_on_alert`) never rests.
"""

from __future__ import annotations

from shared.domain.planning.posts import HOURS_A_DAY, day_of


def resumes_at(at: float, rest_hours: float, *, is_on_alert: bool) -> float | None:
    """When a search that is due at that time may be made: the coming midnight; None: at once."""
    midnight = float((day_of(at) + 1) * HOURS_A_DAY)
    if is_on_alert or rest_hours <= 0 or at < midnight - rest_hours:
        return None
    return midnight
