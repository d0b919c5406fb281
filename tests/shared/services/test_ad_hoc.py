"""The jobs of an ad-hoc refresh are the same ones each time they are made."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.jobs import MAX_IDS
from shared.services.ad_hoc import refresh_jobs, unanswered_jobs


def run_of(count: int, answered: int = 0) -> dict[str, Any]:
    """A run for so many posts, on the first of which X has said something."""
    subjects = [str(number) for number in range(count)]
    return {"_id": "run", "subjects": subjects, "results": dict.fromkeys(subjects[:answered], "alive")}


def test_a_run_is_asked_for_by_the_hundred() -> None:
    """Each id in one job, in order; the claim names the place of its first one."""
    jobs = refresh_jobs(run_of(250))

    assert [job.claim_id for job in jobs] == ["run:0", "run:100", "run:200"]
    assert [id_ for job in jobs for id_ in job.post_ids] == run_of(250)["subjects"]
    assert {job.run_id for job in jobs} == {"run"}
    assert refresh_jobs(run_of(0)) == []


@given(count=st.integers(1, 350), answered=st.integers(0, 350))
def test_what_was_answered_is_not_asked_again(count: int, answered: int) -> None:
    """A job stays as it was until X has said something on each of its ids; then it is gone."""
    run = run_of(count, min(answered, count))

    left = unanswered_jobs(run)

    assert left == [job for job in refresh_jobs(run) if int(job.post_ids[-1]) >= answered]
    assert len(left) <= -(-count // MAX_IDS)
