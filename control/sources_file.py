"""A file of sources (YAML): read with the line of everything that is wrong in it, and written. Pure.

sources:
  - id: agencies
    accounts: [nasa, esa]
    interval: 5m
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import yaml

from control.sources_form import Reader, fields_of
from shared.domain.errors import InputError
from shared.domain.sources import Source

NAMED_FAULTS: Final = 5
# A source has fields, of which some have lists: what is nested deeper, or without end by references, is none.
_DEEPEST = 5


@dataclass(frozen=True, slots=True)
class Entry:
    """A source of a file. given: the fields that the file names."""

    source: Source
    line: int
    given: frozenset[str]


def parse(text: str, name: str, *, now: datetime) -> list[Entry]:
    """The sources of a file called `name`. Raises InputError that names the lines of what is wrong."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise InputError(f"{name}{_where(error)}: not YAML: {_problem(error)}; nothing was done") from None
    faults: list[str] = []
    entries = _entries(root, name, faults, now)
    for entry in _twice(entries):
        faults.append(f"{name}, line {entry.line}: source {entry.source.id} is there twice")
    if faults:
        more = f" (and {len(faults) - NAMED_FAULTS} more)" if len(faults) > NAMED_FAULTS else ""
        raise InputError(f"{'; '.join(faults[:NAMED_FAULTS])}{more}; nothing was done")
    return entries


def dump(sources: Iterable[Source]) -> str:
    """A file of these sources, which reads as the same."""
    document = {"sources": [fields_of(source) for source in sources]}
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)


def _entries(root: yaml.Node | None, name: str, faults: list[str], now: datetime) -> list[Entry]:
    if not isinstance(root, yaml.MappingNode):
        faults.append(f"{name}: no file of sources: it begins with `sources:`")
        return []
    entries: list[Entry] = []
    for key, node in root.value:
        if key.value != "sources":
            faults.append(f"{name}, line {_line(key)}: {key.value!r} is not known here; only sources is")
        elif not isinstance(node, yaml.SequenceNode):
            faults.append(f"{name}, line {_line(key)}: sources is a list")
        else:
            entries += [entry for one in node.value if (entry := _entry(one, name, faults, now)) is not None]
    return entries


def _entry(node: yaml.Node, name: str, faults: list[str], now: datetime) -> Entry | None:
    lines: dict[str, int] = {"": _line(node)}
    if not isinstance(node, yaml.MappingNode):
        faults.append(f"{name}, line {_line(node)}: a source has fields, such as id and accounts")
        return None
    before = len(faults)
    fields = _plain(node, "", lines, f"{name}", faults)
    called = fields.get("id") if isinstance(fields.get("id"), str) else "without id"

    def place(field: str) -> str:
        line = lines.get(field) or lines.get(field.partition(".")[0]) or lines[""]
        return f"{name}, line {line}: source {called}{f': {field}' if field else ''}"

    reader = Reader(fields, now, place)
    source = reader.read()
    faults += reader.faults
    if source is None or len(faults) > before:
        return None
    return Entry(source, lines[""], frozenset(fields))


def _plain(node: yaml.Node, path: str, lines: dict[str, int], name: str, faults: list[str]) -> Any:
    """The values of a node, every scalar as text, with the line of each path."""
    if path.count(".") > _DEEPEST:
        faults.append(f"{name}, line {_line(node)}: nested too deep")
        return None
    if isinstance(node, yaml.ScalarNode):
        return None if node.tag == "tag:yaml.org,2002:null" else node.value
    if isinstance(node, yaml.SequenceNode):
        return [_plain(one, f"{path}.", lines, name, faults) for one in node.value]
    found: dict[str, Any] = {}
    for key, value in node.value:
        inside = f"{path}.{key.value}" if path else str(key.value)
        if key.value in found:
            faults.append(f"{name}, line {_line(key)}: {inside} is there twice")
        lines[inside] = _line(key)
        found[str(key.value)] = _plain(value, inside, lines, name, faults)
    return found


def _twice(entries: Iterable[Entry]) -> list[Entry]:
    seen: set[str] = set()
    return [entry for entry in entries if entry.source.id in seen or seen.add(entry.source.id)]  # type: ignore[func-returns-value]


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _where(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    return f", line {mark.line + 1}" if mark else ""


def _problem(error: yaml.YAMLError) -> str:
    return str(getattr(error, "problem", None) or error).partition("\n")[0]
