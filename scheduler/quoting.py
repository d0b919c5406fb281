"""The quotes of which posts are read next, and the sweeps that read them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from scheduler.searches import Outgoing
from shared.domain.coverage.quote_routes import Reading, readings, sweep_of
from shared.domain.coverage.quotes import Preset, QuoteCandidate, QuoteRule, indebted, newest
from shared.domain.coverage.sweeps import ReadBy, Sweep
from shared.domain.jobs import QuotePage
from shared.platforms.x.query import quotes_query
from shared.runtime.settings import Settings
from shared.services.bootstrap import Services
from shared.stores.schedules import Slot

# So often in one round the greatest debts are looked at, if some turn out to be of nobody who is followed any more.
LOOKS = 5


def rule_of(settings: Settings) -> QuoteRule:
    """Whose quotes are read, by the settings."""
    return QuoteRule(
        preset=settings.quotes_preset,
        posts_per_round=settings.quotes_posts_per_round,
        debts_per_round=settings.quotes_debts_per_round,
        min_likes=settings.quotes_min_likes,
        recheck=timedelta(seconds=settings.quotes_recheck_seconds),
        margin=timedelta(seconds=max(settings.quotes_margin_seconds, settings.x_search_lag_seconds)),
    )


class Quoting:
    """Opens readings of quotes."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._stores = services.stores
        self._rule = rule_of(services.settings)

    def due(self, slot: Slot, now: datetime) -> Outgoing:
        """Open the readings of the quotes of the posts that the rule chooses, those under way left out."""
        under_way = self._stores.sweeps.quoted_posts()
        choose = self._indebted if self._rule.preset is Preset.EVIDENCE else self._newest
        chosen = readings(
            choose(under_way, now),
            now=now,
            rule=self._rule,
            prices=self._services.ledger.prices,
            has_archive=self._services.has_archive,
            fits=self._fits,
        )
        sweeps = [self._open(slot, reading, now) for reading in chosen]
        return [(QuotePage(sweep_id=sweep.id, page=0), None) for sweep in sweeps if sweep is not None]

    def _newest(self, under_way: set[int], now: datetime) -> list[QuoteCandidate]:
        """By the newest posts of who is followed."""
        authors = self._stores.handles.active_user_ids()
        posts = self._stores.posts.newest_of(authors, self._services.settings.quotes_newest_posts)
        candidates = self._stores.quotes.candidates([post for post in posts if int(post["_id"]) not in under_way])
        return newest(candidates, now=now, rule=self._rule)

    def _indebted(self, under_way: set[int], now: datetime) -> list[QuoteCandidate]:
        """By what X counts. Debts of who is not followed any more are forgotten as they are met."""
        room = self._rule.debts_per_round - len(under_way)
        if room <= 0:  # what was chosen before waits for its turn: money, or X's limits
            return []
        authors, asked_for = set(self._stores.handles.active_user_ids()), self._asked_for()
        self._stores.quotes.want(asked_for)
        wanted: list[QuoteCandidate] = []
        for _ in range(LOOKS):
            found = self._stores.quotes.indebted(read_before=now - self._rule.recheck, limit=room, apart_from=under_way)
            strange = [one.post_id for one, author in found if author not in authors and one.post_id not in asked_for]
            wanted = [one for one, _ in found if one.post_id not in strange]
            if not strange:
                break
            self._stores.quotes.want_no_more(strange)
        return indebted(wanted, now=now, rule=self._rule)

    def _asked_for(self) -> set[int]:
        """Posts whose quotes a source asks for by name."""
        found = (one.quotes_of for one in self._stores.sources.asking(with_accounts=False).values())
        return {one.post_id for one in found if one is not None and one.post_id is not None}

    def _fits(self, by: ReadBy, post_ids: Sequence[int]) -> bool:
        settings = self._services.settings
        longest = settings.x_archive_query_max_length if by is ReadBy.ALL else settings.x_query_max_length
        return len(quotes_query(post_ids)) <= longest

    def _open(self, slot: Slot, reading: Reading, now: datetime) -> Sweep | None:
        """Open the sweep of a reading; None where another scheduler did, or has had one of the posts read meanwhile.

        A post counts as read when the reading has ended, so one that never begins, or fails, costs it nothing. A
        reading is noted before its sweep closes: to look once more after opening is to see every other one.
        """
        sweeps, ids = self._stores.sweeps, [one.post_id for one in reading.posts]
        query = quotes_query(ids) if reading.by else None
        sweep = sweep_of(reading, slot=slot.id, query=query, now=now)
        if not sweeps.open(sweep):
            return None
        present = self._stores.quotes.candidates([{"_id": str(one)} for one in ids])
        if [one.quotes_read_at for one in present] != [one.quotes_read_at for one in reading.posts]:
            sweeps.abandon(sweep, now=now)
            return None
        return sweep
