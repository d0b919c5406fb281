"""The rules of the comparison: what a policy sees, what its reads cost, and what is measured.

A post costs one unit of the day's money at its first read of a UTC day, whoever reads it; the search that finds a post
has paid for it that day, from money of its own. Reads of what was bought today are free, and so is learning that a post
is gone. A counts request costs as much as a post. What a policy leaves goes to its stalest posts at 23:50, so that all
spend the same. A call has 100 ids.

The error is the trapezoid of |stored - true| over ticks, of posts of at most seven days, from birth until they are
gone: half of the gap right after the reads of a tick and half of that right before those of the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bench.planning.laws import Floats, Ints
from bench.planning.world import JUDGED_HOURS, TICKS, TICKS_PER_DAY, TICKS_PER_HOUR, World

CALL_IDS, CALLS_A_TICK = 100, 2333  # 3,500 calls in 15 minutes
BURST_AN_HOUR, LATE_TICKS = 500, TICKS_PER_HOUR
Mask = NDArray[np.bool_]


@dataclass
class View:
    """What a policy may look at, by post, only where `known`. Hours since the week began; counts are of acts.

    reposts: at the last read. count_reposts(authors, posts): of the last 24 hours, for the price of a post.
    """

    budget: int
    author: Ints
    born: Floats
    known: Mask
    gone: Mask
    bought: Mask
    last_n: Floats
    last_t: Floats
    prev_n: Floats
    prev_t: Floats
    reads: Ints
    reposts: Floats
    count_reposts: Callable[[Sequence[int], Sequence[int]], int]
    t: float = 0.0
    k: int = 0
    day: int = 0
    left: int = 0
    log: list[tuple[float, Ints, Floats]] = field(default_factory=list)

    @property
    def velocity(self) -> Floats:
        """Acts an hour between the last two reads, never negative."""
        span = self.last_t - self.prev_t
        return np.where(span > 0, np.maximum(self.last_n - self.prev_n, 0) / np.maximum(span, 1e-9), 0.0)

    def history(self, post: int) -> tuple[Floats, Floats]:
        """(times, counts) of all reads of a post."""
        rows = [(at, counts[ids == post]) for at, ids, counts in self.log]
        found = [(at, float(counts[0])) for at, counts in rows if counts.size]
        return np.array([at for at, _ in found]), np.array([count for _, count in found])

    def count_at(self, k: int) -> Floats:
        """The counts that were stored at tick k."""
        counts = np.zeros(self.born.size)
        for at, ids, values in self.log:
            if at <= k / TICKS_PER_HOUR:
                counts[ids] = values
        return counts

    def read(self, ids: Ints, counts: Floats) -> None:
        """Store the counts of these posts as of now."""
        self.prev_n[ids], self.prev_t[ids] = self.last_n[ids], self.last_t[ids]
        self.last_n[ids], self.last_t[ids] = counts, self.t
        self.reads[ids] += 1
        self.log.append((self.t, ids, counts))


class Policy(Protocol):
    """It may also have observe(view, ids), called after reads, and estimate(view), counts as it would publish them."""

    def decide(self, view: View) -> Ints:
        """The posts to read at this tick, the most urgent first."""


@dataclass
class Result:
    """Of one run. weighted, estimate: gaps by true counts. late: share of bursts that were noticed late."""

    weighted: float
    estimate: float
    unweighted: float
    p95: float
    late: float
    bursts: int
    ids_a_call: float
    calls: int
    bought: int


def run(world: World, policy: Policy, share: float, *, rests: bool = False) -> Result:
    """Drive the policy through the world; `share` of its posts may be bought a day."""
    return _Run(world, policy, round(share * world.size), world.found_with_rest() if rests else world.found).play()


class _Run:
    def __init__(self, world: World, policy: Policy, budget: int, found: Ints) -> None:
        size = world.size
        self.world, self.policy, self.found = world, policy, found
        zeros = [np.zeros(size) for _ in range(4)]
        masks = [np.zeros(size, bool) for _ in range(3)]
        reads, reposts = np.zeros(size, np.int64), np.zeros(size)
        self.view = View(budget, world.author, world.born, *masks, *zeros, reads, reposts, self._count_reposts)
        self.by_tick = np.argsort(found, kind="stable")
        self.bounds = np.searchsorted(found[self.by_tick], np.arange(TICKS + 2))
        self.gaps, self.totals = np.zeros(size), np.zeros(size)
        self.estimate_gap, self.relative, self.judged = 0.0, 0.0, 0
        self.ids = self.calls = self.spent = self.bursts = self.late = 0
        self.deadline = np.full(size, -1)
        self.was_bursting = np.zeros(size, bool)

    def play(self) -> Result:
        """All ticks."""
        before: tuple[Floats, Floats] | None = None
        for k in range(TICKS):
            self._judge_before_reads(k, before)
            self._watch_bursts(k)
            self._begin(k)
            ids = np.asarray(self.policy.decide(self.view), dtype=np.int64)
            self._read(ids[: CALL_IDS * CALLS_A_TICK])
            if (k + 1) % TICKS_PER_DAY == 0 and self.view.left:
                self._spend_rest()
            before = self._judge_after_reads(k)
        self._judge_before_reads(TICKS, before)
        return self._result()

    def _begin(self, k: int) -> None:
        view = self.view
        view.t, view.k = k / TICKS_PER_HOUR, k
        if k % TICKS_PER_DAY == 0:
            view.day, view.left = k // TICKS_PER_DAY, view.budget
            view.bought[:] = False
        new = self.by_tick[self.bounds[k] : self.bounds[k + 1]]
        view.known[new] = True
        before = (k == 0) & (self.world.born[new] <= 0)
        view.bought[new] = ~before
        view.read(new, self.world.counts[k, new].astype(float))
        view.reposts[new] = self.world.reposts(k, new)
        view.last_t[new[before]] = -1 / TICKS_PER_HOUR
        self.deadline[new] = -1

    def _read(self, ids: Ints) -> None:
        """In the order given: free where bought today or gone, else as long as there is money."""
        view, k = self.view, self.view.k
        ids = ids[np.sort(np.unique(ids, return_index=True)[1])] if ids.size else ids
        ids = ids[view.known[ids] & ~view.gone[ids]]
        costs = ~view.bought[ids] & (self.world.gone[ids] > k)
        ids = ids[~costs | (np.cumsum(costs) <= view.left)]
        gone = self.world.gone[ids] <= k
        self.ids, self.calls = self.ids + ids.size, self.calls - (-ids.size // CALL_IDS)
        view.gone[ids[gone]] = True
        ids = ids[~gone]
        paid = int((~view.bought[ids]).sum())
        view.left, self.spent = view.left - paid, self.spent + paid
        view.bought[ids] = True
        view.read(ids, self.world.counts[k, ids].astype(float))
        view.reposts[ids] = self.world.reposts(k, ids)
        self.deadline[ids] = -1
        if hasattr(self.policy, "observe"):
            self.policy.observe(view, ids)

    def _count_reposts(self, authors: Sequence[int], posts: Sequence[int]) -> int:
        """X's answer to a counts request: of all posts of these authors, and of these posts."""
        view = self.view
        assert view.left > 0, "there is no money for a counts request"
        view.left, self.spent = view.left - 1, self.spent + 1
        asked = np.union1d(np.flatnonzero(np.isin(view.author, authors)), np.asarray(posts, dtype=np.int64))
        asked = asked[(self.world.gone[asked] > view.k) & (self.world.born[asked] <= view.t)]
        before = self.world.reposts(max(0, view.k - TICKS_PER_DAY), asked)
        return int(np.maximum(self.world.reposts(view.k, asked) - before, 0).sum())

    def _spend_rest(self) -> None:
        view = self.view
        open_ = np.flatnonzero(view.known & ~view.gone & ~view.bought)
        self._read(open_[np.argsort(view.last_t[open_], kind="stable")])

    def _judge_after_reads(self, k: int) -> tuple[Floats, Floats]:
        """Half of the gap right after the reads; what is stored and published from now on."""
        view = self.view
        stored = np.where(view.known, view.last_n, 0.0)
        published = stored
        if hasattr(self.policy, "estimate"):
            published = np.where(view.known, self.policy.estimate(view), 0.0)
        self._judge(k, stored, published)
        return stored, published

    def _judge_before_reads(self, k: int, before: tuple[Floats, Floats] | None) -> None:
        if before is not None:
            self._judge(k, *before)

    def _judge(self, k: int, stored: Floats, published: Floats) -> None:
        true = self.world.counts[k]
        age = k / TICKS_PER_HOUR - self.world.born
        posts = np.flatnonzero((age >= 0) & (age <= JUDGED_HOURS) & (self.world.gone > k))
        gap, truth = np.abs(stored[posts] - true[posts]), true[posts]
        self.gaps[posts] += gap
        self.totals[posts] += truth
        self.estimate_gap += float(np.abs(published[posts] - truth).sum())
        self.relative += float((gap / np.maximum(truth, 1)).sum())
        self.judged += posts.size

    def _watch_bursts(self, k: int) -> None:
        """A burst is noticed by the first read after it began; late, when none comes within an hour."""
        if k < TICKS_PER_HOUR:
            return
        counts = self.world.counts
        bursting = (counts[k] - counts[k - TICKS_PER_HOUR] > BURST_AN_HOUR) & (self.world.gone > k)
        bursting &= k / TICKS_PER_HOUR - self.world.born <= JUDGED_HOURS
        begins = bursting & ~self.was_bursting
        self.was_bursting = bursting
        self.bursts += int(begins.sum())
        self.deadline[begins] = k + LATE_TICKS
        late = (self.deadline >= 0) & (self.deadline < k)
        self.late += int(late.sum())
        self.deadline[late] = -1

    def _result(self) -> Result:
        total = float(self.totals.sum())
        by_post = self.gaps[self.totals > 0] / self.totals[self.totals > 0]
        return Result(
            weighted=float(self.gaps.sum()) / total,
            estimate=self.estimate_gap / total,
            unweighted=self.relative / max(1, self.judged),
            p95=float(np.quantile(by_post, 0.95)),
            late=self.late / max(1, self.bursts),
            bursts=self.bursts,
            ids_a_call=self.ids / max(1, self.calls),
            calls=self.calls,
            bought=self.spent,
        )
