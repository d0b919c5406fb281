"""Which searches rest before midnight, so that what they find then is free to be read again for a whole day.

A setting, off by default. Nothing is missed, for a stream's cursor stays; it is known later. What is watched for speed
never rests: streams that carry a source with an alert threshold of its own, or one that is heard live. Nor does one
that is read so seldom that its next turn would come long after midnight, or one that was never read.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from shared.domain.coverage.streams import Stream
from shared.domain.planning.posts import hours
from shared.domain.planning.resting import resumes_at
from shared.domain.sources import Source
from shared.services.bootstrap import Services


def rests(services: Services, stream: Stream, now: datetime) -> bool:
    """Whether the stream waits for the coming midnight (UTC)."""
    rest_hours = services.settings.search_rest_hours
    if stream.sweeps_completed == 0 or resumes_at(hours(now), rest_hours, is_on_alert=False) is None:
        return False
    interval = stream.group.interval_seconds or services.settings.search_interval_seconds
    if timedelta(seconds=interval) > timedelta(hours=rest_hours):
        return False
    watched = {member for source in services.stores.sources.asking().values() for member in _watched(source)}
    return watched.isdisjoint(stream.members)


def _watched(source: Source) -> Iterator[str]:
    """What streams carry of a source that is on alert."""
    if source.live or source.alert_velocity is not None:
        yield from source.accounts if source.key is None else (source.key,)
