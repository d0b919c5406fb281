"""Where a stored credential stands: one table, and what must hold of every document."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.credentials.standing import LOOK_SECONDS, State, is_refused_again, standing_of
from shared.domain.models import CredentialKind
from shared.stores.credentials import Refresh, StoredCredential

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def stored(**changes: Any) -> StoredCredential:
    """A renewable credential in the middle of its two hours, with changes."""
    whole: dict[str, Any] = {
        "id": "user-1",
        "kind": CredentialKind.OAUTH2_USER,
        "sealed": "",
        "version": 5,
        "is_renewable": True,
        "issued_at": NOW - HOUR,
        "expires_at": NOW + HOUR,
        "read_at": NOW,
    }
    return StoredCredential(**(whole | changes))


def refresh(holder: str | None, until: timedelta) -> Refresh:
    """A renewal that ends, or may be tried again, at NOW + until."""
    return Refresh(holder, NOW - MINUTE, NOW + until, 1)


CASES: list[tuple[str, dict[str, Any], State, bool]] = [
    ("fresh", {}, State.OK, False),
    ("no known end", {"expires_at": None}, State.OK, False),
    ("six minutes left", {"expires_at": NOW + 6 * MINUTE}, State.OK, False),
    ("five minutes left", {"expires_at": NOW + 5 * MINUTE}, State.OK, True),
    ("over", {"expires_at": NOW - MINUTE}, State.OK, True),
    ("refused", {"refused_version": 5}, State.OK, True),
    ("an older version was refused", {"refused_version": 4}, State.OK, False),
    ("short life, half left", {"issued_at": NOW - MINUTE, "expires_at": NOW + MINUTE}, State.OK, False),
    ("short life, little left", {"issued_at": NOW - 10 * MINUTE, "expires_at": NOW + MINUTE / 2}, State.OK, True),
    ("claimed", {"refresh": refresh("a", MINUTE)}, State.RENEWING, False),
    ("claimed and over", {"refresh": refresh("a", MINUTE), "expires_at": NOW - MINUTE}, State.RENEWING, False),
    ("the holder died", {"refresh": refresh("a", -MINUTE)}, State.OK, True),
    ("failed, still good", {"refresh": refresh(None, MINUTE), "expires_at": NOW + MINUTE}, State.OK, False),
    ("failed, over", {"refresh": refresh(None, MINUTE), "expires_at": NOW - MINUTE}, State.WAITING, False),
    ("failed, refused", {"refresh": refresh(None, MINUTE), "refused_version": 5}, State.WAITING, False),
    ("failed, waited, over", {"refresh": refresh(None, -MINUTE), "expires_at": NOW - MINUTE}, State.OK, True),
    ("failed, waited, fresh", {"refresh": refresh(None, -MINUTE)}, State.OK, False),
    ("paused", {"paused_until": NOW + MINUTE, "reason": "x"}, State.PAUSED, False),
    ("was paused", {"paused_until": NOW - MINUTE, "reason": "x"}, State.OK, False),
    ("lost", {"lost_at": NOW, "reason": "x"}, State.LOST, False),
    ("lost and paused", {"lost_at": NOW, "paused_until": NOW + MINUTE}, State.LOST, False),
    ("cannot be renewed", {"is_renewable": False}, State.OK, False),
    ("cannot be renewed, over", {"is_renewable": False, "expires_at": NOW}, State.EXPIRED, False),
]


@pytest.mark.parametrize(("changes", "state", "is_due"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_each_document_has_its_standing(changes: dict[str, Any], state: State, is_due: bool) -> None:
    """State and whether a renewal is due; usable is only what is ok and not due."""
    standing = standing_of(stored(**changes), NOW)

    assert (standing.state, standing.is_due) == (state, is_due)
    assert standing.is_usable == (state is State.OK and not is_due)


def test_what_is_lost_or_has_ended_says_what_to_do() -> None:
    """A person reads the command that makes it good."""
    for changes in ({"lost_at": NOW, "reason": "used"}, {"is_renewable": False, "expires_at": NOW}):
        assert "covey connect" in (standing_of(stored(**changes), NOW).reason or "")


def test_who_waits_for_a_renewal_looks_soon() -> None:
    """Not only when the lease ends; after a failure, when the next try is."""
    assert standing_of(stored(refresh=refresh("a", MINUTE)), NOW).wait_seconds == LOOK_SECONDS
    waiting = standing_of(stored(refresh=refresh(None, MINUTE), expires_at=NOW), NOW)
    assert waiting.wait_seconds == 60


MOMENTS = st.none() | st.integers(-7200, 7200).map(lambda seconds: NOW + timedelta(seconds=seconds))


@given(
    is_renewable=st.booleans(),
    expires_at=MOMENTS,
    lost_at=MOMENTS,
    paused_until=MOMENTS,
    refused_version=st.sampled_from([None, 4, 5]),
    renewal=st.none()
    | st.builds(
        refresh, st.sampled_from([None, "a"]), st.integers(-900, 900).map(lambda seconds: timedelta(seconds=seconds))
    ),
)
def test_what_is_not_usable_has_a_way_out_or_a_reason(renewal: Refresh | None, **changes: Any) -> None:
    """A dead, claimed, paused or lost credential is never usable; one that is left out is due or is explained."""
    document = stored(refresh=renewal, reason="told", **changes)

    standing = standing_of(document, NOW)

    if standing.is_usable:
        assert document.lost_at is None
        assert document.paused_until is None or document.paused_until <= NOW
        assert document.expires_at is None or document.expires_at > NOW
        assert not document.is_renewable or document.refused_version != document.version
        assert renewal is None or renewal.holder is None or not document.is_renewable
    elif not standing.is_due:
        assert standing.reason
        assert standing.wait_seconds is None or standing.wait_seconds > 0
    if standing.is_due:
        assert renewal is None or renewal.until <= NOW


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, False),
        ({"replaced_refused": True}, False),
        ({"replaced_refused": True, "issued_at": NOW - MINUTE}, True),
        ({"replaced_refused": True, "issued_at": NOW - MINUTE, "expires_at": None}, True),
        ({"replaced_refused": True, "issued_at": NOW - MINUTE, "expires_at": NOW}, False),
        ({"replaced_refused": False, "issued_at": NOW - MINUTE}, False),
    ],
)
def test_a_token_refused_twice_is_one_that_was_just_issued_for_a_refused_one(
    changes: dict[str, Any], expected: bool
) -> None:
    """One that worked for long, or has ended, is renewed as any other."""
    assert is_refused_again(stored(**changes), NOW) is expected
