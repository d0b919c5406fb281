"""What people read names commands, options, settings, files and headings that exist, and nothing of a machine."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

import control.http.__main__
import listener.__main__
import scheduler.__main__
import simulator.__main__
import workers.main
from control.cli.app import app
from shared.domain import health
from shared.domain.health import Verdict
from shared.domain.jobs import ALL_QUEUES
from shared.domain.preflight.finding import OF_THE_FLOCK
from tests.ops.artifacts import ROOT, compose
from tests.ops.documents import CONFIGURE, DATA, DOCUMENTS, blocks, index_tables, settings_tables
from tests.ops.test_settings_listed import SETTINGS, of_compose

# The commands that become processes, whose options are their own.
PROCESSES = {
    ("worker",): workers.main.app,
    ("scheduler",): scheduler.__main__.app,
    ("listener",): listener.__main__.app,
    ("control",): control.http.__main__.app,
    ("simulator",): simulator.__main__.cli,
}
PROBES = {"livenessProbe": "/health", "readinessProbe": "/ready"}
# Variables of programs beside Covey, and the one that names the file of settings.
OTHER_VARIABLES = {"COVEY_ENV_FILE", "COVEY_SECRETS"}
# Where a command may begin: at a line's or a code span's begin, behind a prompt, a pipe or a way into a container.
_COMMAND = re.compile(r"(?:^|[`$;&|/]|exec (?:-T )?[\w/-]+|-- )[ ]*covey ([a-z][^`#|;&<>\n]*)", re.M)
by_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)


def code(text: str) -> str:
    """The blocks and spans of code, a line each."""
    fenced = re.findall(r"```\w*\n(.*?)```", text, flags=re.S)
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.S))
    return "\n".join([*fenced, *spans])


@cache
def command_of(*names: str) -> Any:
    """The command of that name; None where there is none."""
    if names[:1] in PROCESSES:
        return typer.main.get_command(PROCESSES[names]) if names in PROCESSES else None
    found: Any = typer.main.get_command(app)
    for name in names:
        context = found.make_context("covey", [], resilient_parsing=True) if _is_group(found) else None
        found = found.get_command(context, name) if context else None
    return found


def _is_group(command: Any) -> bool:
    return hasattr(command, "get_command")


def fault_of(words: list[str]) -> str | None:
    """What is wrong with a command as it is written; None where it exists with its options."""
    names: list[str] = []
    while words and _is_group(command_of(*names)) and command_of(*names, words[0]):
        names.append(words.pop(0))
    command = command_of(*names)
    if command is None or not names:
        return "no such command"
    known = {text for parameter in command.params for text in (*parameter.opts, *parameter.secondary_opts)}
    unknown = [word for word in words if word.startswith("--") and word.partition("=")[0] not in {*known, "--help"}]
    return f"no option {unknown} of covey {' '.join(names)}" if unknown else None


def slug(heading: str) -> str:
    """The anchor of a heading, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@by_document
def test_every_command_that_is_named_exists_with_its_options(document: Path) -> None:
    """Whatever stands as `covey ...` in code is a command, and each of its options is one of that command."""
    written = [found.strip() for found in _COMMAND.findall(code(document.read_text()))]

    faults = {text: fault_of(text.split()) for text in written}

    assert {text: fault for text, fault in faults.items() if fault} == {}


@by_document
def test_every_setting_that_is_named_exists(document: Path) -> None:
    """Each COVEY_ name is a setting, or a variable of docker-compose.yml."""
    named = set(re.findall(r"\bCOVEY_[A-Z0-9_]*[A-Z0-9]\b", document.read_text()))

    assert named - SETTINGS.keys() - of_compose() - OTHER_VARIABLES == set()


@by_document
def test_every_link_leads_somewhere(document: Path) -> None:
    """Each link into the repository names a file that is there, and a heading of it."""
    text = re.sub(r"```.*?```", "", document.read_text(), flags=re.S)
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, anchor = target.partition("#")
        if "://" in target:
            continue
        file = (document.parent / path).resolve() if path else document
        headings = re.findall(r"^#+ (.*)$", file.read_text(), re.M) if file.suffix == ".md" and file.exists() else []
        if not file.exists() or (anchor and anchor not in map(slug, headings)):
            broken.append(target)

    assert broken == []


@by_document
def test_nothing_of_a_machine_or_its_builders_is_told(document: Path) -> None:
    """No folder of whoever wrote it."""
    assert not re.search(r"/(?:home|root|tmp|work|Users)/", document.read_text())


def test_every_setting_is_in_its_group() -> None:
    """docs/configure.md has each setting once, as .env.example has it (else: python -m tests.ops.documents)."""
    assert blocks(CONFIGURE, "settings") == settings_tables()


def test_every_index_is_listed() -> None:
    """docs/data.md has each collection's indexes as the stores make them (else: python -m tests.ops.documents)."""
    assert blocks(DATA, "indexes") == index_tables()


def test_every_reason_of_a_verdict_is_told_with_what_stops() -> None:
    """docs/operate.md has a row for each finding of the flock, and says which can stop everything."""
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|", (ROOT / "docs" / "operate.md").read_text(), re.M)
    told = {name: stops for name, stops in rows if name not in set(map(str, Verdict))}

    assert told.keys() == {check.value for check in OF_THE_FLOCK}
    assert {name for name, stops in told.items() if stops != "no"} == {check.value for check in health._STOPS}


def test_the_manifest_of_kubernetes_fits_the_processes() -> None:
    """docs/install.md runs commands that exist, with settings, ports, probes and a user that are those of the image."""
    [text] = re.findall(r"<!-- kubernetes -->\n```yaml\n(.*?)```", (ROOT / "docs" / "install.md").read_text(), re.S)
    for deployment in yaml.safe_load_all(text):
        pod = deployment["spec"]["template"]["spec"]
        [container] = pod["containers"]
        command, *options = container["args"]
        asked = {path: container[probe]["httpGet"]["path"] for probe, path in PROBES.items()}
        queues = options[options.index("--queues") + 1].split(",") if options else []
        volumes = {volume["name"] for volume in pod["volumes"]}

        assert fault_of([command, *options]) is None
        assert set(queues) <= set(ALL_QUEUES)
        assert {one["name"] for one in container["env"]} <= SETTINGS.keys()
        assert container["ports"][0]["containerPort"] == SETTINGS[f"COVEY_{command.upper()}_METRICS_PORT"].default
        assert asked == {path: path for path in PROBES.values()}
        assert pod["terminationGracePeriodSeconds"] > SETTINGS["COVEY_SHUTDOWN_GRACE_SECONDS"].default
        assert f"--uid {pod['securityContext']['runAsUser']} " in (ROOT / "Dockerfile").read_text()
        assert {mount["name"] for mount in container["volumeMounts"]} == volumes
        assert deployment["spec"]["selector"]["matchLabels"] == deployment["spec"]["template"]["metadata"]["labels"]


def test_every_secret_is_listed_with_those_who_have_it() -> None:
    """docs/security.md says of each secret of docker-compose.yml which services mount it."""
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|$", (ROOT / "docs" / "security.md").read_text(), re.M)
    told = {name: set(services.replace("workers", "worker, worker-media").split(", ")) for name, services in rows}
    mounts = [(name, service.get("secrets", ())) for name, service in compose()["services"].items()]
    real = {secret: {name for name, mounted in mounts if secret in mounted} for secret in compose()["secrets"]}

    assert {name: services - {"where `.env` names it"} for name, services in told.items()} == real


def test_the_readme_is_one_page() -> None:
    """It has 130 lines at most, and leads to every document."""
    text = (ROOT / "README.md").read_text()

    assert len(text.splitlines()) <= 130
    assert {path.name for path in (ROOT / "docs").glob("*.md")} - {"decisions.md"} <= set(
        re.findall(r"\(docs/(\w+\.md)\)", text)
    )
