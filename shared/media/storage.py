"""Files under the media folder, named by the SHA-256 of their content.

A file appears under its final name whole or not at all: it is written beside it, synced, then renamed. The same content
is kept once, whatever the number of media keys that point at it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from shared.domain.errors import MediaRejected, NoRoom
from shared.media.sniffing import HEAD_BYTES, extension_of
from shared.runtime.disk import writing


@dataclass(frozen=True, slots=True)
class StoredFile:
    """`path` is relative to the media folder; `checksum` is the SHA-256 in hex."""

    path: str
    byte_size: int
    checksum: str


class IncomingFile:
    """A file that is being written. Hashes as it goes."""

    def __init__(self, root: Path, temporary: Path) -> None:
        self._root = root
        self._temporary = temporary
        self._output = temporary.open("wb")
        self._hash = hashlib.sha256()
        self._head = b""
        self.byte_size = 0

    def write(self, chunk: bytes) -> None:
        """Append bytes."""
        if len(self._head) < HEAD_BYTES:
            self._head += chunk[: HEAD_BYTES - len(self._head)]
        self._hash.update(chunk)
        self._output.write(chunk)
        self.byte_size += len(chunk)

    def keep(self) -> StoredFile:
        """Make the file durable under its final name. Raises MediaRejected when it is not media."""
        extension = extension_of(self._head)
        if extension is None:
            raise MediaRejected(f"not an image or a video: the file begins with {self._head[:8].hex()}")
        self._output.flush()
        os.fsync(self._output.fileno())
        checksum = self._hash.hexdigest()
        relative = Path(checksum[:2], f"{checksum}.{extension}")
        final = self._root / relative
        final.parent.mkdir(exist_ok=True)
        self._temporary.replace(final)
        return StoredFile(str(relative), self.byte_size, checksum)

    def close(self) -> None:
        """Let go of what was not kept."""
        self._output.close()
        self._temporary.unlink(missing_ok=True)


@contextmanager
def incoming(root: Path) -> Iterator[IncomingFile]:
    """A new file under `root`; removed at the end unless it was kept. Raises NoRoom where the disk does not take it."""
    with writing(root):
        root.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".incoming-", dir=root)
        os.close(handle)
        file = IncomingFile(root, Path(name))
        try:
            yield file
        finally:
            file.close()


def remove(root: Path, path: str) -> None:
    """Delete the file at `path`, relative to `root`, if it is there. Raises NoRoom where the folder does not let it."""
    with writing(root):
        (root / Path(path).name[:2] / Path(path).name).unlink(missing_ok=True)


def room(root: Path) -> tuple[int, int] | None:
    """Bytes that are free on the disk of `root`, and its size; None where the folder is not there or cannot be read."""
    try:
        usage = shutil.disk_usage(root)
    except OSError:
        return None
    return usage.free, usage.total


def why_no_room(root: Path, *, min_free_bytes: int) -> str | None:
    """Why nothing can be stored under `root` now, in a sentence; None: it can."""
    try:
        with writing(root):
            root.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=root):
                free = shutil.disk_usage(root).free
    except NoRoom as error:
        return str(error)
    return (
        f"{root}: {free / 1e6:.0f} MB are free, {min_free_bytes / 1e6:.0f} MB are to stay free"
        if free < min_free_bytes
        else None
    )
