"""Where webhooks may be sent, and what signs them."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.errors import InputError
from shared.domain.webhooks import check_webhook_secret, check_webhook_url


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example/covey",
        "https://hooks.example:8443/T0/B0?x=1",
        "http://127.0.0.1:8000/hook",
        "http://localhost/hook",
        "http://[::1]:8000/",
    ],
)
def test_addresses_that_are_taken(url: str) -> None:
    """Over https to anywhere, over http to this machine."""
    check_webhook_url(url)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://hooks.example/hush", "must begin with https://"),
        ("http://127.0.0.1.hooks.example/hush", "must begin with https://"),
        ("http://0.0.0.0/hush", "must begin with https://"),
        ("ftp://hooks.example/hush", "is no address"),
        ("hooks.example/hush", "is no address"),
        ("https:///hush", "is no address"),
        ("https://hooks.example:99999/hush", "is no address"),
        ("https://[hush", "is no address"),
        ("https://hooks.example/hu sh", "is no address"),
        ("https://hooks.example/hush\r\nX: y", "is no address"),
        ("https://me:hush@hooks.example/", "has a login"),
    ],
)
def test_addresses_that_are_refused(url: str, why: str) -> None:
    """What is wrong is said, and nothing of the address."""
    with pytest.raises(InputError, match=why) as caught:
        check_webhook_url(url)

    assert "hush" not in str(caught.value)


@given(st.binary(min_size=24, max_size=64))
def test_secrets_that_are_taken(key: bytes) -> None:
    """24 to 64 bytes in base64."""
    check_webhook_secret(f"whsec_{base64.b64encode(key).decode()}")


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        "whsec_aHVzaA==",
        "whsec_hush hush hush hush hush hush hush",
        f"{base64.b64encode(b'x' * 32).decode()}",
    ]
    + [f"whsec_{base64.b64encode(b'x' * size).decode()}" for size in (23, 65)],
)
def test_secrets_that_are_refused(secret: str) -> None:
    """Too short, too long, no base64, or without the prefix; the secret is not shown."""
    with pytest.raises(InputError, match="is not whsec_ and 24 to 64 bytes in base64") as caught:
        check_webhook_secret(secret)

    assert "hush" not in str(caught.value)
