"""What a refusal by X blocks beside the one call it answered, and until when.

Pure. A 429 and a spend cap end when X says. A 401, 402 or other 403 ends when a person has acted, which X does not
announce: so such a block lasts a good quarter of an hour at a time, and one refused call of an endpoint with a
credential, which is never billed, looks whether it is over.
Invariant: every error that speaks for more than one call has a block; no other one has, and none has an endpoint that
the plan lacks.
"""

from __future__ import annotations

from shared.domain.errors import (
    BurstExceeded,
    CoveyError,
    CreditsDepleted,
    DailyCapExceeded,
    Forbidden,
    Paused,
    SpendCapReached,
    Throttled,
    Unauthorized,
    UsageCapExceeded,
    WindowExceeded,
)
from shared.platforms.x.error_map import NOT_IN_PLAN
from shared.ratelimit.model import Block, BlockScope
from shared.runtime.clock import epoch_seconds

# A call that looks opens a window of 900 s, which the limiter takes to last up to 6 s longer (a grain of 1 s, and a
# guard of 1 s, or of 5 s where X sends no Date). The block ends after that window: then the next call is a probe, and
# the others wait for its answer. Were the window still open, all the jobs that wait would be let through at once.
LOOK_AGAIN_SECONDS = 910.0

_SCOPES: dict[type[CoveyError], BlockScope] = {
    WindowExceeded: BlockScope.ENDPOINT_WINDOW,
    BurstExceeded: BlockScope.PER_SECOND,
    DailyCapExceeded: BlockScope.DAY,
    UsageCapExceeded: BlockScope.USAGE_CAP,
    Unauthorized: BlockScope.CREDENTIAL,
    Forbidden: BlockScope.CREDENTIAL_ENDPOINT,
    CreditsDepleted: BlockScope.PAID,
    SpendCapReached: BlockScope.PAID,
}


def block_for(error: CoveyError | None) -> Block | None:
    """The block that an error of X means; None where only the one call is affected."""
    if isinstance(error, Forbidden) and error.reason == NOT_IN_PLAN:
        return None  # what knows the plan asks no more
    scope = _SCOPES.get(type(error)) if error is not None else None
    if scope is None:
        return None
    if isinstance(error, Throttled):
        if error.until is not None:
            return Block(scope, scope.value, until_seconds=epoch_seconds(error.until))
        return Block(scope, scope.value, for_seconds=error.wait_seconds)
    if isinstance(error, SpendCapReached) and error.until is not None:
        return Block(scope, error.reason, until_seconds=epoch_seconds(error.until))
    assert isinstance(error, Paused)
    return Block(scope, error.reason, for_seconds=LOOK_AGAIN_SECONDS)
