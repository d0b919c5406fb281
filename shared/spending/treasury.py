"""What was spent so far, from the ledger in MongoDB, and what that fills the limiter's budgets with.

Reads only. Invariant: what it says was spent was settled; calls in flight are known to the limiter alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from shared.domain.models import WorkClass
from shared.domain.money.budgets import Spent, Totals
from shared.domain.money.classes import ONE_OFF
from shared.domain.money.forecast import HISTORY_DAYS, Course, Hours, course_of, whole_days
from shared.domain.money.prices import posts_of
from shared.domain.money.purchases import HOURS, RowKey, Sums, add_up
from shared.platforms.x.endpoints import QUOTE_TWEETS
from shared.runtime.clock import Clock
from shared.spending.choices import BudgetChoices
from shared.stores.ledger import LedgerStore
from shared.stores.runs import RunStore


@dataclass(frozen=True, slots=True)
class Books:
    """The rows of this month and of the days that a forecast needs, read at `now` (X's time).

    of_runs: what of them was one-off work for a request, by day, class of work and hour.
    """

    now: datetime
    rows: dict[RowKey, Sums]
    of_runs: Mapping[tuple[date, str], Sequence[int]] = field(default_factory=dict)

    def today(self, work_class: WorkClass | None = None) -> Sums:
        """The sums of the present UTC day."""
        return self._of(self.now, work_class)

    def month(self, work_class: WorkClass | None = None) -> Sums:
        """The sums of the present calendar month, today included."""
        first = self.now.date().replace(day=1)
        return add_up(s for k, s in self.rows.items() if k.day >= first and _is(k, work_class))

    def totals(self) -> tuple[dict[WorkClass, Totals], dict[str, dict[WorkClass, Totals]]]:
        """What each class of work spent this day and month, in the whole project and with each credential."""
        first, today = self.now.date().replace(day=1), self.now.date()
        project: dict[WorkClass, Totals] = {}
        credentials: dict[str, dict[WorkClass, Totals]] = {}
        for key, sums in self.rows.items():
            if key.day < first:
                continue
            day_micro_usd = sums.micro_usd if key.day == today else 0
            one = Totals(day_micro_usd, sums.micro_usd, sums.calls, posts_of(sums.bought))
            for by_class in (project, credentials.setdefault(key.credential_id, {})):
                by_class[key.work_class] = by_class.get(key.work_class, Totals()).plus(one)
        return project, credentials

    def whole_days(self, work_class: WorkClass | None = None) -> list[Hours]:
        """Money by hour of the days before today that a forecast goes by, one-off work left out."""
        days = [self.now - timedelta(days=back) for back in range(HISTORY_DAYS + 1, 0, -1)]
        return whole_days([self._recurring(day, work_class) for day in days])

    def measured(self) -> tuple[int, dict[str, Sums]]:
        """Over how many whole days something was measured, and the sums of searches and what follows, by endpoint.

        Backfill is left out: it reads in a day what was posted in many. Quotes count by their endpoint, however found.
        """
        count = len(self.whole_days())
        days = {self.now.date() - timedelta(days=back) for back in range(1, count + 1)}
        by_endpoint: dict[str, Sums] = {}
        for key, sums in self.rows.items():
            if key.day in days and key.work_class is not WorkClass.BACKFILL:
                endpoint = _measured_as(key)
                by_endpoint[endpoint] = by_endpoint.get(endpoint, Sums()).plus(sums)
        return count, by_endpoint

    def so_far(self) -> dict[str, Sums]:
        """The sums of today and yesterday by endpoint, one-off work and all."""
        by_endpoint: dict[str, Sums] = {}
        for key, sums in self.rows.items():
            if key.day >= self.now.date() - timedelta(days=1):
                endpoint = _measured_as(key)
                by_endpoint[endpoint] = by_endpoint.get(endpoint, Sums()).plus(sums)
        return by_endpoint

    def course(self, work_class: WorkClass | None = None, *, left: float = 0.0) -> Course:
        """How today goes on, in micro-dollars. left: what is left of one-off work."""
        today = self._recurring(self.now, work_class)
        once = self.today(work_class).micro_usd - sum(today)
        return course_of(self.now, today, self.whole_days(work_class), once=once, left=left)

    def _recurring(self, moment: datetime, work_class: WorkClass | None) -> Hours:
        """Money by hour of the day for what goes on day by day."""
        hours = [0] * HOURS
        for one in WorkClass:
            if one not in ONE_OFF and work_class in (None, one):
                of_runs = self.of_runs.get((moment.date(), one.value), (0,) * HOURS)
                all_of_it = self._of(moment, one).hours
                hours = [sum_ + max(0, a - b) for sum_, a, b in zip(hours, all_of_it, of_runs, strict=True)]
        return hours

    def _of(self, moment: datetime, work_class: WorkClass | None) -> Sums:
        return add_up(s for k, s in self.rows.items() if k.day == moment.date() and _is(k, work_class))


class Treasury:
    """Reads the books. clock: X's time as far as it is known, such as the ledger's."""

    def __init__(self, rows: LedgerStore, runs: RunStore, choices: BudgetChoices, clock: Clock) -> None:
        self._rows = rows
        self._runs = runs
        self._choices = choices
        self._clock = clock

    def books(self) -> Books:
        """This month and the last days. Raises StoreUnavailable."""
        now = self._clock.now()
        first = min(now.date().replace(day=1), now.date() - timedelta(days=HISTORY_DAYS + 1))
        history = now.date() - timedelta(days=HISTORY_DAYS + 1)
        of_runs = self._runs.paid_by_hour(history, now.date())
        return Books(now, self._rows.between(first, now.date()), of_runs)

    def spent(self) -> Spent:
        """What an empty Redis is filled with. Raises StoreUnavailable."""
        books = self.books()
        project, credentials = books.totals()
        return Spent(project, credentials, chosen=self._choices.load())


def _measured_as(key: RowKey) -> str:
    """The endpoint; quotes that a search finds are no posts of the search's members."""
    return QUOTE_TWEETS.key if key.work_class is WorkClass.QUOTES else key.endpoint


def _is(key: RowKey, work_class: WorkClass | None) -> bool:
    return work_class is None or key.work_class is work_class
