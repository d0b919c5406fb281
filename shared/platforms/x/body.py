"""From the bytes of an answer to JSON, and small typed looks into it.

Pure. Invariant: whatever the bytes are, the outcome is a value or NoAnswer, never another exception; every text can
be written as UTF-8, because half a surrogate pair would make MongoDB refuse the whole page. A value that lies too deep
or a number too long for Python becomes its own text, so that the rest can be read.
"""

from __future__ import annotations

import json
import re
import sys
from typing import Any

from shared.domain.errors import NoAnswer
from shared.domain.models import JsonObject

_ID_DIGITS = 25  # X's specification allows 19; should they grow, nothing is missed
_MAX_COUNT = 2**63 - 1  # MongoDB's greatest integer
# Python's reader is recursive, and gives up at about 1,000 levels for the whole body.
_READ_LEVELS = 200
_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
# The escape of a surrogate (U+D800 to U+DFFF), alone or paired: texts without one need no mending.
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")


def json_value(endpoint: str, body: bytes) -> Any:
    """The JSON of a body. Raises NoAnswer where it is none."""
    try:
        text = body.decode("utf-8")
        value = _loads(text)
    except (ValueError, RecursionError) as error:
        raise NoAnswer(endpoint, f"the body is not JSON ({type(error).__name__}, {len(body)} bytes)") from error
    return _mended(value) if _SURROGATE_ESCAPE.search(text) else value


def _loads(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise
    except RecursionError:
        return json.loads(_shallow(text), parse_int=_integer)
    except ValueError:  # more digits than `int` reads
        return json.loads(text, parse_int=_integer)


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= sys.int_info.default_max_str_digits else digits


def _shallow(text: str) -> str:
    """The same JSON with what lies below `_READ_LEVELS` as a text in its place."""
    parts, level, kept_to = [], 0, 0
    for found in _BRACKET.finditer(text):
        sign = found.group()
        if sign in "[{":
            level += 1
            if level == _READ_LEVELS + 1:
                parts.append(text[kept_to : found.start()])
                kept_to = found.start()
        elif sign in "]}":
            if level == _READ_LEVELS + 1:
                parts.append(json.dumps(text[kept_to : found.end()]))
                kept_to = found.end()
            level -= 1
    return "".join([*parts, text[kept_to:]])


def items(endpoint: str, container: JsonObject, key: str) -> list[Any]:
    """The list under `key`, empty when there is none. Raises NoAnswer when it is something else."""
    value = container.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise NoAnswer(endpoint, f"{key!r} is not a list")
    return value


def objects(endpoint: str, container: JsonObject, key: str) -> list[JsonObject]:
    """The objects of the list under `key`; what else is in it is passed over. Raises NoAnswer when it is no list."""
    return [item for item in items(endpoint, container, key) if isinstance(item, dict)]


def json_object(container: JsonObject, key: str) -> JsonObject:
    """The object under `key`, empty when there is none or it is something else."""
    value = container.get(key)
    return value if isinstance(value, dict) else {}


def identifier(value: Any) -> int | None:
    """An id as X writes it: digits in a text, or a whole number. None for everything else."""
    if isinstance(value, str):
        return int(value) if len(value) <= _ID_DIGITS and value.isascii() and value.isdigit() else None
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**25 else None


def number(value: Any) -> int | None:
    """A count, which X writes as a number or, in the usage call, as a text of digits; 301.0 is 301.

    None for everything else: what is no count is not known.
    """
    if type(value) is int and 0 <= value <= _MAX_COUNT:  # nearly all of them
        return value
    if isinstance(value, float):
        return number(int(value)) if value.is_integer() else None
    found = identifier(value)
    return found if found is not None and found <= _MAX_COUNT else None


def text(value: Any) -> str | None:
    """A text, None for everything else."""
    return value if isinstance(value, str) else None


def boolean(value: Any) -> bool | None:
    """True or false, None for everything else."""
    return value if isinstance(value, bool) else None


def _mended(value: Any) -> Any:
    """The same value with every lone surrogate replaced by U+FFFD."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_mended(item) for item in value]
    if isinstance(value, dict):
        return {_mended(key): _mended(item) for key, item in value.items()}
    return value
