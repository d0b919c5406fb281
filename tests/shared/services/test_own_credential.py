"""Sources with a credential of their own: X is asked for them as that one only, and others are asked for without it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from pydantic import SecretStr

from control import sources
from scheduler.planner import BACKFILL
from shared.credentials.secrets import BearerToken
from shared.credentials.vault import new_key
from shared.domain.coverage.gaps import GapReason, Unread
from shared.domain.errors import CredentialNotReady, InputError, Unauthorized
from shared.domain.models import WorkClass
from shared.domain.sources import Source, SourceKind, Terms
from shared.services import coverage
from shared.services.bootstrap import Services
from shared.services.following import SEARCH
from shared.services.own_credential import x_as
from shared.stores.credentials import NewTokens
from tests.scheduler.slots import MINUTE, plan
from tests.workers.world import ScriptedX, next_sweep, work_off

OWN = BearerToken(SecretStr("token-of-the-tenant"))
OWN_ID = OWN.credential().id
AS_OWN, AS_ALL = "Bearer token-of-the-tenant", "Bearer sim-test"
FLOODS = Source(
    id="floods",
    name="f",
    kind=SourceKind.TERMS,
    terms=Terms(keywords=("flood",)),
    credential=OWN_ID,
    interval_seconds=60,
)
EMPTY = {"meta": {"result_count": 0}}


@pytest.fixture
def with_own(make_services: Callable[..., Services], x: ScriptedX) -> Services:
    """The app's token in the environment, a tenant's in MongoDB."""
    services = make_services(x.url, credential_keys=new_key())
    tokens = NewTokens(services.vault.seal(OWN_ID, OWN), is_renewable=False)
    services.stores.credentials.put(OWN_ID, OWN.kind, tokens)
    return services


def test_what_is_asked_for_as_a_tenant_is_asked_as_that_tenant(with_own: Services, x: ScriptedX) -> None:
    """What is new, and what was missed; it shares no query with what others ask for at the same interval."""
    sources.add(with_own, FLOODS)
    with_own.following.follow(["nasa"], since=with_own.clock.now(), now=with_own.clock.now())
    now = with_own.clock.now() + MINUTE
    for stream in with_own.stores.streams.active():
        for job, queue in plan(with_own, SEARCH, stream.id, now=now):
            with_own.sender.send(job, queue=queue)
        work_off(with_own)
    (stream,) = with_own.stores.streams.with_members(["+floods"])
    missing = Unread(now - 20 * MINUTE, now - 10 * MINUTE, GapReason.PAGE_LOST)
    coverage.note(with_own.stores, stream.id, stream.members, missing, now=with_own.clock.now())
    for job, queue in plan(with_own, BACKFILL):
        with_own.sender.send(job, queue=queue)
    work_off(with_own)

    floods = [one for one in x.asked if "flood" in one.params.get("query", "")]
    assert [one.authorization for one in floods] == [AS_OWN, AS_OWN]
    assert len({one.params["query"] for one in x.asked if "search" in one.path}) == 2


def test_a_credential_that_is_gone_is_told_and_no_other_stands_in(with_own: Services, x: ScriptedX) -> None:
    """The search waits for a person; nobody else's calls are spent on it. A new source with it is refused."""
    with_own.stores.credentials.remove(OWN_ID)
    with pytest.raises(Unauthorized, match=f"credential {OWN_ID} is no longer there"):
        x_as(with_own, OWN_ID).search(WorkClass.SEARCH, query="flood")

    assert x.asked == []
    with pytest.raises(InputError, match=f"source floods: credential '{OWN_ID}' is not known"):
        sources.add(with_own, FLOODS)


def test_a_tenant_without_room_delays_nobody_else(with_own: Services, x: ScriptedX) -> None:
    """Its own window is used up: its searches alone are put off, and the app's token is not used for them."""
    x.remaining = 0
    x.script = lambda asked: (200, EMPTY)
    x_as(with_own, OWN_ID).search(WorkClass.SEARCH, query="flood")
    x.remaining = 1000

    with pytest.raises(CredentialNotReady, match=f"{OWN_ID} has no room"):
        x_as(with_own, OWN_ID).search(WorkClass.SEARCH, query="flood")
    x_as(with_own, None).search(WorkClass.SEARCH, query="nasa")

    assert [(one.params["query"], one.authorization) for one in x.asked] == [("flood", AS_OWN), ("nasa", AS_ALL)]


def test_a_source_that_gets_another_credential_leaves_its_stream(with_own: Services) -> None:
    """From where that is covered; without one it goes back to the others."""
    sources.add(with_own, replace(FLOODS, credential=None))
    (before,) = with_own.stores.streams.active()
    next_sweep(with_own, before.id, "w")

    sources.edit(with_own, "floods", lambda one: replace(one, credential=OWN_ID))

    (after,) = with_own.stores.streams.active()
    assert (after.id, after.group.credential, after.cursor_id) == (before.id, OWN_ID, before.cursor_id)
