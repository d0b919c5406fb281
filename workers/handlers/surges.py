"""Posts that run away, found in the readings of a page: noted once a post and UTC day, counted and logged.

What is usual is judged by first and learned after that, so that no post is compared with itself. Idempotent: what is
noted is not told of again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shared.domain.engagement.refresh import Engagement, Reading
from shared.domain.engagement.surges import (
    LEAST_ACTS,
    Measured,
    Surge,
    Thresholds,
    Usual,
    is_unusual,
    learned,
    measured,
    surge_of,
)
from shared.domain.jobs import SendAlert
from shared.domain.models import Page
from shared.runtime import metrics
from shared.runtime.log import get_logger
from shared.services.bootstrap import Services
from shared.stores.usual import Key

log = get_logger(__name__)


def watch(services: Services, page: Page, before: Mapping[int, Engagement], readings: Sequence[Reading]) -> None:
    """Tell of the posts of a page that run away, and learn what is usual of their accounts. Raises as the stores."""
    thresholds = _thresholds(services)
    authors = {post.id: post.author_id for post in page.posts}
    scale = services.settings.refresh_time_scale
    found = [
        one
        for reading in readings
        if (post_id := reading.engagement.post_id) in before
        and (one := measured(before[post_id], reading, author_id=authors.get(post_id), time_scale=scale))
    ]
    usual = _usual(services, found, thresholds)
    _tell(services, _surges(services, found, usual, thresholds))
    _learn(services, found, usual, thresholds)


def _thresholds(services: Services) -> Thresholds:
    settings = services.settings
    by_source = services.stores.sources.alert_velocities()
    return Thresholds(settings.alert_velocity, settings.alert_times_usual, by_source)


def _usual(services: Services, found: Sequence[Measured], thresholds: Thresholds) -> dict[Key, Usual]:
    """What is usual of those of which it matters: few of a page, and none where nobody asks."""
    if not thresholds.times_usual:
        return {}
    matters = (one for one in found if one.has_come or one.acts >= LEAST_ACTS)
    return services.stores.usual.of({one.author_id for one in matters if one.author_id is not None})


def _surges(
    services: Services, found: Sequence[Measured], usual: Mapping[Key, Usual], thresholds: Thresholds
) -> list[Surge]:
    of_each = {one.post_id: usual.get(key) if (key := _key(one)) else None for one in found}
    times, lowest = thresholds.times_usual, thresholds.lowest
    maybe = [o for o in found if o.velocity > lowest or is_unusual(o, of_each[o.post_id], times_usual=times)]
    if not maybe:
        return []
    sources = services.stores.surges.sources_of([one.post_id for one in maybe])
    told = (
        surge_of(one, of_each[one.post_id], sources=sources.get(one.post_id, ()), thresholds=thresholds)
        for one in maybe
    )
    return [surge for surge in told if surge is not None]


def _tell(services: Services, surges: Sequence[Surge]) -> None:
    """Note, count and log what is new, and send for its webhook; the scheduler does where this is cut off."""
    now, quiet = services.clock.now(), services.settings.quiet
    quiet_until = quiet.until(now) if quiet else None
    send_at = (quiet_until or now) if services.webhook else None
    new = services.stores.surges.note(surges, send_at=send_at)
    for surge in surges:
        if surge.id not in new:
            continue
        for why in surge.why:
            metrics.POST_ALERTS.labels(why.value).inc()
        log.warning(
            "post runs away",
            post_id=str(surge.measured.post_id),
            author_id=surge.measured.author_id and str(surge.measured.author_id),
            why=[why.value for why in surge.why],
            velocity=round(surge.measured.velocity, 1),
            usual=surge.usual and round(surge.usual, 1),
            sources=list(surge.sources),
        )
    if send_at == now:
        services.sender.send_all([SendAlert.of(surge_id) for surge_id in sorted(new)])


def _learn(services: Services, found: Sequence[Measured], usual: Mapping[Key, Usual], thresholds: Thresholds) -> None:
    """Each post that came into a band counts there, once."""
    if not thresholds.times_usual:
        return
    since: dict[Key, Usual] = {}
    for one in found:
        if one.has_come and (key := _key(one)):
            before = since.get(key, usual.get(key))
            since[key] = learned(before, one.velocity, times_usual=thresholds.times_usual)
    services.stores.usual.learn(since, now=services.clock.now())


def _key(one: Measured) -> Key | None:
    return None if one.author_id is None else (one.author_id, one.band)
