"""docs/api.md: what it tells people to type is done, and answers what it says."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from shared.domain.counts import PostMetrics
from shared.domain.mentions import Mention
from shared.domain.models import Post, User
from shared.services.bootstrap import Services
from tests.control.http.conftest import Api
from tests.ops.artifacts import ROOT
from tests.workers.world import NOW, Asked, ScriptedX

PAGE = ROOT / "docs" / "api.md"
STATUS = re.compile(r"# (\d{3})(?::|$)")


class Example(NamedTuple):
    """A line to be typed, and the status that is to be answered."""

    status: int
    command: str


def examples() -> Iterator[Example]:
    """The lines of the page, in their order; each has the status that was named last in its block."""
    for block in re.findall(r"^```\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        status = 0
        for line in block.replace("\\\n", " ").splitlines():
            if named := STATUS.match(line):
                status = int(named[1])
            if line.startswith("curl "):
                yield Example(status, line)


def everything(asked: Asked) -> tuple[int, Any]:
    """X knows every name, and counts no posts."""
    names = [one for one in asked.params.get("usernames", "").split(",") if one]
    return 200, {"data": [{"id": str(100 + at), "username": name} for at, name in enumerate(names)]}


def collected(services: Services, post_id: int) -> None:
    """A post of the default tenant, with its author and counts."""
    stores = services.stores
    one = Post(id=post_id, text="the river rises", author_id=7, created_at=NOW, lang="en", metrics=PostMetrics())
    stores.posts.upsert([one], source="search", now=NOW)
    stores.users.upsert([User(id=7, username="nasa")], now=NOW)
    stores.engagement.begin([one], now=NOW)
    of = Mention(
        tenant_id="default",
        sources=("tracked",),
        platform="x",
        external_id=str(post_id),
        url="https://x.com/i/status/1",
        content="the river rises",
        language="en",
        published_at=NOW,
    )
    stores.mentions.put([of], now=NOW, at=NOW)


def test_every_line_has_a_status() -> None:
    """A line that names none would be tested for nothing."""
    found = list(examples())
    assert len(found) > 40
    assert [one.command for one in found if not one.status] == []


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_every_line_answers_what_the_page_says(api: Api, x: ScriptedX, tmp_path: Path) -> None:
    """Typed one after another into a shell, against a real server on real stores."""
    x.script = everything
    (post_id,) = re.findall(r"\bPOST=(\d+)", PAGE.read_text(encoding="utf-8"))
    collected(api.services, int(post_id))
    body = tmp_path / "body"
    environment = {
        "PATH": "/usr/bin:/bin:/usr/local/bin",
        "API": api.url,
        "AUTH": f"Authorization: Bearer {api.admin}",
        "POST": post_id,
        "RUN": "none yet",
    }
    for one in examples():
        command = f"{one.command} --silent --show-error --output {body} --write-out '%{{http_code}}'"
        done = subprocess.run(
            ["bash", "-c", command], env=environment, capture_output=True, text=True, timeout=20, check=True
        )
        told = body.read_text(encoding="utf-8") if one.status != 204 else ""
        assert done.stdout == str(one.status), f"{one.command}\n{told}"
        if one.status == 202:
            environment["RUN"] = json.loads(told)["id"]
