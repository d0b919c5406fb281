"""Not now, as an error."""

from __future__ import annotations

from dramatiq.errors import Retry

from shared.broker import Deferred
from shared.domain.errors import NotNow


def test_a_deferral_is_both_a_retry_and_a_not_now() -> None:
    """Dramatiq does not log it as an error, and the policy defers it by its wait."""
    deferred = Deferred("no room", delay_ms=1500)

    assert isinstance(deferred, Retry)
    assert isinstance(deferred, NotNow)
    assert (deferred.delay, deferred.wait_seconds, str(deferred)) == (1500, 1.5, "no room")
