"""What X's refusals block now, and how a person lifts a block. Prints nothing.

It reads and changes blocks through the limiter only. Invariant: whatever the limiter refuses because of an answer of X
is in `blocked`, with its end.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from shared.broker.reached import reached
from shared.domain.errors import InputError
from shared.ratelimit.model import BlockScope, LimiterState
from shared.services.bootstrap import Services

# Only what a person does ends these, and X does not say when; one call looks each time that the block runs out.
OPERATOR_ENDS: Final = frozenset({BlockScope.CREDENTIAL, BlockScope.CREDENTIAL_ENDPOINT, BlockScope.PAID})


def blocked(state: LimiterState, now: datetime) -> list[dict[str, Any]]:
    """Every block that stands: how far it reaches, X's word, and its end.

    endpoint, credential: None where it reaches all. until: None where an operator must act. next_try_at: when the
    limiter lets a call through that looks.
    """
    rows = []
    for block in state.all_blocks:
        next_try_at = now + timedelta(seconds=block.for_seconds)
        rows.append(
            {
                "scope": block.scope,
                "endpoint": block.endpoint,
                "credential": block.credential_id,
                "reason": block.reason,
                "until": None if block.scope in OPERATOR_ENDS else next_try_at,
                "next_try_at": next_try_at,
            }
        )
    return rows


def unblock(services: Services, credential: str | None, endpoint: str | None, *, paid: bool) -> None:
    """Let the limiter try again what a person has mended, and what waited for that at once.

    Raises InputError where nothing is named or blocked.
    """
    if paid == (credential is not None):
        raise InputError("say what to unblock: either CREDENTIAL [ENDPOINT] or --paid")
    if not services.limiter.unblock(credential_id=credential, endpoint=endpoint):
        what = "paid calls" if paid else " ".join(filter(None, (credential, endpoint)))
        raise InputError(f"{what}: not blocked; covey status shows what is")
    reached(services.broker.introspection.open_gates)
