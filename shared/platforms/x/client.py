"""One call of the X API: one HTTP request, one answer.

Owns the way from a Call to an Answer. It must not wait, retry, choose a credential or ask the limiter: `gateway` does,
and handlers use that. Invariant: every request ends in one Answer with whatever X said of its limits; the token goes
to the base URL and nowhere else; vendor exceptions end here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TypeVar
from urllib.parse import urlsplit

from shared.domain.errors import CoveyError, InputError, UnknownParameter
from shared.domain.models import Page, RateHeaders
from shared.domain.urls import check_url
from shared.platforms.route import Route
from shared.platforms.transport import BrokenAnswer, HttpTransport, RawAnswer, Timeouts
from shared.platforms.x import endpoints
from shared.platforms.x.answer import Answer, CallRecord
from shared.platforms.x.auth import Credential, Nobody
from shared.platforms.x.body import json_value
from shared.platforms.x.call import Call
from shared.platforms.x.dialect import DialectChoice, DialectMemory, DialectSetting
from shared.platforms.x.error_map import error_for
from shared.platforms.x.fields import Dialect
from shared.platforms.x.headers import clock_difference_seconds, rate_headers, said_seconds
from shared.platforms.x.job_files import JobFiles
from shared.platforms.x.parser import holds_asked_fields
from shared.runtime.clock import Clock, SystemClock, epoch_seconds
from shared.runtime.log import get_logger

T = TypeVar("T")
log = get_logger(__name__)
Observer = Callable[[CallRecord], None]


class XClient:
    """A client of the X API, safe for threads.

    base_url: of X or of the simulator. dialect: "old", "new", or "auto" with a memory shared by workers. observer:
    told of every request. route: the way to X. clock: what X's Date is held
    against. Raises InputError for a base URL that is none, and as Route does.
    """

    def __init__(
        self,
        base_url: str = "https://api.x.com",
        *,
        timeouts: Timeouts | None = None,
        dialect: DialectSetting = "auto",
        dialect_memory: DialectMemory | None = None,
        observer: Observer | None = None,
        route: Route | None = None,
        clock: Clock | None = None,
        pool_size: int = 32,
    ) -> None:
        check_url("COVEY_X_BASE_URL", base_url, schemes=("https", "http"))
        parts = urlsplit(base_url)
        if not parts.hostname or parts.query or parts.username is not None:
            raise InputError("COVEY_X_BASE_URL is not the base URL of an X API: it has a host, and no login or query")
        self._base_url = base_url.rstrip("/")
        self._observer = observer
        self._clock = clock or SystemClock()
        self._doubts_date = False
        self._dialects = DialectChoice(dialect, dialect_memory, self._clock)
        self._transport = HttpTransport(timeouts or Timeouts(), route=route, pool_size=pool_size)
        self.files = JobFiles(base_url, route or Route())

    @property
    def dialect(self) -> Dialect:
        """The dialect that the next request speaks."""
        return self._dialects.current()

    def perform(self, call: Call[T], credential: Credential) -> Answer[T]:
        """Make one call. What X did wrong is in the answer; only a fault of the caller is raised (InputError)."""
        key = call.endpoint.key
        if credential.kind not in call.endpoint.credentials:
            raise InputError(f"{key}: X does not take a {credential.kind.value} credential here")
        dialect = self._dialects.current()
        started = time.monotonic()
        status: int | None = None
        rate = RateHeaders()
        value: T | None = None
        error: CoveyError | None = None
        try:
            raw = self._asked(call, dialect, credential)
            status, rate = raw.status, self._rate(raw.headers)
            if status != 200 and not (status == 201 and call.body is not None):  # 201: something was made
                raise error_for(key, status, rate, raw.body)
            value = call.parse(json_value(key, raw.body), rate)
        except BrokenAnswer as broken:
            status, rate, error = broken.status, self._rate(broken.headers), broken
        except CoveyError as caught:
            error = caught
        answer = Answer(
            endpoint=key,
            credential_id=credential.id,
            seconds=time.monotonic() - started,
            status=status,
            rate=rate,
            value=value,
            error=error,
            post_price=call.post_price,
            dialect_changed=call.is_dialectal and self._dialect_failed(dialect, value, error),
        )
        if self._observer is not None:
            self._observer(answer.record)
        return answer

    def _asked(self, call: Call[T], dialect: Dialect, credential: Credential) -> RawAnswer:
        key, url = call.endpoint.key, self._base_url + call.path
        if call.deletes:
            return self._transport.delete(key, url, call.parameters(dialect), credential.auth)
        if call.body is not None:
            return self._transport.post_json(key, url, call.body, credential.auth)
        return self._transport.get(key, url, call.parameters(dialect), credential.auth)

    def date_seconds(self) -> float | None:
        """X's own time in epoch seconds, by its answer to nobody; None where it does not tell. Raises NoAnswer."""
        path = endpoints.USAGE_TWEETS.path
        return said_seconds(self._transport.get("date", self._base_url + path, {}, Nobody()).headers)

    def close(self) -> None:
        """Close every connection."""
        self._transport.close()
        self.files.close()

    def _rate(self, headers: Mapping[str, str]) -> RateHeaders:
        """What an answer says of limits and time; a Date that cannot be true is told of once."""
        now_seconds = epoch_seconds(self._clock.now())
        ahead_seconds = clock_difference_seconds(headers, now_seconds)
        if ahead_seconds is not None and not self._doubts_date:
            log.warning("X's Date is not believed; this machine's clock counts", ahead_seconds=round(ahead_seconds))
        self._doubts_date = self._doubts_date or ahead_seconds is not None
        return rate_headers(headers, now_seconds)

    def _dialect_failed(self, dialect: Dialect, value: object, error: CoveyError | None) -> bool:
        if isinstance(error, UnknownParameter):
            return self._dialects.was_refused(dialect, error)
        if isinstance(value, Page) and not holds_asked_fields(value.posts):
            return self._dialects.was_ignored(dialect)
        if error is None:
            self._dialects.was_answered(dialect)
        return False
