"""What came of an ad-hoc refresh, post by post. Prints nothing, changes nothing.

Three things end the waiting for a post: X's word, the death of its job or its cancelling, and an obstacle
(`control.obstacles`) that stands longer than anybody waits. Invariant: a post is one of answered, dead, cancelled and
waiting.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from shared.domain.counts import NAMES, PostMetrics
from shared.domain.engagement.refresh import Engagement
from shared.domain.jobs import RefreshEngagement
from shared.domain.models import PostState
from shared.domain.money.prices import MICRO, PriceKind
from shared.services.ad_hoc import refresh_jobs
from shared.services.bootstrap import Services
from shared.stores.database import Document, ServerClock

DEAD, WAITING, CANCELLED = "dead", "waiting", "cancelled"
_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Standing:
    """How a refresh stands. words: X's on posts. dead: post -> id of the letter of its job. waiting: all others.

    cancelled: posts that a person waits for no more. unpaid: those waiting that cost money. stored: those of the words
    that are what was stored, because X had told it a moment before.
    """

    runs: list[Document]
    words: dict[str, str]
    dead: dict[str, str]
    cancelled: frozenset[str]
    waiting: frozenset[str]
    unpaid: frozenset[str]
    stored: frozenset[str] = frozenset()

    @property
    def is_complete(self) -> bool:
        """Whether X said something about every post."""
        return not (self.waiting or self.dead or self.cancelled)


def standing(
    services: Services,
    run_ids: Sequence[str],
    post_ids: Sequence[int],
    *,
    asked_at: datetime,
    stored: Mapping[str, str] = _NOTHING,
) -> Standing:
    """How the refresh of the posts stands now. asked_at: a letter from before belongs to an earlier try.

    stored: post -> state, for those that were not asked for. Raises StoreUnavailable, BrokerUnavailable,
    LimiterUnavailable.
    """
    runs = [run for run_id in run_ids if (run := services.stores.runs.get(run_id)) is not None]
    wanted = set(map(str, post_ids))
    words = {post: word for run in runs for post, word in run["results"].items() if post in wanted} | dict(stored)
    dead = {post: letter for post, letter in _dead(services, runs, asked_at).items() if post in wanted - words.keys()}
    given_up = {post for run in runs if run.get("cancelled_at") for post in run["subjects"]}
    cancelled = frozenset(wanted & given_up - words.keys() - dead.keys())
    waiting = wanted - words.keys() - dead.keys() - cancelled
    bought = services.ledger.bought(PriceKind.POST, [int(post) for post in waiting])
    unpaid = frozenset(post for post in waiting if int(post) not in bought)
    return Standing(runs, words, dead, cancelled, frozenset(waiting), unpaid, frozenset(stored))


def _dead(services: Services, runs: Sequence[Document], asked_at: datetime) -> dict[str, str]:
    """Post -> the id of the letter of its job."""
    dead: dict[str, str] = {}
    for run in runs:
        for letter in services.dead_letters.of_run(RefreshEngagement.name, run["_id"]):
            if letter["died_at"] >= asked_at or run["started_at"] >= asked_at:
                dead |= dict.fromkeys(letter["actor_args"][0].get("post_ids", ()), letter["_id"])
    return dead


def posts(services: Services, stands: Standing, post_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Each post: X's word, the counts before and after, when X told them, the cost, and the letter of a dead job.

    is_stored: it was not asked for, because X had told the counts a moment before; they are those before and after.
    """
    now, store = ServerClock(services.stores.db).now(), services.stores.engagement
    ids = list(dict.fromkeys(post_ids))
    asked = {int(post): job.claim_id for run in stands.runs for job in refresh_jobs(run) for post in job.post_ids}
    claims = {post: claim for post, claim in asked.items() if str(post) not in stands.stored}
    bought = {post for run in stands.runs for post in run.get("bought", ())}
    states, found = store.load("", ids)[0], {post for run in stands.runs for post in run.get("found", ())}
    read = store.snapshots({one: claims[one] for one in ids if one in claims})
    price = services.ledger.prices.micro[PriceKind.POST] / MICRO
    rows = []
    for one in ids:
        post, state = str(one), states.get(one)
        reading: Read | None = read.get(one)
        is_stored = post in stands.stored
        if reading is None and state is not None and (is_stored or stands.words.get(post) == PostState.ALIVE):
            reading = _as_known(state, is_new=post in found)
        counts = _counts(state, reading)
        at = counts["counts_at"]
        rows.append(
            {
                "id": post,
                "state": stands.words.get(post, _otherwise(stands, post)),
                **counts,
                "age_seconds": None if at is None else max(0.0, round((now - at).total_seconds(), 1)),
                "is_stored": is_stored,
                "usd": price if post in bought and not is_stored else 0.0,
                "dead_letter": stands.dead.get(post),
            }
        )
    return rows


def _otherwise(stands: Standing, post: str) -> str:
    """The state of a post without X's word."""
    if post in stands.cancelled:
        return CANCELLED
    return DEAD if post in stands.dead else WAITING


Read = tuple[datetime, PostMetrics, PostMetrics | None]


def _as_known(state: Engagement, *, is_new: bool) -> Read | None:
    """The reading of a post that has no snapshot of its own: it was found by it, or read again in the same second."""
    if state.metrics is None or state.read_at is None:
        return None
    return state.read_at, state.metrics, None if is_new else state.metrics.minus(state.metrics)


def _counts(state: Engagement | None, reading: Read | None) -> dict[str, Any]:
    """before: counts known until then. counts_at: when X told `after`, or the last counts where it told none."""
    if reading is None:
        known = state.metrics if state else None
        return {
            "before": _named(known) if known else None,
            "after": None,
            "delta": None,
            "counts_at": state.read_at if state and known else None,
        }
    at, after, delta = reading
    return {
        "before": None if delta is None else _named(after.minus(delta)),
        "after": _named(after),
        "delta": None if delta is None else _named(delta),
        "counts_at": at,
    }


def _named(metrics: PostMetrics) -> dict[str, int]:
    """The counts that are known, by name."""
    return {name: count for name in NAMES if (count := getattr(metrics, name)) is not None}
