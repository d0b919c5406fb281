"""The version of Covey, as installed."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def _installed() -> str:
    try:
        return version("covey")
    except PackageNotFoundError:  # run from a source tree that was not installed
        return "0+unknown"


VERSION = _installed()
