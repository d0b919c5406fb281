"""Drives the product's planner by the interface of the bench: `make_policy(seed)`.

The planner is told of every reading that the view shows, and asked at every tick; it counts hours since 1970, the view
hours since a week began at 00:00 UTC, so they differ by whole days and here by none. Estimates are reckoned for all
posts at once with the planner's own size, curve and calibration. Where the view has `count_reposts(authors, posts)`, a
counts request for the price of a post, and `reposts` of the last readings, groups are tested for revivals at midnight.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.planning.laws import Floats, Ints
from shared.domain.planning.estimates import LEAST_GROWTH
from shared.domain.planning.growth import AGES, LEFT
from shared.domain.planning.midnight import Rules
from shared.domain.planning.planner import Planner
from shared.domain.planning.posts import day_of
from shared.domain.planning.revivals import Suspect, begin, money_for

NEVER = -(10**6)


class PlannerPolicy:
    """The planner as a policy. What it looks at: known, gone, bought, born, last_n, last_t, t, left."""

    def __init__(self, rules: Rules | None = None) -> None:
        self.planner = Planner(rules or Rules())
        self.seen: Floats = np.zeros(0)
        self.day: int | None = None
        self.size: Floats = np.zeros(0)
        self.gone = self.followed = self.moved = np.zeros(0, bool)

    def decide(self, view: Any) -> Ints:
        """The posts to read at this tick, what costs first."""
        self._take_in(view)
        model, day = self.planner.model, day_of(float(view.t))
        if day != self.day and hasattr(view, "count_reposts"):
            self.planner.note_revived(self._revived(view, day))
        self.day = day
        ids = self.planner.decide(float(view.t), int(view.left))
        if self.planner.model is not model:
            self.moved[:] = True
        return np.array(ids, dtype=np.int64)

    def estimate(self, view: Any) -> Floats:
        """The counts as the planner would publish them, for all posts. What is owned is read, not reckoned."""
        self._take_in(view)
        rest = np.flatnonzero(self.followed & ~view.bought & ~view.gone)
        new = rest[self.moved[rest]]
        self.size[new] = [self.planner.model.size(self.planner.posts[post_id]) for post_id in new.tolist()]
        self.moved[new] = False
        share = np.interp(view.last_t[rest] - view.born[rest], AGES, LEFT)
        share -= np.interp(view.t - view.born[rest], AGES, LEFT)
        foretold = np.log1p(self.size[rest] * np.maximum(share, 0))
        counts = np.array(view.last_n, dtype=float)
        growth = np.expm1(np.interp(foretold, *self.planner.fit.means))
        counts[rest] += np.where(growth >= LEAST_GROWTH, growth, 0)
        return counts

    def _revived(self, view: Any, day: int) -> list[int]:
        """What group tests find, where they pay; they spend the money of the day."""
        money = money_for(int(view.left), int(view.known.sum()))
        if not money or not self.seen.size:
            return []
        was_owned = (self.first_day == day - 1) & view.known & ~view.gone
        grown = np.maximum(view.reposts - self.first_reposts, 0)[was_owned]
        explained = np.bincount(view.author[was_owned], weights=grown, minlength=int(view.author.max()) + 1)
        quiet = np.flatnonzero(view.known & ~view.gone & ~view.bought & ~was_owned)
        rows = zip(quiet.tolist(), view.author[quiet].tolist(), view.last_n[quiet].tolist(), strict=True)
        of_authors, marginal = dict(enumerate(explained.astype(int).tolist())), self.planner.last.marginal
        search = begin((Suspect(*row) for row in rows), of_authors, money, marginal)
        while (query := search.ask()) is not None:
            search.tell(view.count_reposts(query.authors, query.posts))
        return search.found

    def _note_reposts(self, view: Any, new: Ints) -> None:
        """From where the reposts of a day are counted: its first reading, or nothing for what was found that day."""
        day = day_of(float(view.t))
        first = new[self.first_day[new] != day]
        found = (self.first_day[first] == NEVER) & (view.born[first] >= (day - 1) * 24)
        self.first_reposts[first] = np.where(found, 0, view.reposts[first])
        self.first_day[first] = day

    def _take_in(self, view: Any) -> None:
        """What was read since the last look, in the order of its times."""
        if not self.seen.size:
            self.seen, self.size = np.full(view.born.size, -np.inf), np.zeros(view.born.size)
            self.gone, self.followed, self.moved = (np.zeros(view.born.size, bool) for _ in range(3))
            self.first_day, self.first_reposts = np.full(view.born.size, NEVER), np.zeros(view.born.size)
        first = np.flatnonzero(view.known & ~self.followed)
        for post_id, born_at in zip(first.tolist(), view.born[first].tolist(), strict=True):
            self.planner.follow(post_id, born_at)
        self.followed[first] = True
        was_read = np.isfinite(view.last_t) & ((view.last_t >= view.born) | (view.reads > 0) | view.bought)
        new = np.flatnonzero(view.known & was_read & (view.last_t > self.seen))
        if hasattr(view, "reposts"):
            self._note_reposts(view, new)
        for post_id, count, at in zip(new.tolist(), view.last_n[new].tolist(), view.last_t[new].tolist(), strict=True):
            self.planner.note(post_id, count, at)
        gone = np.flatnonzero(view.known & view.gone & ~self.gone)
        for post_id in gone.tolist():
            self.planner.note_gone(post_id)
        self.seen[new], self.moved[new], self.gone[gone] = view.last_t[new], True, True


def make_policy(seed: int) -> PlannerPolicy:
    """A planner as it is shipped. It uses no chance, so the seed changes nothing."""
    del seed
    return PlannerPolicy()
