"""What an export is written as: JSON lines, CSV or parquet, batch by batch, so that a batch is whole or not there.

    jsonl, csv   one file that grows; a mark is its length in bytes, and what is beyond the mark is cut off
    parquet      a folder with a small file for each batch, put together at the end: none can be gone on with

Invariant: after `mark`, what was written outlives the process and the machine.
"""

from __future__ import annotations

import csv
import io
import os
import shutil
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol

from control.exporting_fields import Field, Form, Row, flat, iso, json_text
from shared.domain.errors import InputError

# A row group of a parquet file: small enough to be held, large enough to compress.
GROUP_ROWS: Final = 20_000


class Format(StrEnum):
    """What a file is."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


class Sink(Protocol):
    """Where batches go."""

    def write(self, rows: Sequence[Row]) -> None:
        """Add a batch."""
        ...

    def mark(self) -> int:
        """Where the next batch begins, once all before it is on the disk."""
        ...

    def finish(self, target: Path) -> None:
        """Make the whole of it the file `target`."""
        ...


class TextSink:
    """JSON lines or CSV into an open file; `header` says whether a CSV begins with the names of its columns."""

    def __init__(self, file: BinaryIO, form: Format, fields: Sequence[Field], *, header: bool = True) -> None:
        self._file, self._encode = file, _csv if form is Format.CSV else _jsonl
        self._names = [field.name for field in fields]
        if header and form is Format.CSV:
            self._file.write((",".join(self._names) + "\n").encode())

    def write(self, rows: Sequence[Row]) -> None:
        """Add a batch and hand it on."""
        self._file.write(self._encode(rows, self._names))
        self._file.flush()

    def mark(self) -> int:
        """The length of the file."""
        os.fsync(self._file.fileno())
        return self._file.tell()

    def finish(self, target: Path) -> None:
        """Give the file its name."""
        self.mark()
        self._file.close()
        Path(self._file.name).replace(target)


class ParquetSink:
    """A parquet file for each batch in `folder`, from number `mark` on."""

    def __init__(self, folder: Path, fields: Sequence[Field], mark: int = 0) -> None:
        self._arrow, self._parquet = _pyarrow()
        self._folder, self._next = folder, mark
        self._schema = self._arrow.schema([(field.name, _type(self._arrow, field.form)) for field in fields])
        folder.mkdir(parents=True, exist_ok=True)

    def write(self, rows: Sequence[Row]) -> None:
        """Add a batch; an empty one leaves nothing."""
        if rows:
            table = self._arrow.Table.from_pylist([flat(row) for row in rows], schema=self._schema)
            with self._part(self._next).open("wb") as file:
                self._parquet.write_table(table, file)
                file.flush()
                os.fsync(file.fileno())
            self._next += 1

    def mark(self) -> int:
        """The number of the next batch."""
        return self._next

    def finish(self, target: Path) -> None:
        """Put the batches together in groups of GROUP_ROWS, and take their folder away."""
        whole = target.with_name(target.name + ".whole")
        with self._parquet.ParquetWriter(whole, self._schema, compression="zstd") as writer:
            held: list[Any] = []
            for number in range(self._next):
                held.append(self._parquet.read_table(self._part(number), memory_map=False))
                if sum(table.num_rows for table in held) >= GROUP_ROWS:
                    writer.write_table(self._arrow.concat_tables(held).combine_chunks())
                    held = []
            if held:
                writer.write_table(self._arrow.concat_tables(held).combine_chunks())
        whole.replace(target)
        shutil.rmtree(self._folder)

    def _part(self, number: int) -> Path:
        return self._folder / f"{number:08}.parquet"


def check_format(form: Format) -> None:
    """Raises InputError where what the format needs is not installed."""
    if form is Format.PARQUET:
        _pyarrow()


def check_target(target: Path) -> None:
    """Raises InputError for what no file can take the place of: a folder, a device, a pipe, nothing."""
    if not target.name or (target.exists() and not target.is_file()):
        raise InputError(f"{str(target)!r} is no file: name one with --output, or leave it out for standard output")


def open_sink(partial: Path, form: Format, fields: Sequence[Field], mark: int | None) -> Sink:
    """A sink into `partial`, begun anew (mark None) or gone on with. Raises InputError where it cannot be."""
    try:
        if form is Format.PARQUET:
            if mark is None:
                shutil.rmtree(partial, ignore_errors=True)
            return ParquetSink(partial, fields, mark or 0)
        file = partial.open("wb" if mark is None else "r+b")
    except OSError as error:
        raise InputError(f"{str(partial)!r} cannot be written: {error.strerror}") from None
    if mark is not None:
        if file.seek(0, io.SEEK_END) < mark:
            raise InputError(f"{str(partial)!r} is shorter than it was: export again without --resume")
        file.truncate(mark)
        file.seek(mark)
    return TextSink(file, form, fields, header=mark is None)


def _jsonl(rows: Sequence[Row], names: Sequence[str]) -> bytes:
    return "".join(json_text(row) + "\n" for row in rows).encode()


def _csv(rows: Sequence[Row], names: Sequence[str]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([_cell(value) for value in flat(row).values()] for row in rows)
    return text.getvalue().encode()


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return iso(value) if hasattr(value, "isoformat") else value


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise InputError("parquet needs pyarrow, which is not installed: pip install 'covey[export]'") from None
    return pyarrow, pyarrow.parquet


def _type(arrow: Any, form: Form) -> Any:
    return {
        Form.WHOLE: arrow.int64(),
        Form.REAL: arrow.float64(),
        Form.FLAG: arrow.bool_(),
        Form.TIME: arrow.timestamp("ms", tz="UTC"),
    }.get(form, arrow.string())
