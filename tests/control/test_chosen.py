"""`covey refresh` of stored posts, chosen by account, source or tier."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from control.chosen import chosen
from shared.domain import snowflake
from shared.domain.attribution import Concern, Why
from shared.domain.engagement.tiers import Tier
from shared.domain.errors import InputError
from shared.domain.jobs import Queue, RefreshEngagement
from shared.domain.models import Post, User
from shared.domain.sources import Source, SourceKind
from shared.services.bootstrap import Services
from tests.control.conftest import Invoke
from tests.workers.world import ScriptedX, jobs_in

NASA = 11348282


@pytest.fixture
def kept(services: Services) -> list[int]:
    """Three posts of @nasa that concern the source `space`, an hour apart, the newest first; cold ones."""
    stores, now = services.stores, services.clock.now()
    ids = [snowflake.first_id_at(now - timedelta(hours=hours)) for hours in (1, 2, 3)]
    posts = [Post(id=one, text="hello", created_at=snowflake.created_at(one), author_id=NASA) for one in ids]
    concern = (Concern("space", "nasa", Why.AUTHOR),)
    stores.users.upsert([User(id=NASA, username="nasa")], now=now)
    stores.posts.upsert(posts, source="search", now=now, concerns=dict.fromkeys(ids, concern))
    stores.engagement.begin(posts, now=now)
    stores.db["X_engagement"].update_many({}, {"$set": {"tier": Tier.COLD.value}})
    stores.sources.add(Source(id="space", name="Space agencies", kind=SourceKind.ACCOUNTS, accounts=("nasa",)), now=now)
    return ids


def asked(services: Services) -> list[int]:
    """The posts that wait to be read for a person, in order."""
    jobs = [job for job in jobs_in(services, Queue.INTERACTIVE) if isinstance(job, RefreshEngagement)]
    return [int(post_id) for job in jobs for post_id in job.post_ids]


@pytest.mark.parametrize(
    "choice",
    [("--handle", "@nasa"), ("--source", "space"), ("--source", "space AGENCIES"), ("--tier", "cold")],
    ids=" ".join,
)
def test_stored_posts_are_read_by_what_they_are(
    invoke: Invoke, services: Services, kept: list[int], choice: tuple[str, str]
) -> None:
    """All that are stored of it are asked for, the newest first, and it is said which."""
    done = invoke("refresh", *choice)

    assert done.exit_code == 0, done.output
    assert asked(services) == kept
    assert "The newest 3 posts" in done.stderr
    assert "--limit" not in done.stderr


def test_a_limit_and_a_time_narrow_the_choice(invoke: Invoke, services: Services, kept: list[int]) -> None:
    """The newest two; what was made within 90 minutes; that there are more is told."""
    limited = invoke("refresh", "--handle", "nasa", "--limit", "2", "--dry-run", "--json")
    late = invoke("refresh", "--handle", "nasa", "--since", "90m", "--dry-run", "--json")
    told = invoke("refresh", "--handle", "nasa", "--limit", "2")

    assert (json.loads(limited.stdout)["posts"], json.loads(late.stdout)["posts"]) == (2, 1)
    assert "The newest 2 posts of @nasa; there are more: --limit" in told.stderr
    assert asked(services) == kept[:2]


def test_a_followed_account_is_known_by_its_id(services: Services, kept: list[int]) -> None:
    """Whatever its name was when its posts were stored."""
    services.following.follow(["spacefans"], since=services.clock.now(), now=services.clock.now())
    services.stores.handles.learn([User(id=NASA, username="spacefans")], now=services.clock.now())

    assert chosen(services.stores, handle="SpaceFans").post_ids == kept


WRONG: dict[str, tuple[list[str], str]] = {
    "unknown account": (["--handle", "nobody"], "@nobody"),
    "no account": (["--handle", "no spaces"], "'no spaces'"),
    "unknown source": (["--source", "floods"], "'floods'"),
    "unknown tier": (["--tier", "tepid"], "'tepid'"),
    "nothing in the tier": (["--tier", "ultra_hot"], "ultra_hot"),
    "nothing since": (["--handle", "nasa", "--since", "1m"], "@nasa"),
    "two choices": (["--handle", "nasa", "--tier", "cold"], "--handle"),
    "a choice and an id": (["1460323737035677698", "--tier", "cold"], "--tier"),
    "a limit of named posts": (["1460323737035677698", "--limit", "5"], "--limit"),
    "a limit of none": (["--tier", "cold", "--limit", "0"], "--limit 0"),
    "no time": (["--tier", "cold", "--since", "soon"], "'soon'"),
    "nothing at all": ([], "no post id was given"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_chosen_is_one_line(
    invoke: Invoke, services: Services, x: ScriptedX, kept: list[int], case: str
) -> None:
    """It names the word, and nothing is enqueued or asked of X."""
    arguments, named = WRONG[case]

    done = invoke("refresh", *arguments)

    assert isinstance(done.exception, InputError)
    (line,) = str(done.exception).splitlines()
    assert named in line
    assert asked(services) == []
    assert x.asked == []


def test_a_file_can_be_standard_input(invoke: Invoke, tmp_path: Path) -> None:
    """`--file -` reads ids, one a line; a bad one is named with its line."""
    good = invoke("refresh", "--file", "-", "--json", input="1460323737035677698\n1460323737035677699\n")
    bad = invoke("refresh", "--file", "-", input="1460323737035677698\n12x\n")

    total: Any = json.loads(good.stdout)["total"]
    assert total == 2
    assert "line 2" in str(bad.exception)
    assert "'12x'" in str(bad.exception)


def test_an_account_that_x_has_not_told_of_is_said_to_be_so(services: Services, kept: list[int]) -> None:
    """It is followed, but whose posts are its own is not known yet."""
    services.following.follow(["esa"], since=services.clock.now(), now=services.clock.now())

    with pytest.raises(InputError, match="no posts of @esa: X has not told its id yet"):
        chosen(services.stores, handle="esa")
