"""Files named by their content, whole or not there."""

from __future__ import annotations

import hashlib
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.errors import MediaRejected
from shared.media.storage import incoming, room
from tests.shared.media.conftest import JPEG


def names(root: Path) -> list[str]:
    """Names of all files under the folder."""
    return sorted(path.name for path in root.rglob("*") if path.is_file())


@settings(deadline=None, max_examples=25)
@given(cuts=st.lists(st.integers(0, 64), max_size=6))
def test_the_size_of_chunks_does_not_matter(tmp_path_factory: pytest.TempPathFactory, cuts: list[int]) -> None:
    """However the bytes arrive, the file, its hash and its type are the same."""
    root = tmp_path_factory.mktemp("media")
    edges = [0, *sorted(cuts), len(JPEG)]

    with incoming(root) as file:
        for start, end in pairwise(edges):
            file.write(JPEG[start:end])
        stored = file.keep()

    assert stored.checksum == hashlib.sha256(JPEG).hexdigest()
    assert (root / stored.path).read_bytes() == JPEG
    assert names(root) == [Path(stored.path).name]


def test_what_was_not_kept_is_gone(tmp_path: Path) -> None:
    """Leaving the block without keeping the file removes it, also when an error leaves it."""
    with incoming(tmp_path) as file:
        file.write(JPEG)
        assert len(names(tmp_path)) == 1
    assert names(tmp_path) == []

    def cut() -> None:
        with incoming(tmp_path) as file:
            file.write(JPEG)
            raise RuntimeError("cut")

    with pytest.raises(RuntimeError, match="cut"):
        cut()
    assert names(tmp_path) == []


def test_what_is_no_media_cannot_be_kept(tmp_path: Path) -> None:
    """The error shows the first bytes; nothing is left."""
    with incoming(tmp_path) as file:
        file.write(b"<html>\n\n\n\n")
        with pytest.raises(MediaRejected, match=b"<html>\n\n".hex()):
            file.keep()

    assert names(tmp_path) == []


def test_a_file_gets_its_name_whole(tmp_path: Path) -> None:
    """The very file that was written is renamed: nobody can see a part of it under the final name."""
    with incoming(tmp_path) as file:
        file.write(JPEG)
        (written,) = tmp_path.iterdir()
        inode = written.stat().st_ino
        stored = file.keep()

    assert (tmp_path / stored.path).stat().st_ino == inode


def test_the_folder_is_made_when_the_first_file_comes(tmp_path: Path) -> None:
    """With its parents."""
    root = tmp_path / "a" / "b"

    with incoming(root) as file:
        file.write(JPEG)
        stored = file.keep()

    assert (root / stored.path).is_file()


def test_keeping_the_same_content_again_leaves_one_file(tmp_path: Path) -> None:
    """The second one takes the place of the first, which is the same."""
    paths = set()
    for _ in range(2):
        with incoming(tmp_path) as file:
            file.write(JPEG)
            paths.add(file.keep().path)

    assert len(paths) == 1
    assert len(names(tmp_path)) == 1


def test_the_room_of_a_disk_is_told(tmp_path: Path) -> None:
    """What is free and the size of the disk, in bytes; nothing of a folder that is not there."""
    free, size = room(tmp_path) or (0, 0)

    assert 0 < free < size
    assert room(tmp_path / "missing") is None
