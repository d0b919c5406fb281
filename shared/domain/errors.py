"""The error tree. Every error says, by its class, what the caller must do. Vendor exceptions stay in their adapter,
which raises one of these. Data are attributes; no message holds a token.

    CoveyError
    ├── InputError                 the user gave something wrong: say what, do nothing; see `refusals` too
    ├── PassingFault               try the same thing again, with backoff
    │   ├── NoAnswer               X never answered whole: timeout, reset, cut body, not JSON
    │   │   └── NotSent            no byte of the request was written: X was asked nothing
    │   ├── ServerFault            X answered 5xx, or 404 noise of its gateway
    │   ├── StoreUnavailable       MongoDB cannot be reached
    │   ├── BrokerUnavailable      Redis, as queue, cannot be reached
    │   └── MediaUnavailable       a media host did not answer, or answered 5xx
    ├── NotNow                     nothing is wrong, it is not its turn: defer, spend no attempt
    │   ├── NotGranted             the limiter refused, with the wait
    │   ├── LimiterUnavailable     the limiter cannot be asked: no call without a grant
    │   ├── CredentialNotReady     the token is being renewed
    │   ├── PostsWithheld          X announced more posts than it gave
    │   ├── NewerJob               a job of a newer version: a worker that knows it may come
    │   └── Throttled              X answered 429
    │       ├── WindowExceeded     the 15-minute window of one endpoint
    │       ├── BurstExceeded      the one-per-second rule
    │       ├── DailyCapExceeded   the 24-hour cap of one endpoint
    │       └── UsageCapExceeded   the daily or monthly cap of the project
    ├── Paused                     a person must act: stop this kind of call, alert, defer what waits
    │   ├── Unauthorized           401: the token of one credential
    │   ├── Forbidden              403: one credential for one endpoint
    │   ├── CreditsDepleted        402: every paid call
    │   ├── SpendCapReached        403 of a spend cap: every paid call, until it is reset
    │   ├── NoRoom                 a disk takes no more, or cannot be written to
    │   └── RedisRefused           rights, login or layout of Redis do not fit
    └── Permanent                  never the same thing again
        ├── InvalidRequest         400: our request is wrong
        │   ├── StaleSinceId       400: since_id is older than X searches; carries the id X proposes
        │   └── UnknownParameter   400: X does not know a parameter (the other dialect)
        ├── NotFound               404 with a body of X: that one object is gone
        ├── UnmappedStatus         a status nobody has thought of
        ├── BadJob                 a message that does not fit its schema
        └── MediaRejected          a media file that must not be stored
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime


class CoveyError(Exception):
    """The root. Never raised itself."""


class InputError(CoveyError):
    """The user gave something wrong; the message names the offending value."""


class PassingFault(CoveyError):
    """Something outside failed and will probably heal."""


class NoAnswer(PassingFault):
    """X never gave a whole answer: timeout, reset, cut body, or a body that is not the JSON it should be."""

    def __init__(self, endpoint: str, reason: str) -> None:
        super().__init__(f"{endpoint}: no usable answer from X: {reason}")
        self.endpoint = endpoint
        self.reason = reason


class NotSent(NoAnswer):
    """No byte of the request was written: X was asked nothing, and bills nothing."""


class ServerFault(PassingFault):
    """X answered, and the fault is X's: 5xx, or a 404 that did not come from the API itself."""

    def __init__(self, endpoint: str, status: int, detail: str = "") -> None:
        super().__init__(f"{endpoint}: X answered {status} {detail}".rstrip())
        self.endpoint = endpoint
        self.status = status


class StoreUnavailable(PassingFault):
    """MongoDB cannot be reached or did not answer in time."""


class BrokerUnavailable(PassingFault):
    """Redis, as the queue, cannot be reached or did not answer in time."""


class MediaUnavailable(PassingFault):
    """A media host did not answer, or answered 5xx."""


class NotNow(CoveyError):
    """Nothing is wrong; the work has to wait `wait_seconds`."""

    def __init__(self, message: str, *, wait_seconds: float) -> None:
        super().__init__(message)
        self.wait_seconds = wait_seconds


class NotGranted(NotNow):
    """The limiter refused; `blocked_by` names the window. stops_all: so to every call of the endpoint and class."""

    def __init__(self, endpoint: str, *, wait_seconds: float, blocked_by: str, stops_all: bool = True) -> None:
        super().__init__(f"{endpoint}: {blocked_by} is used up for {wait_seconds:.1f} s", wait_seconds=wait_seconds)
        self.endpoint = endpoint
        self.blocked_by = blocked_by
        self.stops_all = stops_all


class LimiterUnavailable(NotNow):
    """The limiter cannot be asked, so no call may be made."""

    def __init__(self, reason: str, *, wait_seconds: float = 5.0) -> None:
        super().__init__(f"the limiter cannot be asked: {reason}", wait_seconds=wait_seconds)


class CredentialNotReady(NotNow):
    """The token of the only credential that may ask is being renewed."""

    def __init__(self, endpoint: str, detail: str, *, wait_seconds: float) -> None:
        super().__init__(f"{endpoint}: {detail}", wait_seconds=wait_seconds)
        self.endpoint = endpoint


class PostsWithheld(NotNow):
    """X announced more posts than it gave; the page is worth asking for again."""


class NewerJob(NotNow):
    """A job of a type, version or field that this worker does not know, as a rolling deploy brings them."""


class Throttled(NotNow):
    """X answered 429. `until` is when X says it ends, None where it does not say."""

    def __init__(self, endpoint: str, detail: str, *, wait_seconds: float, until: datetime | None = None) -> None:
        super().__init__(f"{endpoint}: X answered 429: {detail}", wait_seconds=wait_seconds)
        self.endpoint = endpoint
        self.until = until


class WindowExceeded(Throttled):
    """The 15-minute window of the endpoint is spent."""


class BurstExceeded(Throttled):
    """The one-per-second rule: the 15-minute window still has room."""


class DailyCapExceeded(Throttled):
    """The 24-hour cap of the endpoint is spent."""


class UsageCapExceeded(Throttled):
    """The project's daily or monthly cap is spent; waiting for the 15-minute window never helps."""

    def __init__(
        self, endpoint: str, detail: str, *, period: str, wait_seconds: float, until: datetime | None = None
    ) -> None:
        super().__init__(endpoint, detail, wait_seconds=wait_seconds, until=until)
        self.period = period


class Paused(CoveyError):
    """A person must act before this kind of call can succeed again. until: when X says it ends, None if it does not."""

    def __init__(self, endpoint: str, detail: str, *, reason: str = "", until: datetime | None = None) -> None:
        super().__init__(f"{endpoint}: {detail}")
        self.endpoint = endpoint
        self.reason = reason
        self.until = until


class Unauthorized(Paused):
    """401: the token of one credential is not accepted."""


class Forbidden(Paused):
    """403: one credential may not use one endpoint; `reason` is X's word, such as client-not-enrolled."""


class CreditsDepleted(Paused):
    """402: the account has no credits; every paid call stops."""


class SpendCapReached(Paused):
    """403: the project has spent what it may in its month; every paid call stops."""


class NoRoom(Paused):
    """The disk of a folder takes no more, or cannot be written to."""


class RedisRefused(Paused):
    """Redis will not do what it was asked, now or later: NOPERM, CROSSSLOT, WRONGTYPE, a wrong password."""


class Permanent(CoveyError):
    """Trying the same thing again can never help."""


class InvalidRequest(Permanent):
    """400: our request is wrong. `messages` are X's own words."""

    def __init__(self, endpoint: str, messages: Sequence[str]) -> None:
        super().__init__(f"{endpoint}: X refused the request: {'; '.join(messages) or 'no reason given'}")
        self.endpoint = endpoint
        self.messages = tuple(messages)


class StaleSinceId(InvalidRequest):
    """400: `since_id` is older than the search window. `oldest_since_id` is the id that X proposes instead."""

    def __init__(self, endpoint: str, messages: Sequence[str], *, oldest_since_id: int) -> None:
        super().__init__(endpoint, messages)
        self.oldest_since_id = oldest_since_id


class UnknownParameter(InvalidRequest):
    """400: X does not know `parameters` (names, or `name=value`); with the other dialect of field names it may."""

    def __init__(self, endpoint: str, messages: Sequence[str], *, parameters: Sequence[str]) -> None:
        super().__init__(endpoint, messages)
        self.parameters = tuple(parameters)


class NotFound(Permanent):
    """404 by the API itself: the one object the path names is gone or never was."""

    def __init__(self, endpoint: str, detail: str = "") -> None:
        super().__init__(f"{endpoint}: X answered 404 {detail}".rstrip())
        self.endpoint = endpoint


class UnmappedStatus(Permanent):
    """X answered a status that this tree does not know."""

    def __init__(self, endpoint: str, status: int) -> None:
        super().__init__(f"{endpoint}: X answered {status}, which is not mapped")
        self.endpoint = endpoint
        self.status = status


class BadJob(Permanent):
    """A message does not fit the schema of its job."""


class MediaRejected(Permanent):
    """A media file must not be stored: wrong host, wrong type, too large, or gone."""
