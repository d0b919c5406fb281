"""Whom a pool of connections trusts."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
import requests

from shared.http.adapter import BoundedAdapter
from shared.http.exchange import exchange
from tests.cases.hosts import certificate
from tests.shared.platforms.x.local_server import always, serving


def test_a_file_of_authorities_stands_in_place_of_the_public_ones(tmp_path: Path) -> None:
    """With it its host is believed, without it not, and no environment changes that."""
    file, context = certificate(tmp_path)
    with serving(always(200, b"hello"), context) as server, exchange(5):
        request = requests.Request("GET", server.url).prepare()

        assert BoundedAdapter(ca_file=file).send(request, timeout=1).content == b"hello"
        with pytest.raises(requests.exceptions.SSLError):
            BoundedAdapter().send(request, timeout=1)


@pytest.mark.parametrize(
    "content", [b"", b"not PEM", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_a_file_without_a_certificate_is_no_authority(tmp_path: Path, content: bytes) -> None:
    """An error of OpenSSL at once, not at the first request."""
    file = tmp_path / "ca.pem"
    file.write_bytes(content)

    with pytest.raises(ssl.SSLError):
        BoundedAdapter(ca_file=file)
