"""The quotes of which posts are read next, and the sweeps that read them."""

from __future__ import annotations

from datetime import datetime, timedelta

from scheduler.searches import Outgoing
from shared.domain.coverage.quotes import Preset, QuoteCandidate, QuoteRule, indebted, newest, reading_of
from shared.domain.coverage.sweeps import Sweep, SweepKind
from shared.domain.jobs import QuotePage
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
        margin=timedelta(seconds=settings.quotes_margin_seconds),
    )


class Quoting:
    """Opens readings of quotes."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._stores = services.stores
        self._rule = rule_of(services.settings)

    def due(self, slot: Slot, now: datetime) -> Outgoing:
        """Open the readings of the quotes of the posts that the rule chooses, those under way left out."""
        under_way = {int(subject) for subject in self._stores.sweeps.open_subjects(SweepKind.QUOTES)}
        choose = self._indebted if self._rule.preset is Preset.EVIDENCE else self._newest
        sweeps = [self._open(slot, candidate, now) for candidate in choose(under_way, now)]
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

    def _open(self, slot: Slot, chosen: QuoteCandidate, now: datetime) -> Sweep | None:
        """Open the sweep of a post's quotes; None where another scheduler did, or has had it read meanwhile.

        The post counts as read when the reading has ended, so one that never begins, or fails, costs it nothing. A
        reading is noted before its sweep closes: to look once more after opening is to see every other one.
        """
        sweeps = self._stores.sweeps
        sweep = reading_of(chosen, id=f"{slot.id}:{chosen.post_id}", now=now, margin=self._rule.margin)
        if not sweeps.open(sweep):
            return None
        present = self._stores.quotes.candidates([{"_id": str(chosen.post_id)}])
        if [one.quotes_read_at for one in present] != [chosen.quotes_read_at]:
            sweeps.abandon(sweep, now=now)
            return None
        return sweep
