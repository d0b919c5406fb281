"""The jobs of an ad-hoc refresh, made from its run.

Commands send them, and the scheduler sends them again after Redis was started anew. Pure. Invariant: a run has the
same jobs whoever makes them and whenever, so what is outstanding is recognised, and what was answered not bought again.
"""

from __future__ import annotations

from shared.domain.jobs import MAX_IDS, RefreshEngagement
from shared.stores.database import Document


def refresh_jobs(run: Document) -> list[RefreshEngagement]:
    """All jobs of a run (a document with `_id` and `subjects`), by the hundred and in the order of its ids."""
    run_id, subjects = run["_id"], run["subjects"]
    return [
        RefreshEngagement(
            claim_id=f"{run_id}:{start}", post_ids=tuple(subjects[start : start + MAX_IDS]), run_id=run_id
        )
        for start in range(0, len(subjects), MAX_IDS)
    ]


def unanswered_jobs(run: Document) -> list[RefreshEngagement]:
    """Those with an id on which X has not said a word yet (`results`). They are outstanding, or were lost."""
    return [job for job in refresh_jobs(run) if not run["results"].keys() >= set(job.post_ids)]
