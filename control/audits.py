"""X's own count of what was posted, beside what is stored, hour by hour. Each count costs one request.

X counts what a search shows now: a post that was deleted since is stored and not counted, and is told apart here. What
is missing is missing of an hour: more posts in another one, such as X does not show any more, make up for nothing.
Posts that a version without attribution stored count for nobody. Money is in US dollars in what is answered.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from control.coverage import Ledger
from shared.domain.coverage.counted import CountedStep
from shared.domain.coverage.gaps import RECENT_REACH
from shared.domain.models import WorkClass
from shared.domain.money.prices import MICRO
from shared.services.bootstrap import Services
from shared.services.subjects import Subject, subjects
from shared.spending.attribution import gathered
from shared.stores.database import ServerClock


def audit(services: Services, words: Sequence[str], *, window: timedelta) -> dict[str, Any]:
    """A row for each account and source, or for those that are named, and what asking cost.

    Only time that counts as covered is compared, and no more than the seven days that X counts. Raises InputError for
    what is not followed, and what X or the limiter answers.
    """
    now = ServerClock(services.stores.db).now()
    from_at = now - min(window, RECENT_REACH)
    wanted = subjects(services, words)
    ledger = Ledger.of(services, [one.member for one in wanted], (from_at, now))
    with gathered() as calls:
        rows = [row for one in wanted if (row := _row(services, ledger, one, from_at)) is not None]
    return {"rows": rows, "usd": sum(call.micro_usd for call in calls) / MICRO}


def _row(services: Services, ledger: Ledger, subject: Subject, from_at: datetime) -> dict[str, Any] | None:
    """None where no search has read anything of it. X counts whole seconds: what lies between two is left out."""
    begin, end = _next_second(max(from_at, subject.began_at)), ledger.covered_through(subject.member)
    searches = services.following.searches([subject.member])
    if end is None or begin >= (end := end.replace(microsecond=0)) or not searches:
        return None
    counted = services.x.counts(WorkClass.INTERACTIVE, query=searches[0].text, start_time=begin, end_time=end)
    times = services.stores.posts.times_of(subject.member, from_at=begin, to_at=end)
    hours = _hours(counted.steps, times)
    stored, gone = (sum(hour[name] for hour in hours) for name in ("stored", "gone"))
    return {
        "subject": subject.shown,
        "member": subject.member,
        "from_at": begin,
        "to_at": end,
        "counted": counted.total,
        "stored": stored,
        "gone": gone,
        "missing": sum(max(0, hour["counted"] - hour["stored"]) for hour in hours),
        "hours": hours,
    }


def _next_second(moment: datetime) -> datetime:
    return moment if not moment.microsecond else moment.replace(microsecond=0) + timedelta(seconds=1)


def _hours(steps: Sequence[CountedStep], times: Sequence[tuple[datetime, bool]]) -> list[dict[str, Any]]:
    """The steps with what is stored of each; times: of posts, and whether each is gone."""
    begins = [step.from_at for step in steps]
    stored, gone = [0] * len(steps), [0] * len(steps)
    for at, is_gone in times:
        place = bisect_right(begins, at) - 1
        if place >= 0:
            (gone if is_gone else stored)[place] += 1
    return [
        {"from_at": step.from_at, "to_at": step.to_at, "counted": step.count, "stored": one, "gone": other}
        for step, one, other in zip(steps, stored, gone, strict=True)
    ]
