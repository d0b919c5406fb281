"""Owns which posts come late into the search, and how late.

It must not search. Invariant: lateness is drawn apart from the posts, so that asking for it leaves them as they were; a
late post is in no search, count, timeline or list of quotes before its time, and can be looked up by its id at once.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from math import exp, log
from random import Random

from simulator.agenda import Agenda
from simulator.config import Config
from simulator.post import Post


class Lateness:
    """Draws the lateness of one world's posts: a share of them, log-uniform between two bounds."""

    def __init__(self, config: Config, start_ms: int) -> None:
        self._rng = Random(f"{config.seed}/{start_ms}/late")
        self._share, self._lag_ms = config.late_share, config.search_lag_ms
        self._ordered_ms: int | None = None
        self._logs = log(config.late_min_seconds * 1000), log(config.late_max_seconds * 1000)

    @contextmanager
    def of(self, late_ms: int) -> Iterator[None]:
        """Let posts that are made meanwhile be so late, whatever is drawn."""
        self._ordered_ms = late_ms
        try:
            yield
        finally:
            self._ordered_ms = None

    def draw_ms(self) -> int:
        """Draw how much later than others the next post comes into the search, in ms; mostly 0."""
        if self._ordered_ms is not None:
            return self._ordered_ms
        if self._rng.random() >= self._share:
            return 0
        return max(1, round(exp(self._rng.uniform(*self._logs))))

    def hold_back(self, post: Post, agenda: Agenda) -> None:
        """Keep a late post out of the search until its time."""
        post.indexed = False

        def enter() -> None:
            post.indexed = True

        agenda.at(post.created_at_ms + self._lag_ms + post.late_ms, enter)
