"""Sentry: what reaches it, and what never does.

One event a job that was given up, none for an attempt that is repeated or deferred. Local variables and request bodies
stay here, and what looks like a credential is cut out of every text, so a token cannot leave with a stack trace, an
error's words or a line that was logged before. Must be set up before the broker is built. Sentry's library is imported
where it is used: a process without it starts a twentieth sooner.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from shared.domain.errors import InputError
from shared.domain.urls import check_url
from shared.runtime.log import cleaned
from shared.runtime.settings import Settings

if TYPE_CHECKING:
    from sentry_sdk.types import Event, Hint


def configure(settings: Settings, *, process: str) -> None:
    """Send errors to Sentry when SENTRY_DSN is set; do nothing otherwise. Raises InputError as `checked_dsn`."""
    dsn = checked_dsn(settings)
    if dsn is None:
        return
    import sentry_sdk
    from sentry_sdk.integrations.dramatiq import DramatiqIntegration
    from sentry_sdk.integrations.logging import LoggingIntegration

    sentry_sdk.init(
        dsn=dsn,
        server_name=settings.instance,
        include_local_variables=False,
        traces_sample_rate=0.0,
        before_send=_without_credentials,
        # The first would report every attempt; the second every line that is logged as an error, attempts included.
        disabled_integrations=[DramatiqIntegration()],
        integrations=[LoggingIntegration(event_level=None)],
    )
    sentry_sdk.set_tag("process", process)


def checked_dsn(settings: Settings) -> str | None:
    """Where Sentry is, None where it is not set. Raises InputError, without a word of it, for what is no DSN."""
    if settings.sentry_dsn is None:
        return None
    from sentry_sdk.utils import Dsn

    dsn = settings.sentry_dsn.get_secret_value()
    check_url("SENTRY_DSN", dsn, schemes=("https", "http"))
    try:
        Dsn(dsn)
    except ValueError:
        raise InputError("SENTRY_DSN cannot be used: it must be https://KEY@HOST/PROJECT, as Sentry shows it") from None
    return dsn


def _without_credentials(event: Event, _hint: Hint) -> Event:
    return cast("Event", cleaned(event))


def job_given_up(*, job: str, queue: str, reason: str, message_id: str, error: BaseException | None) -> None:
    """Report a job that went to the dead letters. Ids and names only: arguments stay in MongoDB."""
    import sentry_sdk

    with sentry_sdk.new_scope() as scope:
        scope.set_tag("job", job)
        scope.set_tag("queue", queue)
        scope.set_tag("reason", reason)
        scope.set_extra("message_id", message_id)
        if error is None:
            scope.capture_message(f"{job} given up: {reason}", level="error")
        else:
            scope.capture_exception(error)


def crashed(error: BaseException) -> None:
    """Report an error that ends a process."""
    import sentry_sdk

    sentry_sdk.capture_exception(error)
    sentry_sdk.flush(2.0)
