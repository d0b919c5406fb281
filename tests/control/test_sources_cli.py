"""`covey sources`: what it says, and what a file of sources leads to."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from shared.credentials.secrets import BearerToken
from shared.credentials.vault import Vault, new_key
from shared.domain.counts import PostMetrics
from shared.domain.engagement.selection import ALL, NONE, RefreshRule
from shared.domain.jobs import Queue, Reselect
from shared.domain.models import Post
from shared.services.bootstrap import Services
from shared.stores.credentials import NewTokens
from tests.control.conftest import Invoke
from tests.control.whole import Covey, covey
from tests.workers.world import jobs_in

__all__ = ["covey"]

FILE = """\
sources:
  - id: agencies
    name: Space agencies
    accounts: [nasa, esa]
    interval: 5m
  - id: floods
    terms:
      keywords: [flood]
      exclude: ["#ad"]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Two sources."""
    path = tmp_path / "sources.yaml"
    path.write_text(FILE)
    return path


def state(services: Services) -> tuple[Any, ...]:
    """All that a command may change, without times."""
    return (
        services.stores.sources.all(removed=True),
        services.stores.handles.all(),
        services.stores.streams.active(),
        services.stores.schedules.all(),
    )


def acts(answer: Any) -> dict[str, str]:
    """What becomes of each source."""
    return {change["source"]: change["act"] for change in answer["changes"]}


def test_a_source_is_added_shown_edited_paused_resumed_and_removed(invoke: Invoke, services: Services) -> None:
    """Each prints one JSON document with --json, and words or tables without."""

    def answer(*arguments: str) -> Any:
        done = invoke("sources", *arguments, "--json")
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    words = ("--keyword", "flood", "--phrase", "high water", "--exclude", "#ad", "--language", "en")
    added = answer("add", "floods", *words, "--interval", "5m", "--name", "Floods")
    assert acts(added) == {"floods": "add"}
    shown = answer("show", "floods")
    assert shown["queries"] == ['(((flood OR "high water") lang:en -#ad)) -is:retweet']
    assert (shown["interval"], shown["name"], shown["kind"], shown["members"]) == ("5m", "Floods", "terms", 1)
    assert [row["id"] for row in answer("list")] == ["floods"]

    edited = answer("edit", "floods", "--keyword", "storm", "--language", "none", "--interval", "none", "--live")
    assert edited["changes"][0]["fields"] == ["terms", "interval_seconds", "live"]
    shown = answer("show", "floods")
    assert shown["queries"] == ['(((storm OR "high water") -#ad)) -is:retweet']
    assert ("interval" in shown, shown["live"]) == (False, True)

    assert answer("pause", "floods")["source"] == "floods"
    assert (answer("list")[0]["paused"], answer("list")[0]["streams"]) == (True, [])
    answer("resume", "floods")
    assert len(answer("list")[0]["streams"]) == 1
    assert "floods" in invoke("sources", "list").stdout
    assert "high water" in invoke("sources", "show", "floods").stdout
    assert invoke("sources", "remove", "floods").stdout == "Removed floods.\n"
    assert invoke("sources", "list").stdout.startswith("There is no source.")


def test_a_source_says_of_which_posts_the_engagement_is_followed(covey: Covey, services: Services) -> None:
    """`none` and `all` are values; what is changed is applied to what is stored; what cannot be changes nothing."""

    def rule() -> RefreshRule:
        source = services.stores.sources.get("press")
        assert source is not None
        return source.refresh

    assert covey("sources", "add", "press", "--account", "nasa", "--refresh", "none").status == 0
    assert (rule(), services.stores.selection.walks()) == (NONE, [])
    assert covey("sources", "edit", "press", "--refresh", "min_engagement=10,authors=followed").status == 0
    assert rule() == RefreshRule(min_engagement=10, of_followed=True)
    assert [walk.source for walk in services.stores.selection.walks()] == ["press"]
    assert Reselect() in jobs_in(services, Queue.BACKFILL)
    assert "min_engagement: 10" in covey("sources", "show", "press").stdout
    listed = " ".join(covey("sources", "list", COLUMNS="200").stdout.split())
    assert "follows engagement: min_engagement=10, authors=followed" in listed

    wrong = covey("sources", "edit", "press", "--refresh", "sometimes")

    assert wrong.status == 2
    assert "press: refresh: 'sometimes' is none of all, none" in wrong.line
    assert rule() == RefreshRule(min_engagement=10, of_followed=True)
    assert covey("sources", "edit", "press", "--name", "Press").status == 0
    assert rule() == RefreshRule(min_engagement=10, of_followed=True)
    assert covey("sources", "edit", "press", "--refresh", "all").status == 0
    assert rule() == ALL


def test_a_source_has_a_threshold_of_its_own(covey: Covey, services: Services) -> None:
    """It is given, changed and taken away like the other fields, and changes nothing of what X is asked."""
    assert covey("sources", "add", "press", "--account", "nasa", "--alert-velocity", "80").status == 0
    asked = [stream.query for stream in services.stores.streams.active()]
    assert services.stores.sources.alert_velocities() == {"press": 80}

    assert covey("sources", "edit", "press", "--alert-velocity", "90").status == 0
    assert services.stores.sources.alert_velocities() == {"press": 90}
    assert covey("sources", "edit", "press", "--alert-velocity", "none").status == 0

    assert services.stores.sources.alert_velocities() == {}
    assert [stream.query for stream in services.stores.streams.active()] == asked
    done = covey("sources", "edit", "press", "--alert-velocity", "fast")
    assert (done.status, "'fast' is no whole number" in done.line) == (2, True)


def test_accounts_are_added_to_a_source_and_dropped_from_it(covey: Covey, services: Services) -> None:
    """The others stay; who is still asked for by another source is told."""
    assert covey("sources", "add", "press", "--account", "nasa", "--account", "@esa").status == 0
    assert covey("track", "esa").status == 0

    done = covey("sources", "edit", "press", "--add-account", "jaxa", "--drop-account", "@ESA")

    assert done.status == 0
    assert "@esa is followed all the same: asked for by tracked" in done.stderr
    source = services.stores.sources.get("press")
    assert source is not None
    assert source.accounts == ("nasa", "jaxa")
    assert services.stores.handles.active_among(["nasa", "esa", "jaxa"]) == {"nasa", "esa", "jaxa"}


def test_a_file_is_carried_out_once(covey: Covey, services: Services, file: Path) -> None:
    """The second time nothing is left to do; what the file does not name is left alone."""
    assert covey("track", "jaxa").status == 0
    assert covey("sources", "add", "other", "--keyword", "storm").status == 0

    first = json.loads(covey("sources", "apply", str(file), "--json").stdout)
    before = state(services)
    second = json.loads(covey("sources", "apply", str(file), "--json").stdout)

    assert acts(first) == {"agencies": "add", "floods": "add"}
    assert first["changes"][0]["new_accounts"] == ["nasa", "esa"]
    assert acts(second) == {"agencies": "same", "floods": "same"}
    assert second["done"] == []
    assert state(services) == before
    assert {one.id for one in services.stores.sources.all()} == {"agencies", "floods", "other", "tracked"}


def test_prune_removes_what_the_file_does_not_name(covey: Covey, services: Services, file: Path) -> None:
    """But never what `covey track` follows; a pause that the file does not mention stays."""
    assert covey("track", "jaxa").status == 0
    assert covey("sources", "add", "other", "--keyword", "storm").status == 0
    assert covey("sources", "apply", str(file)).status == 0
    assert covey("sources", "pause", "floods").status == 0
    file.write_text(FILE.replace("esa", "cnes").replace("5m", "10m"))

    done = json.loads(covey("sources", "apply", str(file), "--prune", "--json").stdout)

    assert acts(done) == {"agencies": "change", "floods": "same", "other": "remove"}
    assert done["changes"][0]["fields"] == ["accounts", "interval_seconds"]
    assert (done["changes"][0]["new_accounts"], done["changes"][0]["lost_accounts"]) == (["cnes"], ["esa"])
    assert {one.id: one.paused for one in services.stores.sources.all()} == {
        "agencies": False,
        "floods": True,
        "tracked": False,
    }
    carried = {key for stream in services.stores.streams.active() for key in stream.members}
    assert carried == {"nasa", "cnes", "jaxa"}


def test_a_dry_run_says_what_it_would_cost_and_does_nothing(covey: Covey, services: Services, file: Path) -> None:
    """An account costs its look-up and its posts, terms their posts; what is as it is costs nothing."""
    before = state(services)
    dry = json.loads(covey("sources", "apply", str(file), "--dry-run", "--json").stdout)
    assert state(services) == before
    tracked = json.loads(covey("track", "nasa", "esa", "--dry-run", "--json").stdout)

    agencies, floods = dry["changes"]
    assert (agencies["once_usd"], agencies["day_usd"], agencies["month_usd"]) == (
        tracked["once_usd"],
        tracked["later_day_usd"],
        tracked["month_usd"],
    )
    assert floods["once_usd"] == 0
    assert 0 < floods["day_usd"] < agencies["day_usd"]
    assert floods["basis"].startswith("assumed")
    assert dry["month_usd"] == pytest.approx(agencies["month_usd"] + floods["month_usd"])

    assert covey("sources", "apply", str(file)).status == 0
    again = json.loads(covey("sources", "apply", str(file), "--dry-run", "--json").stdout)
    assert (acts(again), again["day_usd"]) == ({"agencies": "same", "floods": "same"}, 0)
    file.write_text("sources: []\n")
    less = json.loads(covey("sources", "apply", str(file), "--prune", "--dry-run", "--json").stdout)
    assert acts(less) == {"agencies": "remove", "floods": "remove"}
    assert less["day_usd"] == pytest.approx(-dry["day_usd"])
    shown = covey("sources", "apply", str(file), "--prune", "--dry-run").stdout
    assert "Nothing was done." in shown


def test_what_is_written_can_be_applied(covey: Covey, services: Services, file: Path) -> None:
    """`list --yaml` is a file that changes nothing."""
    assert covey("track", "jaxa").status == 0
    assert covey("sources", "apply", str(file)).status == 0
    file.write_text(covey("sources", "list", "--yaml").stdout)

    again = json.loads(covey("sources", "apply", str(file), "--json").stdout)

    assert acts(again) == {"agencies": "same", "floods": "same", "tracked": "same"}
    assert covey("sources", "show", "floods", "--yaml").stdout == (
        "sources:\n- id: floods\n  terms:\n    keywords:\n    - flood\n    exclude:\n    - '#ad'\n"
    )


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["add", "a"], "covey: source a: id: needs one of accounts, terms, conversation, quotes_of, and has none"),
        (["add", "a", "--keyword", "x", "--interval", "5 min"], "covey: source a: interval: '5 min' is not a duration"),
        (["add", "a", "--keyword", "x", "--interval", "٣٠٠"], "covey: source a: interval: '٣٠٠' is not a duration"),
        (["add", "a", "--keyword", "x", "--quota-share", "٠.٣"], "covey: source a: quota_share: '٠.٣' is no number"),
        (["add", "a", "--keyword", "x", "--quota-share", "1_0"], "covey: source a: quota_share: '1_0' is no number"),
        (
            ["add", "a", "--keyword", "x", "--refresh", "min_engagement=1234567890"],
            "covey: source a: refresh.min_engagement: '1234567890' has more than 9 digits",
        ),
        (["add", "A", "--keyword", "x"], "covey: source A: id 'A': 1 to 64 of a-z, 0-9 and -"),
        (["add", "a", "--keyword", "x", "--account", "b"], "covey: source a: id: needs one of accounts, terms"),
        (["add", "a", "--phrase", 'x "y"'], "covey: source a: phrases: 'x \"y\"' has a quote"),
        (["add", "a", "--keyword", "x", "--credential", "y"], "covey: source a: credential 'y' is not known"),
        (["edit", "a", "--name", "b"], "covey: there is no source 'a'; there are: none"),
        (["pause", "a"], "covey: there is no source 'a'"),
        (["apply", "/nowhere/s.yaml"], "covey: '/nowhere/s.yaml' cannot be read: No such file or directory"),
    ],
)
def test_what_is_wrong_is_one_line(covey: Covey, services: Services, arguments: list[str], line: str) -> None:
    """It names what is wrong; nothing is done, and X is not asked."""
    before = state(services)

    done = covey("sources", *arguments)

    assert done.status == 2
    assert done.line.startswith(line)
    assert state(services) == before


def test_a_wrong_file_changes_nothing(covey: Covey, services: Services, file: Path) -> None:
    """Not even what is right in it."""
    file.write_text(FILE + "  - id: other\n    accounts: [jaxa]\n    priority: 200\n")

    done = covey("sources", "apply", str(file))

    assert done.line == ("covey: sources.yaml, line 10: source other: priority 200: 0 to 100; nothing was done")
    assert services.stores.sources.all() == []


def test_the_kind_of_a_source_stays(covey: Covey, services: Services, file: Path) -> None:
    """Terms do not become accounts: what was collected for them would not be what it says."""
    assert covey("sources", "apply", str(file)).status == 0

    done = covey("sources", "edit", "floods", "--account", "nasa")
    file.write_text(FILE.replace("id: agencies", "id: x").replace("id: floods", "id: agencies"))
    other = covey("sources", "apply", str(file))

    assert "source floods: id: needs one of" in done.line
    assert other.line == ("covey: source agencies is of kind accounts, not terms: remove it first, or use another id")


def test_a_credential_that_a_source_needs_is_not_removed(covey: Covey, services: Services) -> None:
    """Its sources are named; with another one, or none, it goes."""
    key = new_key()
    vault = Vault(SecretStr(key))
    token = BearerToken(SecretStr("token-of-a-tenant"))
    own_id = token.credential().id
    services.stores.credentials.put(own_id, token.kind, NewTokens(vault.seal(own_id, token), is_renewable=False))
    keys = {"COVEY_CREDENTIAL_KEYS": key}
    added = covey("sources", "add", "floods", "--keyword", "flood", "--credential", own_id, **keys)
    assert added.status == 0, added

    refused = covey("credentials", "remove", own_id, "--yes", **keys)
    covey("sources", "edit", "floods", "--credential", "none", **keys)
    removed = covey("credentials", "remove", own_id, "--yes", **keys)

    assert (refused.status, removed.status) == (2, 0)
    assert f"{own_id} is the only one that X is asked with for floods" in refused.line
    (stream,) = services.stores.streams.active()
    assert stream.group.credential is None


def test_a_share_is_shown_with_what_is_spent_of_it(covey: Covey, services: Services) -> None:
    """What of it is left today, and until when the source rests; marked in the list, and told by explain."""
    a_dollar = {"COVEY_BUDGET_DAY_USD": "1"}
    added = covey("sources", "add", "floods", "--keyword", "flood", "--quota-share", "0.1", **a_dollar)
    assert (added.status, added.stderr) == (0, "")
    today = services.ledger.now().date()
    services.stores.shares.keep(today, "of a test", {"floods": 40_000})

    row = json.loads(covey("sources", "show", "floods", "--json", **a_dollar).stdout)
    assert [row[name] for name in ("quota_share", "share_usd", "share_spent_usd")] == [0.1, 0.1, 0.04]
    assert row["share_left_usd"] == 0.06
    assert (row["share_rests_until"], row["members_of_share"]) == (None, 1)
    assert "$0.04 of its $0.10 spent today" in " ".join(covey("sources", "list", **a_dollar).stdout.split())

    services.stores.shares.keep(today, "of a test", {"floods": 120_000})
    midnight = f"{today + timedelta(days=1):%Y-%m-%d} 00:00"
    row = json.loads(covey("sources", "show", "floods", "--json", **a_dollar).stdout)
    assert (row["share_left_usd"], row["share_rests_until"][:16].replace("T", " ")) == (0, midnight)
    shown = covey("sources", "show", "floods", **a_dollar).stdout
    assert midnight in shown
    explained = covey("explain", "floods", **a_dollar)
    assert f"floods: $0.12 of its $0.10 spent today, rests until {midnight} UTC." in explained.stdout
    assert "with the share of floods." in explained.stdout
    assert json.loads(covey("explain", "floods", "--json", **a_dollar).stdout)["share"]["share_left_usd"] == 0


def test_a_share_without_a_daily_budget_is_told_to_limit_nothing(covey: Covey, services: Services) -> None:
    """When it is given, and wherever it is shown; a source without one says nothing of it."""
    added = covey("sources", "add", "floods", "--keyword", "flood", "--quota-share", "0.1")
    asked = json.loads(covey("sources", "add", "fires", "--keyword", "fire", "--quota-share", "1", "--json").stdout)
    covey("sources", "add", "plain", "--keyword", "plain")

    line = "its quota_share limits nothing, there is no daily budget"
    assert (added.status, added.stderr.strip()) == (0, f"source floods: {line}; covey budget set --day sets one")
    assert asked["notes"] == [f"source fires: {line}; covey budget set --day sets one"]
    rows = {row["id"]: row for row in json.loads(covey("sources", "list", "--json").stdout)}
    assert (rows["floods"]["share_note"], rows["floods"]["share_left_usd"]) == (line, None)
    assert not [name for name in rows["plain"] if name.startswith("share")]
    assert json.loads(covey("explain", "plain", "--json").stdout)["share"] is None
    services.budget_choices.choose({"day_usd": 2.0}, {})
    assert json.loads(covey("sources", "show", "floods", "--json").stdout)["share_usd"] == 0.2


def test_a_dry_run_says_what_reading_fewer_posts_again_saves(covey: Covey, services: Services) -> None:
    """With none nothing of a later day is left but the search; with a least engagement the part that has as much."""
    assert covey("sources", "add", "floods", "--keyword", "flood").status == 0
    now = services.clock.now()
    posts = [
        Post(id=id_, text="", created_at=now, metrics=PostMetrics(like_count=20 if id_ < 3 else 1))
        for id_ in range(1, 9)
    ]
    services.stores.posts.upsert(posts, source="search", now=now)

    def saved(rule: str) -> Any:
        done = covey("sources", "edit", "floods", "--refresh", rule, "--dry-run", "--json")
        assert done.status == 0, done.stderr
        return json.loads(done.stdout)["changes"][0]

    none, some = saved("none"), saved("min_engagement=10")

    # 50 posts a day, assumed, are read again on each of 30 later days for $0.005.
    assert none["day_usd"] == pytest.approx(-50 * 30 * 0.005)
    assert some["day_usd"] == pytest.approx(-50 * 30 * 0.005 * 6 / 8)
    assert some["basis"] == "2 of the newest 8 posts have enough engagement"


def test_a_source_may_be_called_none(covey: Covey, services: Services) -> None:
    """The word takes a value away, and no id."""
    assert covey("sources", "add", "none", "--keyword", "flood", "--interval", "5m").status == 0

    assert covey("sources", "edit", "none", "--interval", "none").status == 0

    (source,) = services.stores.sources.all()
    assert (source.id, source.interval_seconds) == ("none", None)
