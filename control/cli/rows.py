"""Lists as tables, and as cards where a table would cut words: one "name: value" line a fact, an empty line between.

Owns when which is shown: cards below NARROW columns, and where the longest words of a row do not fit side by side.
Values are plain text, never markup.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

NARROW = 80
UNBOUNDED = 100_000


@dataclass(frozen=True)
class Rows:
    """A list to print. whole: columns whose values stand on one line. styles: value -> style, in any column."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str | None = None
    whole: Iterable[str] = ()
    styles: dict[str, str] = field(default_factory=dict)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The form that fits."""
        table = self._table()
        least = Measurement.get(console, options.update(width=UNBOUNDED), table).minimum
        if options.max_width < NARROW or least > options.max_width:
            yield from self._cards(options.max_width)
        else:
            yield table

    def _table(self) -> Table:
        table = Table(title=self.title)
        for name in self.columns:
            table.add_column(name, no_wrap=name in set(self.whole))
        for row in self.rows:
            table.add_row(*(Text(value, self.styles.get(value, "")) for value in row))
        return table

    def _cards(self, width: int) -> Iterable[Text]:
        if self.title:
            yield Text(f"{self.title}:", "italic")
        for number, row in enumerate(self.rows):
            if number:
                yield Text("")
            for name, value in zip(self.columns, row, strict=True):
                if value:
                    yield Text(_line(name, value, width), self.styles.get(value, ""), overflow="fold")


def _line(name: str, value: str, width: int) -> str:
    """One fact; what is longer than the terminal goes on below, between words."""
    return "\n".join(
        textwrap.wrap(
            f"{name}: {value}",
            width=width,
            subsequent_indent="  ",
            break_long_words=False,
            break_on_hyphens=False,
        )
    )
