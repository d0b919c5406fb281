"""Why a server is away: the system's error is found in what a driver made of it, and no word of the driver is told."""

from __future__ import annotations

import errno
import socket
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.runtime.reaching import why_away

CAUSES = {
    "its name cannot be resolved": socket.gaierror(socket.EAI_NONAME, "hunter2"),
    "the connection is refused": ConnectionRefusedError(errno.ECONNREFUSED, "hunter2"),
    "TLS failed": ssl.SSLError(1, "hunter2"),
    "there is no such socket": FileNotFoundError(errno.ENOENT, "hunter2"),
    "it gives no answer": TimeoutError("hunter2"),
}


def wrapped(cause: BaseException, *, explicitly: bool) -> BaseException:
    """An error of a driver that was raised from the cause, or while it was handled."""
    try:
        try:
            raise cause
        except OSError as error:
            if explicitly:
                raise RuntimeError("hunter2") from error
            raise RuntimeError("hunter2")  # noqa: B904  # as drivers do
    except RuntimeError as error:
        return error


@pytest.mark.parametrize("told", CAUSES)
def test_the_cause_is_found_in_what_a_driver_made_of_it(told: str) -> None:
    """Bare, raised from it, and raised while it was handled."""
    for error in (CAUSES[told], wrapped(CAUSES[told], explicitly=True), wrapped(CAUSES[told], explicitly=False)):
        assert why_away(error).startswith(told)
        assert "; check " in why_away(error)
        assert "hunter2" not in why_away(error)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("h:1: [Errno -2] Name or service not known", "its name cannot be resolved"),
        (f"h:1: [Errno {errno.ECONNREFUSED}] Connection refused", "the connection is refused"),
        ("h:1: timed out", "it gives no answer"),
    ],
)
def test_the_number_in_a_text_is_enough(text: str, told: str) -> None:
    """MongoDB's driver keeps no more of the cause."""
    assert why_away(RuntimeError(text)).startswith(told)


@given(st.text())
def test_no_word_of_an_error_is_told(text: str) -> None:
    """Of any text one of five sentences is made."""
    assert any(why_away(RuntimeError(text)).startswith(told) for told in CAUSES)
