"""How often Python looks for garbage that refers to itself, in a process that works on pages.

A page of 100 posts makes some ten thousand objects that are gone when it is stored. With Python's 700 new ones between
two looks it is looked through nine times, a twenty-fifth of its work, and nothing is found.
"""

from __future__ import annotations

import gc

# More than two pages make; what a leak of a few kilobytes each adds up to before it is found is tens of megabytes.
NEW_OBJECTS = 25_000


def look_seldom() -> None:
    """Look for garbage only after so many new objects, and no more at what has been loaded by now."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS)
