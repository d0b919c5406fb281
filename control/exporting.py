"""An export from its first batch to its file, or on from where one ended.

    FILE.part, FILE.part.json --batch, mark--> ... --the last--> FILE
                    ^---- a crash, Ctrl-C: --resume goes on at the mark

The state is written after its batch, so what is beyond its mark is of no batch that was whole. Reads MongoDB only.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from threading import Event
from typing import Any, Final

from control.exporting_fields import Field, mapper
from control.exporting_files import Format, Sink, open_sink
from shared.domain.errors import InputError
from shared.stores.batches import BatchStore, Wanted

# So many documents are read at a time: 2,000 posts with all that X sent of them are 40 MB in memory.
BATCH: Final = 2_000


@dataclass(frozen=True, slots=True)
class Export:
    """What is exported. asked: the words that it was asked with, by which a partial file is known again."""

    wanted: Wanted
    fields: tuple[Field, ...]
    form: Format
    asked: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Standing:
    """How far it is: rows written, documents looked at, the last of these, the mark of the file."""

    rows: int = 0
    passed: int = 0
    last_id: str | None = None
    mark: int | None = None


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

    Raises InputError, also once `stop` is set, and StoreUnavailable.
    """
    partial, noted = _partial(target), _noted(target)
    begun = before or Standing()
    if before is None:
        noted.unlink(missing_ok=True)
    sink = open_sink(partial, export.form, export.fields, begun.mark)
    standing = begun
    for step in _steps(batches, export, sink, begun):
        standing = replace(step, mark=sink.mark())
        _note(noted, export, standing)
        tell(standing)
        if stop.is_set():
            raise InputError(f"interrupted after {standing.rows} rows; the same command with --resume goes on")
    sink.finish(target)
    noted.unlink(missing_ok=True)
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


def left_at(target: Path) -> tuple[dict[str, Any], Standing]:
    """What a partial file was asked with, and how far it is. Raises InputError where there is none to go on with."""
    try:
        document = json.loads(_noted(target).read_text(encoding="utf-8"))
        return document["asked"], Standing(**document["standing"])
    except FileNotFoundError:
        raise InputError(f"there is no partial export of {str(target)!r} to resume") from None
    except (OSError, ValueError, KeyError, TypeError):
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
    fresh.write_text(json.dumps({"asked": export.asked, "standing": asdict(standing)}), encoding="utf-8")
    fresh.replace(noted)


def _partial(target: Path) -> Path:
    return target.with_name(target.name + ".part")


def _noted(target: Path) -> Path:
    return target.with_name(target.name + ".part.json")
