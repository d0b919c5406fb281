"""Whom a pool of connections trusts."""

from __future__ import annotations

import math
import ssl
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from shared.http.adapter import BoundedAdapter, certificate_end_of
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


def test_the_end_of_the_certificate_of_the_other_side_is_known(tmp_path: Path) -> None:
    """Once it was shown, by host; a host that was not asked has none."""
    file, context = certificate(tmp_path, days=9)
    with serving(always(200, b"hello"), context) as server, exchange(5):
        BoundedAdapter(ca_file=file).send(requests.Request("GET", server.url).prepare(), timeout=1)

    host = urlsplit(server.url).hostname or ""
    assert 8 * 86_400 < certificate_end_of(host) - time.time() <= 9 * 86_400
    assert certificate_end_of("nobody.invalid") == math.inf


@pytest.mark.parametrize(
    "content", [b"", b"not PEM", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_a_file_without_a_certificate_is_no_authority(tmp_path: Path, content: bytes) -> None:
    """An error of OpenSSL at once, not at the first request."""
    file = tmp_path / "ca.pem"
    file.write_bytes(content)

    with pytest.raises(ssl.SSLError):
        BoundedAdapter(ca_file=file)


def test_the_public_authorities_are_read_once_a_process(tmp_path: Path) -> None:
    """All adapters that trust them share what was read; one with a file of its own shares with nobody."""
    file, _context = certificate(tmp_path)

    public = [_trust_of(BoundedAdapter()) for _ in range(2)]
    own = [_trust_of(BoundedAdapter(ca_file=file)) for _ in range(2)]

    assert public[0] is public[1]
    assert len({id(context) for context in (*public, *own)}) == 3
    assert [len(context.get_ca_certs()) for context in own] == [1, 1]


def _trust_of(adapter: BoundedAdapter) -> ssl.SSLContext:
    context = adapter.poolmanager.connection_pool_kw["ssl_context"]
    assert isinstance(context, ssl.SSLContext)
    return context
