"""Who X may be asked as."""

from __future__ import annotations

from shared.domain.models import CredentialKind
from shared.domain.preflight.access import KnownCredential, judge_access
from shared.domain.preflight.finding import Check, Level

ENDPOINTS = {"search": frozenset(CredentialKind), "usage": frozenset({CredentialKind.BEARER})}
APP = KnownCredential("app", CredentialKind.BEARER, is_usable=True)
USER = KnownCredential("user-1", CredentialKind.OAUTH2_USER, is_usable=True)
LOCKED = KnownCredential("user-2", CredentialKind.OAUTH2_USER, is_usable=False, fault="is locked: no key opens it")


def faults(*known: KnownCredential) -> dict[Check, Level]:
    """The checks that are not well."""
    return {found.check: found.level for found in judge_access(known, ENDPOINTS) if found.level is not Level.OK}


def test_a_bearer_token_may_ask_everything() -> None:
    """Two checks, both well."""
    assert len(judge_access([APP], ENDPOINTS)) == 2
    assert faults(APP) == {}
    assert faults(APP, USER) == {}


def test_without_a_credential_nothing_can_be_asked() -> None:
    """An error that says how to get one."""
    [finding] = judge_access([], ENDPOINTS)

    assert (finding.check, finding.level) == (Check.CREDENTIALS, Level.ERROR)
    assert "X_BEARER_TOKEN" in finding.todo


def test_what_no_kind_may_ask_is_named() -> None:
    """With users alone, the endpoint that takes the app only is closed, and the kind that is wanted is told."""
    [finding] = [one for one in judge_access([USER], ENDPOINTS) if one.level is not Level.OK]

    assert (finding.check, finding.level) == (Check.ENDPOINTS, Level.WARNING)
    assert "usage" in finding.message
    assert "bearer" in finding.todo


def test_one_of_no_use_is_a_warning_beside_others_and_an_error_alone() -> None:
    """The reason is told, whichever it is."""
    assert faults(APP, LOCKED) == {Check.CREDENTIALS: Level.WARNING}
    assert faults(LOCKED) == {Check.CREDENTIALS: Level.ERROR}
    assert "user-2 is locked: no key opens it" in judge_access([LOCKED], ENDPOINTS)[0].message
