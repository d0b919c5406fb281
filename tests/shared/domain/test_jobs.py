"""The payloads of jobs: what is sent is what arrives, and what does not fit is named."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.errors import BadJob, NewerJob
from shared.domain.jobs import (
    ALL_JOBS,
    ALL_QUEUES,
    AuditSource,
    Canary,
    CheckUsage,
    ComplianceRound,
    CountFollowed,
    DownloadMedia,
    FindRevivals,
    Job,
    LookUpAuthors,
    PlacePosts,
    PurgeGone,
    PurgeOld,
    Queue,
    QuotePage,
    RankPosts,
    RefreshEngagement,
    RemoveMedia,
    Reselect,
    ResolveHandles,
    SearchPage,
    SendAlert,
    ThinSeries,
    decode,
    gated_jobs,
)

document_ids = st.text(min_size=1, max_size=128)
post_ids = st.integers(0, 10**19 - 1).map(str)
names = st.from_regex(r"[A-Za-z0-9_]{1,15}", fullmatch=True)

jobs: st.SearchStrategy[Job] = st.one_of(
    st.builds(SearchPage, sweep_id=document_ids, page=st.integers(0, 10**6)),
    st.builds(QuotePage, sweep_id=document_ids, page=st.integers(0, 10**6)),
    st.builds(
        RefreshEngagement,
        claim_id=document_ids,
        post_ids=st.lists(post_ids, min_size=1, max_size=100).map(tuple),
        run_id=st.none() | document_ids,
    ),
    st.builds(DownloadMedia, media_key=st.from_regex(r"[0-9]{1,25}_[0-9]{1,25}", fullmatch=True)),
    st.builds(
        ResolveHandles,
        usernames=st.lists(names, min_size=1, max_size=100).map(tuple),
        run_id=st.none() | document_ids,
    ),
    st.builds(
        LookUpAuthors,
        claim_id=document_ids,
        user_ids=st.lists(post_ids, min_size=1, max_size=100).map(tuple),
        run_id=st.none() | document_ids,
    ),
    st.just(CheckUsage()),
    st.just(PurgeGone()),
    st.just(PurgeOld()),
    st.just(ThinSeries()),
    st.builds(FindRevivals, day=st.dates()),
    st.builds(RankPosts, day=st.dates(), part=st.integers(0, 255)),
    st.builds(PlacePosts, day=st.dates(), part=st.integers(0, 255)),
    st.just(Reselect()),
    st.just(CountFollowed()),
    st.builds(AuditSource, audit_id=document_ids),
    st.builds(ComplianceRound, round_id=document_ids),
    st.builds(RemoveMedia, media=st.just(("3_1",))),
    st.builds(SendAlert, post_id=post_ids, day=st.dates().map(str)),
    st.builds(Canary, queue=st.sampled_from(ALL_QUEUES), sent_at_ms=st.integers(0, 10**13)),
)

GOOD: dict[str, dict[str, Any]] = {
    "search_page": {"sweep_id": "w", "page": 0},
    "quote_page": {"sweep_id": "w", "page": 0},
    "refresh_engagement": {"claim_id": "c", "post_ids": ["1"]},
    "download_media": {"media_key": "3_1"},
    "resolve_handles": {"usernames": ["nasa"]},
    "look_up_authors": {"claim_id": "c", "user_ids": ["1"]},
    "look_at_accounts": {"claim_id": "c", "user_ids": ["1"]},
    "check_usage": {},
    "purge_gone": {},
    "purge_old": {},
    "thin_series": {},
    "find_revivals": {"day": "2026-11-20"},
    "rank_posts": {"day": "2026-11-20", "part": 3},
    "place_posts": {"day": "2026-11-20", "part": 3},
    "reselect": {},
    "count_followed": {},
    "audit_source": {"audit_id": "2026-11-20:nasa"},
    "compliance_round": {"round_id": "r"},
    "remove_media": {"media": ["3_1"]},
    "send_alert": {"post_id": "1", "day": "2026-11-20"},
    "deliver_feed": {"endpoint_id": "e"},
    "ping_endpoint": {"endpoint_id": "e", "ping_id": "p"},
    "canary": {"queue": "search", "sent_at_ms": 1},
}
BY_NAME = {job.name: job for job in ALL_JOBS}


@settings(deadline=None)
@given(job=jobs)
def test_a_payload_survives_the_way_through_json(job: Job) -> None:
    """What a worker decodes is what was sent, and is about the same subject."""
    arrived = decode(type(job), json.loads(json.dumps(job.model_dump(mode="json"))))

    assert arrived == job
    assert arrived.subject == job.subject


def test_every_job_has_a_name_and_queues_of_its_own() -> None:
    """Names are unique; every queue is one of the known ones; every queue has a job beside the canary."""
    assert set(BY_NAME) == set(GOOD)
    assert len(BY_NAME) == len(ALL_JOBS)
    assert all(set(job.queues) <= set(ALL_QUEUES) for job in ALL_JOBS)
    assert {queue for job in ALL_JOBS if job is not Canary for queue in job.queues} == set(ALL_QUEUES)


@pytest.mark.parametrize(
    ("name", "change", "field"),
    [
        ("search_page", {"page": -1}, "page"),
        ("search_page", {"page": "x"}, "page"),
        ("search_page", {"sweep_id": ""}, "sweep_id"),
        ("search_page", {"sweep_id": "w" * 129}, "sweep_id"),
        ("search_page", {"token": "abc", "page": "x"}, "token"),
        ("quote_page", {"version": 0}, "version"),
        ("refresh_engagement", {"post_ids": []}, "post_ids"),
        ("refresh_engagement", {"post_ids": ["1"] * 101}, "post_ids"),
        ("refresh_engagement", {"post_ids": ["1", "12a"]}, "post_ids.1"),
        ("refresh_engagement", {"post_ids": ["1\n"]}, "post_ids.0"),
        ("refresh_engagement", {"post_ids": ["1" * 20]}, "post_ids.0"),
        ("download_media", {"media_key": "../etc"}, "media_key"),
        ("download_media", {"media_key": "3_1\n"}, "media_key"),
        ("download_media", {"media_key": "3_" + "1" * 128}, "media_key"),
        ("resolve_handles", {"usernames": ["na sa"]}, "usernames.0"),
        ("resolve_handles", {"usernames": ["a" * 16]}, "usernames.0"),
        ("canary", {"sent_at_ms": None}, "sent_at_ms"),
    ],
)
def test_a_payload_that_does_not_fit_names_the_field(name: str, change: dict[str, Any], field: str) -> None:
    """The error says which job and which field, for the dead letters."""
    with pytest.raises(BadJob, match=f"^{name}: (.*; )?{field}: "):
        decode(BY_NAME[name], GOOD[name] | change)


@pytest.mark.parametrize(
    ("change", "field"),
    [({"tenant": "t"}, "tenant"), ({"version": 2}, "version"), ({"version": 9, "page": "x"}, "page")],
)
def test_a_payload_of_a_later_version_is_a_newer_job(change: dict[str, Any], field: str) -> None:
    """A higher version, or only fields that are not known, may be fit for another worker; the error names them."""
    with pytest.raises(NewerJob, match=f"search_page: (.*; )?{field}: "):
        decode(SearchPage, GOOD["search_page"] | change)


@pytest.mark.parametrize("payload", [None, 7, "text", [], [1, 2]])
def test_a_payload_that_is_no_object_is_a_bad_job(payload: object) -> None:
    """Anything may arrive in a queue."""
    with pytest.raises(BadJob, match="payload"):
        decode(SearchPage, payload)


@pytest.mark.parametrize("name", sorted(name for name, fields in GOOD.items() if fields))
def test_every_missing_field_is_named(name: str) -> None:
    """An empty payload lists all that it lacks."""
    with pytest.raises(BadJob) as caught:
        decode(BY_NAME[name], {})

    assert all(f"{field}: " in str(caught.value) for field in GOOD[name])


def test_the_error_does_not_repeat_what_was_sent() -> None:
    """A secret that somebody put into a message does not reach the dead letters' reason."""
    with pytest.raises(BadJob) as caught:
        decode(DownloadMedia, {"media_key": "Bearer AAAAAAAA"})

    assert "AAAA" not in str(caught.value)


def test_no_payload_has_a_place_for_a_secret() -> None:
    """Fields are ids, names, pages and times; the pattern of each keeps a token out, or its length does."""
    secret = ("token", "secret", "password", "key", "auth", "credential", "cookie")
    fields = {field for job in ALL_JOBS for field in job.model_fields} - {"media_key"}

    assert not [field for field in fields if any(word in field for word in secret)]


def test_a_payload_cannot_be_changed() -> None:
    """What was checked stays as it was checked."""
    job = SearchPage(sweep_id="w", page=0)

    with pytest.raises(ValueError, match="frozen"):
        job.page = 1  # type: ignore[misc]


def test_subjects_tell_work_apart() -> None:
    """Two pages are two works, the same set of names in any order and case is one."""
    assert SearchPage(sweep_id="w", page=0).subject != SearchPage(sweep_id="w", page=1).subject
    assert ResolveHandles(usernames=("NASA", "esa")).subject == ResolveHandles(usernames=("Esa", "nasa")).subject
    assert RefreshEngagement(claim_id="c", post_ids=("1",)).subject == "c"
    with pytest.raises(TypeError, match="Job has no subject"):
        _ = Job().subject


def test_jobs_that_ask_first_wait_together_but_for_those_of_people() -> None:
    """Searches, quotes, refreshes and look-ups wait for grants by queue; people's queue and files never do."""
    gated = gated_jobs()

    assert gated == {
        Queue.SEARCH: ("search_page",),
        Queue.QUOTES: ("quote_page",),
        Queue.ENGAGEMENT: ("refresh_engagement", "look_up_authors", "look_at_accounts"),
        Queue.BACKFILL: ("search_page",),
        Queue.MEDIA: (),
    }
