"""Jobs in words."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.jobs import (
    ALL_JOBS,
    AuditSource,
    Canary,
    CheckUsage,
    ComplianceRound,
    CountFollowed,
    DeliverFeed,
    DownloadMedia,
    FindRevivals,
    Job,
    LookAtAccounts,
    LookUpAuthors,
    PingEndpoint,
    PlacePosts,
    PurgeGone,
    PurgeOld,
    QuotePage,
    RankPosts,
    RefreshEngagement,
    RemoveMedia,
    Reselect,
    ResolveHandles,
    SearchPage,
    SendAlert,
    ThinSeries,
)
from shared.services.job_words import UNREADABLE, stream_of, subject_of

WORDS: list[tuple[Job, str]] = [
    (SearchPage(sweep_id="search:s1@1700", page=2), "stream s1, page 2"),
    (QuotePage(sweep_id="quotes@1700:77", page=0), "quotes of post 77, page 0"),
    (RefreshEngagement(claim_id="c", post_ids=("1",)), "post 1"),
    (RefreshEngagement(claim_id="c", post_ids=("1", "2", "3", "4"), run_id="r"), "posts 1, 2, 3 and 1 more (run r)"),
    (DownloadMedia(media_key="3_9"), "file 3_9"),
    (ResolveHandles(usernames=("NASA", "esa")), "handles @NASA, @esa"),
    (LookUpAuthors(claim_id="c", user_ids=("5",)), "account 5"),
    (LookAtAccounts(claim_id="c", user_ids=("5", "6")), "accounts 5, 6"),
    (CheckUsage(), "project"),
    (PurgeGone(), "gone"),
    (PurgeOld(), "old"),
    (ThinSeries(), "series"),
    (RankPosts(day=date(2026, 11, 20), part=3), "2026-11-20:3"),
    (FindRevivals(day=date(2026, 11, 20)), "2026-11-20"),
    (PlacePosts(day=date(2026, 11, 20), part=3), "2026-11-20:3"),
    (Reselect(), "sources"),
    (CountFollowed(), "followed"),
    (AuditSource(audit_id="2026-11-20:nasa"), "2026-11-20:nasa"),
    (ComplianceRound(round_id="r"), "r"),
    (RemoveMedia(media=("3_1", "3_2")), "files 3_1, 3_2"),
    (SendAlert(post_id="1", day="2026-11-20"), "alert on post 1, 2026-11-20"),
    (DeliverFeed(endpoint_id="e1"), "webhook endpoint e1"),
    (PingEndpoint(endpoint_id="e1", ping_id="p1"), "ping of webhook endpoint e1"),
    (Canary(queue="media", sent_at_ms=1), "sign of life of media"),
]


@pytest.mark.parametrize(("job", "words"), WORDS, ids=lambda one: one.name if isinstance(one, Job) else "")
def test_each_job_says_what_it_is_about(job: Job, words: str) -> None:
    """Ids and names, never more than a few."""
    assert subject_of(job.name, [job.model_dump(mode="json")]) == words


def test_every_job_has_words() -> None:
    """None is left out of the table above."""
    assert {type(job) for job, _ in WORDS} == set(ALL_JOBS)


@given(st.text(), st.lists(st.none() | st.integers() | st.text() | st.dictionaries(st.text(), st.text())))
def test_foreign_messages_do_no_harm(name: str, arguments: list[object]) -> None:
    """Whatever they carry, the answer is a line."""
    assert subject_of(name, arguments) == UNREADABLE
    assert isinstance(stream_of(name), str)
