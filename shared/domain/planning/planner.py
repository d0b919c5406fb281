"""The planner in the memory of one process, for the worlds of a bench: owns today's posts for today's money.

The product makes its plans by the same parts, but in parts of the posts (`day`), and keeps what is due in its store.
Deterministic; no clock, no store.

Told of every reading (`note`) and asked at every tick (`decide`), with the money that is left today. On the first tick
of a UTC day it learns, ranks and buys; at the others it buys what came to be known without being paid for, lets go of
its reserve, and reads what it owns. What is bought late is ranked as at midnight.

Invariants: it never names more posts that cost than `left`; every owned post is named in the last tick of the day.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from shared.domain.planning.batches import IDS_A_CALL, full_calls
from shared.domain.planning.cadence import last_reading_at, next_reading_at
from shared.domain.planning.cut import cut
from shared.domain.planning.estimates import Calibration, Estimate, calibration, estimate
from shared.domain.planning.fitting import Learned, learn
from shared.domain.planning.midnight import (
    Purchases,
    Rules,
    cell_of,
    most_places,
    purchases,
    tallied,
    typical_count,
)
from shared.domain.planning.posts import Tracked, day_of, lost, read
from shared.domain.planning.ranking import Worth
from shared.domain.planning.reserve import WEEK, reserve, still_kept
from shared.domain.planning.sizes import Model
from shared.domain.planning.tally import Tally

# What is due soon may fill a call; what waited so long for one goes in a call that is not full.
SOON_HOURS = 1.0
LONGEST_WAIT_HOURS = 0.5
EPSILON = 1e-6


@dataclass(slots=True)
class Planner:
    """posts: all that are followed, by id. taken: by day, posts bought beside the plan."""

    rules: Rules = field(default_factory=Rules)
    posts: dict[int, Tracked] = field(default_factory=dict)
    learned: Learned = field(default_factory=Learned)
    model: Model = field(default_factory=Model)
    fit: Calibration = field(default_factory=lambda: calibration(Learned()))
    taken: list[int] = field(default_factory=list)
    last: Purchases = field(default_factory=lambda: Purchases(cut(Tally(), 0), 0, 0))
    _owned: dict[int, float] = field(default_factory=dict)
    _unread: set[int] = field(default_factory=set)
    _asked: set[int] = field(default_factory=set)
    _day: int | None = None
    _kept: int = 0
    _next: list[int] = field(default_factory=list)
    _revived: tuple[int, ...] = ()
    _fitted_day: int | None = None

    def follow(self, post_id: int, born_at: float) -> None:
        """A post is known. Until it is read, or bought, nothing is known of its counts."""
        if post_id not in self.posts:
            self.posts[post_id] = Tracked(post_id, born_at)
            self._unread.add(post_id)

    def note(self, post_id: int, count: float, at: float) -> None:
        """Its counts were read at that time, by whichever call: it is owned for the rest of that day."""
        before = self.posts[post_id]
        self.learned = learn(self.learned, self.model, before, count, at)
        after = read(before, count, at)
        self.posts[post_id] = after
        self._unread.discard(post_id)
        self._asked.discard(post_id)
        due_at = next_reading_at(after, at)
        self._owned[post_id] = math.inf if due_at is None else due_at

    def note_gone(self, post_id: int) -> None:
        """X said that it is gone: it is not read again."""
        self.posts[post_id] = lost(self.posts[post_id])
        self._unread.discard(post_id)
        self._owned.pop(post_id, None)

    def note_revived(self, post_ids: Sequence[int]) -> None:
        """They are said to grow again: the next day that begins buys them first."""
        self._revived = tuple(post_ids)

    def decide(self, at: float, left: int) -> tuple[int, ...]:
        """The posts to read now, in order: what costs first, at most `left` of those, then what is free."""
        if day_of(at) != self._day:
            self._begin_day(at, left)
        return self._with_owned(self._bought_now(at, left), at)

    def estimate(self, post_id: int, at: float) -> Estimate:
        """Beside the count that was read last, what it probably is now."""
        return estimate(self.posts[post_id], at, self.model, self.fit)

    def _begin_day(self, at: float, left: int) -> None:
        """Learn, rank, and keep a reserve. What is ranked below the money waits for what others leave."""
        self._day = day_of(at)
        self._fit()
        self._owned = {post_id: due for post_id, due in self._owned.items() if self.posts[post_id].is_owned(at)}
        self._kept = reserve(self.taken, left, self.rules.reserve_share)
        self.taken = [*self.taken[-WEEK:], 0]
        read_once = [post for post in self.posts.values() if not post.is_gone and post.read_at is not None]
        open_ = [post for post in read_once if not post.is_owned(at)]
        fairness = self.rules.fairness_for(left, len(read_once))
        worth = Worth(self.model, fairness, typical_count(read_once))
        span_days = self.rules.span_days
        self.last = purchases(tallied(open_, at, worth, span_days), left, self.rules)
        placed = ((self.last.order.place(post.post_id, cell_of(post, at, worth, span_days)[0]), post) for post in open_)
        ranked = sorted(
            (place, post.post_id) for place, post in placed if place is not None and place < most_places(left)
        )
        revived = [post_id for post_id in self._revived if post_id in self.posts]
        self._next, self._revived = list(dict.fromkeys([*revived, *(post_id for _, post_id in ranked)])), ()

    def _bought_now(self, at: float, left: int) -> list[int]:
        """What was found without counts first, then the next in rank with the money that is not kept."""
        found = sorted(self._unread)[:left]
        self.taken[-1] += len(set(found) - self._asked)
        self._asked.update(found)
        kept = 0 if _is_last(at) else max(0, still_kept(self._kept, at) - self.taken[-1])
        ranked: list[int] = []
        while self._next and len(found) + len(ranked) + kept < left:
            post_id = self._next.pop(0)
            if not self.posts[post_id].is_gone and post_id not in self._owned:
                ranked.append(post_id)
        return [*found, *ranked]

    def _with_owned(self, bought: Sequence[int], at: float) -> tuple[int, ...]:
        """What costs, and of what is free as many as fill calls; all of it at the end of the day."""
        if _is_last(at):
            return (*bought, *self._owned)
        owned = self._owned.items()
        late = [post_id for post_id, due in owned if due <= at - LONGEST_WAIT_HOURS]
        due_now = [post_id for post_id, due in owned if at - LONGEST_WAIT_HOURS < due <= at + EPSILON]
        soon = heapq.nsmallest(
            IDS_A_CALL, ((due, post_id) for post_id, due in owned if at + EPSILON < due <= at + SOON_HOURS)
        )
        return full_calls((*bought, *late), due_now, [post_id for _, post_id in soon])

    def _fit(self) -> None:
        """What is typical, every day; the weights of the forecast, once a week."""
        self.fit = calibration(self.learned)
        day = self._day or 0
        if self._fitted_day is None:
            self._fitted_day = day
        if day - self._fitted_day >= WEEK:
            self.model, self._fitted_day = self.learned.model(), day
            self.learned = self.learned.faded()


def _is_last(at: float) -> bool:
    return at >= last_reading_at(at) - EPSILON
