"""The quotes of which posts are read next, and the sweeps that read them."""

from __future__ import annotations

from datetime import datetime, timedelta

from scheduler.searches import Outgoing
from shared.domain.coverage.quotes import QuoteCandidate, QuoteRule, choose, reading_of
from shared.domain.coverage.sweeps import Sweep, SweepKind
from shared.domain.jobs import QuotePage
from shared.runtime.settings import Settings
from shared.services.bootstrap import Services
from shared.stores.schedules import Slot


def rule_of(settings: Settings) -> QuoteRule:
    """Whose quotes are read, by the settings."""
    return QuoteRule(
        posts_per_round=settings.quotes_posts_per_round,
        min_likes=settings.quotes_min_likes,
        recheck=timedelta(seconds=settings.quotes_recheck_seconds),
        margin=timedelta(seconds=settings.quotes_margin_seconds),
    )


class Quoting:
    """Opens readings of quotes."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._stores = services.stores
        self._rule = rule_of(services.settings)

    def due(self, slot: Slot, now: datetime) -> Outgoing:
        """Open the reading of the quotes of the posts that the priority rule chooses, those under way left out."""
        authors = self._stores.handles.active_user_ids()
        newest = self._stores.posts.newest_of(authors, self._services.settings.quotes_newest_posts)
        under_way = self._stores.sweeps.open_subjects(SweepKind.QUOTES)
        candidates = self._stores.quotes.candidates([post for post in newest if post["_id"] not in under_way])
        chosen = choose(candidates, now=now, rule=self._rule)
        sweeps = [self._open_quotes(slot, candidate, now) for candidate in chosen]
        return [(QuotePage(sweep_id=sweep.id, page=0), None) for sweep in sweeps if sweep is not None]

    def _open_quotes(self, slot: Slot, chosen: QuoteCandidate, now: datetime) -> Sweep | None:
        """Open the sweep of a post's quotes; None where another scheduler did, or has had it read meanwhile.

        The post counts as read when the reading has ended, so one that never begins, or fails, costs it nothing. A
        reading is noted before its sweep closes: to look once more after opening is to see every other one.
        """
        quotes, sweeps = self._stores.quotes, self._stores.sweeps
        cursor = quotes.cursor(chosen.post_id, read_at=chosen.quotes_read_at)
        if cursor is None:
            return None
        sweep = reading_of(
            chosen, id=f"{slot.id}:{chosen.post_id}", cursor_id=cursor, now=now, margin=self._rule.margin
        )
        if not sweeps.open(sweep):
            return None
        if quotes.cursor(chosen.post_id, read_at=chosen.quotes_read_at) is None:
            sweeps.abandon(sweep, now=now)
            return None
        return sweep
