"""What the demo does to a folder that is not its own."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from control import demo
from shared.domain.errors import InputError


def test_a_folder_of_anything_else_is_left_alone(tmp_path: Path) -> None:
    """A folder that no demo has made is named, and nothing in it is removed, though it looks like one of ours."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "mongo").mkdir()
    options = demo.Options(seconds=5, accounts=1, workers=1, seed=1, data_dir=tmp_path)

    with pytest.raises(InputError, match=str(tmp_path)):
        demo.run(options, show=lambda _: None, say=lambda _: None, stop=threading.Event())

    assert sorted(path.name for path in tmp_path.iterdir()) == ["logs", "mongo"]
