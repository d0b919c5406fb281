"""The end of the certificates of a file."""

from __future__ import annotations

import math
import time
from pathlib import Path

import pytest

from shared.domain.errors import InputError
from shared.http.certificates import first_end
from tests.cases.hosts import certificate

DAY_SECONDS = 86_400


def test_no_file_never_ends() -> None:
    """The public authorities are not ours to renew."""
    assert first_end(None) == math.inf


def test_the_first_end_of_several_counts(tmp_path: Path) -> None:
    """A file may hold the next certificate beside the present one."""
    files = []
    for days in (9, 3):
        folder = tmp_path / str(days)
        folder.mkdir()
        files.append(certificate(folder, days=days)[0].read_text())
    both = tmp_path / "both.pem"
    both.write_text("".join(files))

    assert first_end(both) - time.time() == pytest.approx(3 * DAY_SECONDS, abs=DAY_SECONDS / 2)


def test_a_file_without_certificates_is_refused(tmp_path: Path) -> None:
    """The error names the file."""
    with pytest.raises(InputError, match=r"nothing\.pem"):
        first_end(tmp_path / "nothing.pem")
