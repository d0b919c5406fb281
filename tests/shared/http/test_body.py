"""Which announced lengths are believed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from shared.http.body import UnusableLength, announced_bytes


@given(st.integers(0, 10**18 - 1), st.integers(1, 3))
def test_a_number_is_believed_also_where_it_is_repeated(length: int, times: int) -> None:
    """The same number several times is one number (RFC 9110, section 8.6)."""
    assert announced_bytes(CaseInsensitiveDict({"content-length": ", ".join([str(length)] * times)})) == length


@given(st.text())
def test_whatever_is_announced_it_is_a_number_or_refused(text: str) -> None:
    """No text makes anything else of the header."""
    try:
        assert announced_bytes({"Content-Length": text}) in range(10**18)
    except UnusableLength:
        assert not (text.isascii() and text.isdigit() and len(text) < 19)


@pytest.mark.parametrize("length", ["", "many", "-5", "+5", "5, 6", "1e3", "0x10", "٣", "9" * 5_000])
def test_what_is_no_length_is_refused(length: str) -> None:
    """Neither guessed at nor left to Python's own idea of a number."""
    with pytest.raises(UnusableLength):
        announced_bytes({"Content-Length": length})


@pytest.mark.parametrize("headers", [{}, {"Transfer-Encoding": "chunked", "Content-Length": "many"}])
def test_a_body_in_chunks_has_no_announced_length(headers: dict[str, str]) -> None:
    """The chunks say where it ends (RFC 9112, section 6.3)."""
    assert announced_bytes(headers) is None
