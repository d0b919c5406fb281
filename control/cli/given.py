"""What a command was given: arguments, standard input (-) and a file (--file), as words with their place.

Owns the options that say where words are. Must not judge a word: `control.inputs` does.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shared.domain.errors import InputError

if TYPE_CHECKING:
    from control.lists import Word

STDIN = "-"
Handles = Annotated[
    list[str] | None,
    typer.Argument(metavar="HANDLE", help="name, @name or the address of a profile; - reads them from stdin."),
]
File = Annotated[
    Path | None,
    typer.Option(
        help="Read them from a file too: words separated by spaces, commas or lines; blank lines and # comments are "
        "skipped. UTF-8 or UTF-16. - is stdin."
    ),
]
Column = Annotated[
    str | None,
    typer.Option(help="The file, or stdin, is a table (CSV, TSV): which column, by title or number, such as id or 2."),
]


def given(arguments: Sequence[str] | None, file: Path | None, column: str | None) -> list[Word]:
    """All words, in the order given, the file's last. Raises InputError where a file cannot be read."""
    from control.lists import Word, words

    found: list[Word] = []
    for argument in dict.fromkeys(arguments or ()):
        found += words(sys.stdin.buffer.read(), "standard input", column) if argument == STDIN else [Word(argument)]
    if file is not None and str(file) == STDIN:
        found += words(sys.stdin.buffer.read(), "standard input", column) if STDIN not in (arguments or ()) else []
    elif file is not None:
        found += words(_content(file), file.name, column)
    elif column is not None and STDIN not in (arguments or ()):
        raise InputError("--column is for a table: give its --file, or - for standard input")
    return found


def text_of(file: Path) -> str:
    """What a file says. Raises InputError where it cannot be read as UTF-8."""
    try:
        return _content(file).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{str(file)!r} is not UTF-8 at byte {error.start}") from None


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise InputError(f"{str(file)!r} cannot be read: {error.strerror}") from None
