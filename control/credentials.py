"""Who X may be asked as, for people: never a secret. Prints nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from shared.credentials.pool import CredentialState
from shared.credentials.secrets import is_unnamed
from shared.credentials.standing import State
from shared.domain.errors import LimiterUnavailable
from shared.ratelimit.model import BlockScope
from shared.services.bootstrap import Services


def listed(services: Services) -> tuple[list[CredentialState], str | None]:
    """All credentials, with those paused that the limiter holds back because X refused them; and why that is not known,
    where it is not.
    """
    found = services.credentials.states()
    try:
        found, unknown = _with_blocks(services, found), None
    except LimiterUnavailable as error:
        unknown = f"{error}; what X refused is not shown"
    return [_with_name(one) for one in found], unknown


def _with_name(found: CredentialState) -> CredentialState:
    """The same, with what to do where X has not said whose it is."""
    if not is_unnamed(found.id):
        return found
    hint = f"X has not said whose it is: covey credentials name {found.id}"
    return replace(found, reason="; ".join(filter(None, (found.reason, hint))))


def _with_blocks(services: Services, found: Sequence[CredentialState]) -> list[CredentialState]:
    held = {one.credential_id: one for one in services.limiter.state().blocks if one.scope == BlockScope.CREDENTIAL}
    return [
        replace(one, state=State.PAUSED, reason=f"X answered: {block.reason}", wait_seconds=block.for_seconds)
        if one.state is State.OK and (block := held.get(one.id)) is not None
        else one
        for one in found
    ]
