"""The settings that say which posts are told of, to whom and when; part of `shared.runtime.settings`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, TypeVar

from pydantic import AfterValidator, Field, SecretStr

from shared.domain.errors import InputError
from shared.domain.quiet_hours import QuietHours, quiet_hours, zone_of
from shared.domain.webhooks import check_webhook_url
from shared.runtime.secret_files import SecretFiles

T = TypeVar("T")


def _that(check: Callable[[T], object]) -> AfterValidator:
    """A value of which `check` raises no InputError."""

    def checked(value: T) -> T:
        try:
            check(value)
        except InputError as error:
            raise ValueError(str(error)) from None
        return value

    return AfterValidator(checked)


WebhookUrl = Annotated[SecretStr, _that(lambda url: check_webhook_url(url.get_secret_value()))]
Hours = Annotated[str, _that(lambda text: quiet_hours(text, "UTC"))]
Zone = Annotated[str, _that(zone_of)]


class Alerting(SecretFiles):
    """Posts that run away. The address is kept as a secret: its path often is one."""

    alert_velocity: float = Field(
        500.0, ge=0, description="a post with more acts an hour is told of, where no source says otherwise; 0: none"
    )
    alert_times_usual: float = Field(
        3.0, ge=0, description="and one with so many times what is usual of its account at that age; 0: none"
    )
    alert_webhook_url: WebhookUrl | None = Field(
        None, description="where posts that run away are told of, over https; none: metric and log only"
    )
    alert_webhook_secret: SecretStr | None = Field(
        None, description="signs what is sent there (Standard Webhooks): whsec_ and 24 to 64 bytes in base64"
    )
    alert_quiet_hours: Hours | None = Field(
        None, description="from when to when nothing is sent there, such as 22:00-07:00; it is sent when they end"
    )
    webhook_private: bool = Field(
        False, description="true: webhooks of the feed may go to private addresses and to this machine too"
    )
    alert_time_zone: Zone = Field("UTC", description="whose clocks the quiet hours go by, such as Europe/Berlin")

    def require_webhook_secret(self) -> None:
        """Raises InputError where webhooks are sent and there is nothing to sign them with."""
        if self.alert_webhook_url and not self.alert_webhook_secret:
            raise InputError(
                "COVEY_ALERT_WEBHOOK_SECRET is not set, and what goes to COVEY_ALERT_WEBHOOK_URL is signed with it: "
                "whsec_ and what `openssl rand -base64 32` prints"
            )

    @property
    def quiet(self) -> QuietHours | None:
        """The quiet hours, if there are some."""
        return quiet_hours(self.alert_quiet_hours, self.alert_time_zone) if self.alert_quiet_hours else None
