"""What is told of a dead letter: always the metric and the log, and Sentry where no worker could.

A worker reports the jobs it gives up. Those whose delivery had no outcome (they ended their process, could not be read,
or no actor knew them) are told here. Invariant: a death is counted once, and is one event.
"""

from __future__ import annotations

from functools import cache

from shared.broker.delivery import POISON, UNDECODABLE, UNENCODABLE, UNHANDLED, UNKNOWN_ACTOR
from shared.domain import errors
from shared.runtime import metrics, reporting
from shared.runtime.log import get_logger
from shared.stores.database import Document

log = get_logger(__name__)

WITHOUT_OUTCOME = (POISON, UNDECODABLE, UNENCODABLE, UNHANDLED, UNKNOWN_ACTOR)
# The policy of outcomes writes `kind:class of the error`.
ATTEMPTS, TOO_OLD = "attempts", "too_old"
_KINDS = (ATTEMPTS, TOO_OLD, "defect", "outcome_policy_failed")
_OTHER = "other"


@cache
def reasons() -> frozenset[str]:
    """The values of the label: a closed set, because a counter that appears with its first event does not rise."""
    passing, waiting = _kinds_of(errors.PassingFault), _kinds_of(errors.NotNow) | _kinds_of(errors.Paused)
    return frozenset(
        {
            *(*WITHOUT_OUTCOME, *_KINDS, _OTHER),
            *_kinds_of(errors.Permanent),
            *_kinds_of(errors.InputError),
            *(f"{ATTEMPTS}:{name}" for name in passing),
            *(f"{TOO_OLD}:{name}" for name in passing | waiting),
        }
    )


def reason_of(letter: Document) -> str:
    """The reason as a value of the label: without free text, and only the kind where the class is not one of ours."""
    reason = str(letter["reason"]).partition(": ")[0]
    kind = reason.partition(":")[0]
    return next((known for known in (reason, kind) if known in reasons()), _OTHER)


def begin() -> None:
    """Create all series, at 0."""
    for reason in reasons():
        metrics.DEAD_LETTERS.labels(reason)


def tell(letter: Document) -> None:
    """Count and log a death, and report it where no worker has. Call it once for a letter."""
    reason = reason_of(letter)
    metrics.DEAD_LETTERS.labels(reason).inc()
    log.error("dead letter", job=letter["job"], reason=letter["reason"], dead_id=letter["_id"])
    if reason in WITHOUT_OUTCOME:
        reporting.job_given_up(
            job=letter["job"] or "message",
            queue=letter["queue"],
            reason=reason,
            message_id=str(letter.get("message_id", letter["_id"])),
            error=None,
        )


def _kinds_of(error: type[errors.CoveyError]) -> set[str]:
    """The names of a class and of all below it."""
    return {error.__name__}.union(*map(_kinds_of, error.__subclasses__()))
