"""An export from its first batch to its file, or on from where one ended.

    FILE.part, FILE.part.json --batch, mark--> ... --the last--> FILE
                    ^---- a crash, Ctrl-C: --resume goes on at the mark

The state is written after its batch, so what is beyond its mark is of no batch that was whole. Reads MongoDB only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import Final

from pydantic import NonNegativeInt, TypeAdapter

from control.exporting_fields import Field, mapper
from control.exporting_files import Format, Sink, open_sink
from shared.domain.errors import InputError, NoRoom
from shared.stores.batches import BatchStore, Wanted

# So many documents are read at a time: 2,000 posts with all that X sent of them are 40 MB in memory.
BATCH: Final = 2_000
_GOES_ON: Final = "the same command with --resume goes on"


Times = tuple[datetime | None, datetime | None]


@dataclass(frozen=True, slots=True)
class Export:
    """What is exported. asked: the words that it was asked with, by which a partial file is known again, and `times`:
    the span that they meant then.
    """

    wanted: Wanted
    fields: tuple[Field, ...]
    form: Format
    asked: dict[str, str | None] = field(default_factory=dict)
    times: Times = (None, None)


@dataclass(frozen=True, slots=True)
class Standing:
    """How far it is: rows written, documents looked at, the last of these, the mark of the file."""

    rows: int = 0
    passed: int = 0
    last_id: str | None = None
    mark: NonNegativeInt | None = None


@dataclass(frozen=True, slots=True)
class Left:
    """What is noted beside a partial file: of its export, and how far it is."""

    asked: dict[str, str | None]
    times: Times
    standing: Standing


_LEFT: Final = TypeAdapter(Left)


def to_file(
    batches: BatchStore,
    export: Export,
    target: Path,
    *,
    before: Standing | None = None,
    tell: Callable[[Standing], None],
    stop: Event,
) -> Standing:
    """Write all of it to `target`, from `before` on.

    Raises InputError, also once `stop` is set, NoRoom and StoreUnavailable.
    """
    partial, noted = _partial(target), _noted(target)
    standing = before or Standing()
    if before is None:
        noted.unlink(missing_ok=True)
    sink = open_sink(partial, export.form, export.fields, standing.mark)
    try:
        for step in _steps(batches, export, sink, standing):
            standing = replace(step, mark=sink.mark())
            _note(noted, export, standing)
            tell(standing)
            if stop.is_set():
                raise InputError(f"interrupted after {standing.rows} rows; {_GOES_ON}")
        sink.finish(target)
        noted.unlink(missing_ok=True)
    except OSError as error:
        raise NoRoom(
            str(target), f"cannot be written after {standing.rows} rows: {error.strerror}; {_GOES_ON}"
        ) from None
    return standing


def to_stream(
    batches: BatchStore, export: Export, sink: Sink, *, tell: Callable[[Standing], None], stop: Event
) -> Standing:
    """Write all of it to a sink that cannot be gone on with. Raises as `to_file`."""
    standing = Standing()
    for standing in _steps(batches, export, sink, Standing()):
        tell(standing)
        if stop.is_set():
            raise InputError(f"interrupted after {standing.rows} rows")
    return standing


def left_at(target: Path) -> Left:
    """What is left of an export that was interrupted. Raises InputError where there is none to go on with."""
    try:
        return _LEFT.validate_json(_noted(target).read_bytes())
    except FileNotFoundError:
        raise InputError(f"there is no partial export of {str(target)!r} to resume") from None
    except (OSError, ValueError):
        raise InputError(f"{str(_noted(target))!r} cannot be read: export again without --resume") from None


def _steps(batches: BatchStore, export: Export, sink: Sink, standing: Standing) -> Iterator[Standing]:
    """How it stands after each batch."""
    row = mapper(export.fields)
    while (stretch := batches.after(export.wanted, standing.last_id, BATCH)) is not None:
        sink.write([row(document) for document in stretch.documents])
        rows, passed = standing.rows + len(stretch.documents), standing.passed + stretch.passed
        standing = Standing(rows, passed, stretch.last_id)
        yield standing


def _note(noted: Path, export: Export, standing: Standing) -> None:
    fresh = noted.with_name(noted.name + ".new")
    fresh.write_bytes(_LEFT.dump_json(Left(export.asked, export.times, standing)))
    fresh.replace(noted)


def _partial(target: Path) -> Path:
    return target.with_name(target.name + ".part")


def _noted(target: Path) -> Path:
    return target.with_name(target.name + ".part.json")
