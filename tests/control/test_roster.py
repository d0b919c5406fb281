"""Reading the list of accounts alone: what is not imported for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from shared.services.bootstrap import Services
from tests.control.conftest import servers_of

ROOT = Path(__file__).parents[2]


def test_a_list_needs_no_queue_and_no_client_of_x(services: Services, tmp_path: Path) -> None:
    """`covey handles` imports MongoDB's driver, and neither Redis's nor Dramatiq nor what speaks to X."""
    code = (
        "import sys; sys.argv = ['covey', 'handles']\n"
        "from control.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(sorted({'cryptography.fernet', 'dramatiq', 'pymongo', 'redis', 'requests'} & set(sys.modules)))"
    )
    environment = {"PYTHONPATH": str(ROOT), "COVEY_DATA_DIR": str(tmp_path), **servers_of(services)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=30
    )

    assert done.stdout.splitlines()[-1] == "['pymongo']", done.stderr
