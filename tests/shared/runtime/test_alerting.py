"""The settings of alerts on posts."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from shared.domain.errors import InputError
from shared.runtime.settings import Settings


def test_without_settings_there_are_thresholds_and_no_webhook() -> None:
    """500 acts an hour, three times the usual, nothing is sent, no hour is quiet."""
    settings = Settings.alone()

    assert (settings.alert_velocity, settings.alert_times_usual) == (500, 3)
    assert (settings.alert_webhook_url, settings.alert_webhook_secret, settings.quiet) == (None, None, None)


def test_quiet_hours_go_by_the_zone() -> None:
    """22 to 7 in Berlin end at 6 by UTC in winter."""
    settings = Settings.alone(alert_quiet_hours="22:00-07:00", alert_time_zone="Europe/Berlin")

    assert settings.quiet is not None
    assert settings.quiet.until(datetime(2026, 11, 28, 23, tzinfo=UTC)) == datetime(2026, 11, 29, 6, tzinfo=UTC)


def test_neither_address_nor_secret_is_shown() -> None:
    """The path of an address often is a password."""
    settings = Settings.alone(alert_webhook_url="https://hooks.example/hush", alert_webhook_secret="whsec_hush")

    assert "hush" not in repr(settings)
    assert "hush" not in str(settings)


def test_what_is_sent_must_be_signed() -> None:
    """An address without a secret is told of in a line with both settings and without their values."""
    Settings.alone().require_webhook_secret()
    Settings.alone(alert_webhook_url="https://a.example", alert_webhook_secret="whsec_x").require_webhook_secret()

    with pytest.raises(
        InputError, match=r"COVEY_ALERT_WEBHOOK_SECRET is not set, .* COVEY_ALERT_WEBHOOK_URL"
    ) as caught:
        Settings.alone(alert_webhook_url="https://hooks.example/hush").require_webhook_secret()

    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"alert_quiet_hours": "22-7"}, "COVEY_ALERT_QUIET_HOURS: .*22:00-07:00, got '22-7'"),
        ({"alert_time_zone": "Berlin"}, "COVEY_ALERT_TIME_ZONE: .*Europe/Berlin, got 'Berlin'"),
        ({"alert_velocity": -1}, "COVEY_ALERT_VELOCITY: .*, got -1"),
        ({"alert_webhook_url": "http://hooks.example/hush"}, "COVEY_ALERT_WEBHOOK_URL: .*must begin with https://"),
    ],
)
def test_what_does_not_fit_is_said(values: dict[str, object], fault: str) -> None:
    """One line with the setting and what was given; of an address nothing is shown."""
    with pytest.raises(InputError, match=fault) as caught:
        Settings.alone(**values)

    assert "hush" not in str(caught.value)
    assert "\n" not in str(caught.value)
