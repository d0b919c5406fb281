"""How a compliance round moves from batch to batch."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from shared.domain.compliance import ComplianceJob, JobStatus, Kind
from shared.domain.compliance_rounds import MAX_TRIES, Round, is_due, job_name, job_of

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)
ROUND = Round(id="tweets-1", kind=Kind.POSTS, started_at=NOW).begin_batch("200", 2)


def _job(name: str) -> ComplianceJob:
    return ComplianceJob(
        id=7, kind=Kind.POSTS, status=JobStatus.CREATED, name=name, upload_url="https://a", download_url="https://b"
    )


def test_a_batch_ends_where_the_next_begins() -> None:
    """The border is the last id of the batch, and batches are counted."""
    after = ROUND.begun(7, NOW).end_batch()

    assert (after.after_id, after.batch, after.batches) == ("200", None, 1)
    assert job_name(after.begin_batch("300", 1)) == "covey-tweets-1-1-0"


def test_ids_count_as_sent_when_the_job_was_first_known() -> None:
    """Finding the job again does not move the time from which X's word counts."""
    again = ROUND.begun(7, NOW).begun(7, NOW + timedelta(hours=1))

    assert again.batch is not None
    assert (again.batch.job_id, again.batch.sent_at) == (7, NOW)


def test_a_failed_job_is_made_anew_and_given_up_in_the_end() -> None:
    """Each try has a job of another name; after the last one the batch is left out."""
    tried = [ROUND]
    for _ in range(MAX_TRIES):
        tried.append(tried[-1].begun(7, NOW).try_again())

    names = {job_name(one) for one in tried if one.batch is not None}
    assert len(names) == MAX_TRIES
    assert (tried[-1].batch, tried[-1].after_id) == (None, "200")
    assert tried[1].batch is not None
    assert tried[1].batch.sent_at is None


def test_the_job_of_a_batch_is_found_by_its_name() -> None:
    """Those of other rounds and of other programs are not taken."""
    mine = _job(job_name(ROUND))

    assert job_of(ROUND, (_job("other"), mine)) is mine
    assert job_of(ROUND, (_job("other"), replace(mine, name=None))) is None


def test_a_round_begins_an_interval_after_the_last_one_began() -> None:
    """The first one begins at once."""
    day = timedelta(days=1)

    assert is_due(None, every=day, now=NOW)
    assert not is_due(NOW, every=day, now=NOW + 0.99 * day)
    assert is_due(NOW, every=day, now=NOW + day)
