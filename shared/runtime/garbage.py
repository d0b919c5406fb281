"""How often Python looks for garbage that refers to itself, in a process that works on pages.

With Python's 700 new objects between two looks, a page of 100 posts is looked through nine times while it is stored: a
twenty-fifth of its work. Modules that a process imports make a hundred thousand objects and leave
none behind: the looking is a seventh of its start.
"""

from __future__ import annotations

import gc

# Three pages and more.
NEW_OBJECTS = 25_000


def look_seldom_at_imports() -> None:
    """Look for garbage only after so many new objects; called where a program's first module is imported."""
    gc.set_threshold(NEW_OBJECTS)


def look_seldom() -> None:
    """Look for garbage only after so many new objects, and no more at what has been loaded by now."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS)
