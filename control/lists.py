"""Words in files and on standard input: lists, and columns of tables. Pure: bytes in, words with their place out.

Owns how a file is decoded, what separates words, and which rows count. Must not judge a word. Invariant: every word
that is not part of a comment is answered, with the line on which it stands; nothing is skipped because it looks wrong.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass

from shared.domain.errors import InputError
from shared.platforms.x.addresses import AROUND

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_COMMENT = re.compile(r"(?:^|(?<=\s))#.*")
_BETWEEN_WORDS = re.compile(r"[\s,;]+")
# What the first row of a column may say that was asked for by its number.
_TITLE_NAMES = """
    account author handle handles id ids link name post post_id post_ids screen_name status_id tweet tweet_id tweet_ids
    url user user_name username usernames
"""
_TITLES = frozenset(_TITLE_NAMES.split())


@dataclass(frozen=True, slots=True)
class Word:
    """A text that a person gave; `place` says where it stands, and is empty for an argument of the command."""

    text: str
    place: str = ""


def words(data: bytes, source: str, column: str | None = None) -> list[Word]:
    """The words of a list, or the cells of one column of a table (CSV, TSV, or separated by semicolons).

    source: what the file is called. column: the title of the column, or its number from 1 on. Blank lines and comments
    (# and what follows) are left out. Raises InputError for what is no text, and for a column that is not there.
    """
    text = _decoded(data, source).replace("\r\n", "\n").replace("\r", "\n")
    found = _listed(text) if column is None else _cells(text, source, column)
    return [Word(word, f"{source}, line {line}") for line, word in found]


def _decoded(data: bytes, source: str) -> str:
    """The text. Bytes that are not UTF-8 are marked, not refused: ids and handles are ASCII."""
    encoding = next((name for mark, name in _BOMS if data.startswith(mark)), "utf-8")
    text = data.decode(encoding, errors="replace")
    if "\0" in text:
        raise InputError(f"{source} is no text, or UTF-16 without a byte order mark: save it as UTF-8")
    return text.replace("\ufeff", "")


def _listed(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.split("\n"), start=1):
        for word in _BETWEEN_WORDS.split(_COMMENT.sub("", line)):
            if word.strip(AROUND):
                yield number, word


def _cells(text: str, source: str, column: str) -> Iterator[tuple[int, str]]:
    rows = _rows(text, source)
    first = next(rows, None)
    if first is None:
        return
    titles = [cell.strip(AROUND) for cell in first[1]]
    index = _index(titles, source, column)
    if column.isdecimal() and titles[index].lower() not in _TITLES:
        yield first[0], first[1][index]
    for number, row in rows:
        yield number, row[index] if index < len(row) else ""


def _rows(text: str, source: str) -> Iterator[tuple[int, list[str]]]:
    """The rows with the line on which each begins; without blank ones and comments."""
    lines = text.split("\n")
    first = next((line for line in lines if line.strip() and not line.startswith("#")), "")
    reader = csv.reader((f"{line}\n" for line in lines), delimiter=max("\t;,", key=first.count))
    number = 1
    try:
        for row in reader:
            if any(cell.strip(AROUND) for cell in row) and not row[0].lstrip().startswith("#"):
                yield number, row
            number = reader.line_num + 1
    except csv.Error as error:
        raise InputError(f"{source}, line {number}: not a row of a table: {error}") from None


def _index(titles: list[str], source: str, column: str) -> int:
    """Where the column is. Raises InputError that names those that there are."""
    if column.isdecimal():
        if not 1 <= int(column[:9]) <= len(titles):
            raise InputError(f"{source} has no column {column}: there are {len(titles)}, counted from 1")
        return int(column) - 1
    found = [index for index, title in enumerate(titles) if title.lower() == column.strip(AROUND).lower()]
    if len(found) != 1:
        names = ", ".join(titles[:20])[:200]
        raise InputError(f"{source} has {len(found) or 'no'} columns {column!r}: its first row is {names}")
    return found[0]
