"""Pages that X announced longer than they are; how long each waits is decided in `domain.coverage.short_pages`."""

from __future__ import annotations

from shared.domain.coverage.short_pages import wait_seconds
from shared.domain.coverage.sweeps import Sweep
from shared.domain.errors import PostsWithheld
from shared.domain.models import Page
from shared.platforms.x.parser import ShortPage
from shared.runtime.log import get_logger
from shared.services.bootstrap import Services

log = get_logger(__name__)


def fell_short(services: Services, sweep: Sweep, page: Page) -> bool:
    """Whether a stored page lacks posts for good. Raises PostsWithheld while it is worth asking for it again."""
    if not isinstance(page, ShortPage):
        return False
    times = services.stores.sweeps.fell_short(sweep, now=services.clock.now())
    wait = wait_seconds(times)
    if wait is not None:
        what = f"X kept back {page.withheld} posts of page {sweep.page} of {sweep.id}"
        raise PostsWithheld(what, wait_seconds=wait)
    log.warning("posts withheld", sweep=sweep.id, page=sweep.page, posts=page.withheld)
    return True
