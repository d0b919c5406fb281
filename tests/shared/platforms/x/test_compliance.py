"""Compliance jobs as calls: what is sent, what an answer and a line of a result say."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.compliance import Action, ComplianceLine, JobStatus, Kind, OddLine
from shared.domain.errors import InputError, InvalidRequest, NoAnswer, NotFound
from shared.domain.models import RateHeaders
from shared.platforms.x.auth import Credential
from shared.platforms.x.client import XClient
from shared.platforms.x.compliance import create_job, list_jobs, look_at_job, parse_job, parse_line

JOB = {"id": "1", "type": "tweets", "status": "created", "upload_url": "https://a/u", "download_url": "https://a/d"}


def test_a_job_is_begun_once_listed_and_looked_at(simulator_url: str, credential: Credential) -> None:
    """The simulator begins a job of each kind, refuses a second one, and shows the same job both ways."""
    client = XClient(simulator_url)
    made = client.perform(create_job(kind=Kind.USERS, name="mine"), credential).unwrap()
    second = client.perform(create_job(kind=Kind.USERS, name="other"), credential)
    listed = client.perform(list_jobs(kind=Kind.USERS), credential).unwrap()
    looked = client.perform(look_at_job(job_id=made.id), credential).unwrap()
    unknown = client.perform(look_at_job(job_id=5), credential)

    assert (made.kind, made.status, made.name) == (Kind.USERS, JobStatus.CREATED, "mine")
    assert isinstance(second.error, InvalidRequest)
    assert isinstance(unknown.error, NotFound)
    assert listed == (made,) == (looked,)
    assert client.perform(list_jobs(kind=Kind.POSTS), credential).unwrap() == ()


def test_an_address_of_a_job_is_not_shown() -> None:
    """The addresses hold a signature: what is printed of a job leaves them out."""
    assert "https" not in repr(parse_job("compliance/jobs", {"data": JOB}, RateHeaders()))


@pytest.mark.parametrize(
    "change", [{"id": "x"}, {"type": "likes"}, {"status": "new"}, {"upload_url": None}, {"id": None}]
)
def test_a_job_that_cannot_be_read_is_no_answer(change: dict[str, Any]) -> None:
    """Without an id, a known type and status and both addresses nothing can be done with a job."""
    with pytest.raises(NoAnswer):
        parse_job("compliance/jobs", {"data": JOB | change}, RateHeaders())


def test_a_name_has_a_length() -> None:
    """X takes 64 characters: a longer name costs no call."""
    with pytest.raises(InputError, match="65"):
        create_job(kind=Kind.POSTS, name="n" * 65)


def test_a_line_has_id_action_reason_and_time() -> None:
    """What X writes is read, also without a time, and an action that is not named is a deletion."""
    whole = b'{"id":"12","action":"delete","created_at":"2024-05-01T10:00:00.000Z",'
    whole += b'"redacted_at":"2024-05-02T10:00:00.000Z","reason":"suspended"}'

    assert parse_line(1, whole) == ComplianceLine(12, Action.DELETE, "suspended", datetime(2024, 5, 2, 10, tzinfo=UTC))
    assert parse_line(1, b'{"id":12,"reason":"deleted"}') == ComplianceLine(12, Action.DELETE, "deleted")
    assert parse_line(1, b'{"id":"12","action":"scrub_geo"}') == ComplianceLine(12, Action.SCRUB_GEO, "scrub_geo")


@pytest.mark.parametrize(
    "line",
    [
        *(b"", b"null", b"[]", b"{}", b'{"id":"12"}', b"\xff\xfe", b"[" * 100_000),
        *(b'{"id":"x","reason":"deleted"}', b'{"id":"1","action":"praise","reason":"deleted"}'),
        b'{"id":"12345678901234567890","reason":"deleted"}',
    ],
)
def test_an_odd_line_is_told_and_raises_nothing(line: bytes) -> None:
    """A line without an id of X, with an unknown action or without a reason is odd, whatever it is."""
    assert parse_line(7, line) == OddLine(7, line[:80].decode("utf-8", "backslashreplace"))


@given(st.binary(max_size=200))
def test_no_line_raises(line: bytes) -> None:
    """Whatever bytes come, a line is read or odd."""
    assert isinstance(parse_line(1, line), ComplianceLine | OddLine)
