"""What `make up` ends with."""

from __future__ import annotations

import re
import subprocess

from tests.ops.artifacts import OPS, ROOT, compose

SERVICES = compose()["services"]


def printed(*services: str) -> str:
    """What is printed while these services run."""
    command = ["sh", OPS / "addresses.sh"]
    return subprocess.run(command, input="\n".join(services), check=True, capture_output=True, text=True).stdout


def test_each_published_port_is_printed() -> None:
    """Every service that listens on this machine has its address, by the port that compose publishes."""
    published = {port.rpartition(":")[0] for service in SERVICES.values() for port in service.get("ports", ())}

    assert set(re.findall(r"http://(127\.0\.0\.1:\d+)", printed(*SERVICES))) == published


def test_only_what_runs_is_printed() -> None:
    """Without the simulator and Grafana there is no word of them, nor does the media worker stand for a worker."""
    lines = printed("prometheus", "scheduler", "worker-media").splitlines()

    assert [line.split()[0] for line in lines] == ["covey:", "Prometheus", "covey"]


def test_commands_name_services_that_exist() -> None:
    """How to give commands is said with services of compose."""
    assert set(re.findall(r"docker compose exec (\S+) covey", printed(*SERVICES))) == {"scheduler", "worker"}


def test_starting_makes_the_secrets_first_and_ends_with_the_addresses() -> None:
    """Both targets of the Makefile depend on the secrets, and their last line prints."""
    makefile = (ROOT / "Makefile").read_text()

    for target in ("up", "up-simulator"):
        [recipe] = re.findall(rf"^{target}: secrets .*\n((?:\t.*\n)+)", makefile, flags=re.M)
        assert recipe.splitlines()[-1].endswith("| sh ops/addresses.sh")
