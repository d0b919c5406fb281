"""Pages that X announced longer than they are: asked for again after growing waits, and taken as they are in the end.

What came is stored before, for it was bought; the sweep stands where it is, so nothing is passed over unseen. It must
end, because whether X's count holds what it withholds for good is not documented: a page that never comes whole is
read five times in six minutes, within one UTC day at the price of once, and then the sweep goes on past a recorded gap.
"""

from __future__ import annotations

from shared.domain.coverage.sweeps import Sweep
from shared.domain.errors import PostsWithheld
from shared.domain.models import Page
from shared.platforms.x.parser import ShortPage
from shared.runtime.log import get_logger
from shared.services.bootstrap import Services

log = get_logger(__name__)

# Between the readings of one page. Passing faults of X last from a moment to minutes.
WAITS_SECONDS = (1.0, 10.0, 60.0, 300.0)


def fell_short(services: Services, sweep: Sweep, page: Page) -> bool:
    """Whether a stored page lacks posts for good. Raises PostsWithheld while it is worth asking for it again."""
    if not isinstance(page, ShortPage):
        return False
    times = services.stores.sweeps.fell_short(sweep, now=services.clock.now())
    if 0 < times <= len(WAITS_SECONDS):
        raise PostsWithheld(f"page {sweep.page} of {sweep.id}", page.withheld, wait_seconds=WAITS_SECONDS[times - 1])
    log.warning("posts withheld", sweep=sweep.id, page=sweep.page, posts=page.withheld)
    return True
