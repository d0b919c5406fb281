"""What people read, and the tables in it that are made from the code.

`python -m tests.ops.documents` writes the settings into docs/configure.md and the indexes into docs/data.md.
"""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

from shared.stores.bundle import INDEXES
from shared.stores.indexes import Index
from tests.ops.artifacts import ROOT

CONFIGURE, DATA = ROOT / "docs" / "configure.md", ROOT / "docs" / "data.md"
DOCUMENTS = sorted(
    [*(ROOT / "docs").glob("*.md"), *(ROOT / "ops").glob("*.md")]
    + [ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "simulator/README.md")]
)
_HEADING = re.compile(r"^# --- (.+?)(?:\. .*)?\.?$", re.M)
_SETTING = re.compile(r"^# (.*)\n#?([A-Z_]+)=(.*)$", re.M)


def settings_tables() -> dict[str, str]:
    """By heading of .env.example: its settings as a table. A test holds that file to shared/runtime/settings.py."""
    _, *parts = _HEADING.split((ROOT / ".env.example").read_text())
    tables = {}
    for heading, part in zip(parts[::2], parts[1::2], strict=True):
        rows = [
            f"| `{name}` | {f'`{value}`' if value else ''} | {meaning.replace('|', '/')} |"
            for meaning, name, value in _SETTING.findall(part)
        ]
        tables[heading] = "\n".join(["| setting | default | meaning |", "|---|---|---|", *rows])
    return tables


def index_tables() -> dict[str, str]:
    """By collection: its indexes as a table."""
    found: dict[str, list[Index]] = defaultdict(list)
    for index in INDEXES:
        found[index.collection].append(index)
    head = ["| index | keys | what else |", "|---|---|---|"]
    return {name: "\n".join([*head, *map(_row, indexes)]) for name, indexes in found.items()}


def _row(index: Index) -> str:
    keys = ", ".join(f"`{key}` {direction}" for key, direction in index.keys.items())
    told = {
        "expireAfterSeconds": lambda seconds: f"documents are removed {seconds / 3600:g} h after it",
        "unique": lambda _: "unique",
        "sparse": lambda _: "sparse",
        "partialFilterExpression": lambda only: "where " + ", ".join(f"`{k}` is `{v}`" for k, v in only.items()),
    }
    return f"| `{index.name}` | {keys} | {', '.join(told[name](value) for name, value in index.options.items())} |"


def blocks(document: Path, kind: str) -> dict[str, str]:
    """The tables of a document that stand between marks of this kind, by name."""
    pattern = rf"<!-- {kind}: ([^>]+) -->\n(.*?)\n<!-- end -->"
    return dict(re.findall(pattern, document.read_text(), flags=re.S))


def write(document: Path, kind: str, tables: dict[str, str]) -> None:
    """Put the tables between their marks."""
    text = document.read_text()
    for name, table in tables.items():
        mark = re.escape(f"<!-- {kind}: {name} -->")
        text = re.sub(rf"({mark}\n).*?(<!-- end -->)", lambda m, t=table: f"{m[1]}{t}\n{m[2]}", text, flags=re.S)  # type: ignore[misc]
    document.write_text(text)


if __name__ == "__main__":
    write(CONFIGURE, "settings", settings_tables())
    write(DATA, "indexes", index_tables())
