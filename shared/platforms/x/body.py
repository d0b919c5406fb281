"""From the bytes of an answer to JSON, and small typed looks into it.

Pure. Invariant: whatever the bytes are, the outcome is a value or NoAnswer, never another exception; every text can
be written as UTF-8, because half a surrogate pair would make MongoDB refuse the whole page.
"""

from __future__ import annotations

import json
import re
from typing import Any

from shared.domain.errors import NoAnswer
from shared.domain.models import JsonObject

_ID = re.compile(r"[0-9]{1,25}")
# The escape of a surrogate (U+D800 to U+DFFF), alone or paired: texts without one need no mending.
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")


def json_value(endpoint: str, body: bytes) -> Any:
    """The JSON of a body. Raises NoAnswer where it is none."""
    try:
        text = body.decode("utf-8")
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NoAnswer(endpoint, f"the body is not JSON ({type(error).__name__}, {len(body)} bytes)") from error
    return _mended(value) if _SURROGATE_ESCAPE.search(text) else value


def objects(endpoint: str, container: JsonObject, key: str) -> list[JsonObject]:
    """The list of objects under `key`, empty when there is none. Raises NoAnswer when it is something else."""
    value = container.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise NoAnswer(endpoint, f"{key!r} is not a list of objects")
    return value


def json_object(container: JsonObject, key: str) -> JsonObject:
    """The object under `key`, empty when there is none or it is something else."""
    value = container.get(key)
    return value if isinstance(value, dict) else {}


def identifier(value: Any) -> int | None:
    """An id as X writes it: digits in a text, or a whole number. None for everything else."""
    if isinstance(value, str) and _ID.fullmatch(value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**25 else None


def number(value: Any) -> int | None:
    """A count, which X writes as a number or, in the usage call, as a text of digits."""
    return identifier(value)


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
