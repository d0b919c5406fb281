"""What the demo does to a folder that is not its own."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from control import demo
from shared.domain.errors import InputError
from shared.runtime.disk import held


def test_a_folder_of_anything_else_is_left_alone(tmp_path: Path) -> None:
    """A folder that no demo has made is named, and nothing in it is removed, though it looks like one of ours."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "mongo").mkdir()
    options = demo.Options(seconds=5, accounts=1, workers=1, seed=1, data_dir=tmp_path)

    with pytest.raises(InputError, match=str(tmp_path)):
        demo.run(options, show=lambda _: None, say=lambda _: None, stop=threading.Event())

    assert sorted(path.name for path in tmp_path.iterdir()) == ["logs", "mongo"]


def test_two_at_once_do_not_share_a_folder(tmp_path: Path) -> None:
    """The second is told who holds it, and what the first has there stays."""
    options = demo.Options(seconds=5, accounts=1, workers=1, seed=1, data_dir=tmp_path)

    with held(tmp_path, "covey demo"):
        (tmp_path / demo.MARK).touch()
        (tmp_path / "redis").mkdir()
        with pytest.raises(InputError, match=rf"in use by covey demo \(process {os.getpid()}\)"):
            demo.run(options, show=lambda _: None, say=lambda _: None, stop=threading.Event())

    assert (tmp_path / "redis").is_dir()
