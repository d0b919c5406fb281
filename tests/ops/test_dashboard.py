"""The dashboard: whole, drawn without overlaps, and every query about something that is exported."""

from __future__ import annotations

import re
from itertools import combinations
from typing import Any

import pytest
import yaml

from tests.ops.artifacts import FOREIGN, OPS, alerts, check_queries, dashboard, exported
from tests.ops.test_alerts import label_names

PANELS: list[dict[str, Any]] = dashboard()["panels"]
QUERIES = [
    pytest.param(target["expr"], id=f"{panel['title']}-{target['refId']}")
    for panel in PANELS
    for target in panel.get("targets", ())
]
# Every process has these, at 0 unless it is a scheduler: without the job, a dead scheduler would look like a good one.
OF_THE_SCHEDULER = {
    *("covey_coverage_lag_seconds", "covey_scheduler_leader", "covey_dead_letters_waiting", "covey_media_pending"),
    *("covey_streams", "covey_refreshes_due", "covey_authors_wanted", "covey_usage_difference_ratio"),
    *("covey_redis_memory_bytes", "covey_redis_memory_used_ratio", "covey_redis_evicted_keys", "covey_redis_evictable"),
    *("covey_mongo_disk_used_ratio", "covey_indexes_missing", "covey_processes_waiting"),
    *("covey_unverified_seconds", "covey_margin_seconds", "covey_audit_missing_ratio", "covey_audit_missing_posts"),
    *(
        "covey_audit_sources",
        "covey_silent_sources",
        "covey_followed_timestamp_seconds",
    ),
}


def data_sources() -> list[dict[str, Any]]:
    """The provisioned data sources."""
    path = OPS / "grafana" / "provisioning" / "datasources" / "prometheus.yml"
    sources: list[dict[str, Any]] = yaml.safe_load(path.read_text())["datasources"]
    return sources


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_is_about_series_that_covey_exports(query: str) -> None:
    """Each metric is in shared/runtime/metrics.py, with every label that the query names."""
    names = {name for name, _ in check_queries().selectors(query)}

    assert names
    assert names <= exported().keys() | FOREIGN
    own = {label for name in names - FOREIGN for label in exported()[name]}
    assert label_names(query) <= {"job", "instance", "alertstate", *own}


@pytest.mark.parametrize("query", QUERIES)
def test_a_gauge_of_the_scheduler_is_read_from_schedulers_only(query: str) -> None:
    """A gauge without labels that only schedulers set is selected by their job."""
    for name, matchers in check_queries().selectors(query):
        assert name not in OF_THE_SCHEDULER or 'job="covey-scheduler"' in matchers


def test_panels_have_ids_of_their_own_and_say_what_they_show() -> None:
    """No id is given twice; every panel with a query has a title and a description."""
    ids = [panel["id"] for panel in PANELS]

    assert len(ids) == len(set(ids))
    assert all(panel["title"] and panel.get("description") for panel in PANELS if panel["type"] != "row")


def test_panels_are_drawn_inside_the_grid_and_do_not_overlap() -> None:
    """Panels keep to the 24 columns, and no two share a place."""
    boxes = [(p["gridPos"]["x"], p["gridPos"]["y"], p["gridPos"]["w"], p["gridPos"]["h"]) for p in PANELS]

    assert all(x >= 0 and x + w <= 24 and h > 0 for x, _, w, h in boxes)
    for (ax, ay, aw, ah), (bx, by, bw, bh) in combinations(boxes, 2):
        assert ax + aw <= bx or bx + bw <= ax or ay + ah <= by or by + bh <= ay


def test_panels_and_targets_ask_the_provisioned_data_source() -> None:
    """The uid in the dashboard is the one that provisioning creates, so that nobody has to choose it."""
    [source] = data_sources()

    for panel in PANELS:
        if panel["type"] != "row":
            asked = [panel["datasource"], *(target["datasource"] for target in panel["targets"])]
            assert all(one == {"type": "prometheus", "uid": source["uid"]} for one in asked)


def test_the_rows_are_the_promises() -> None:
    """The dashboard is ordered by what Covey promises; then comes what that rests on."""
    rows = [panel["title"] for panel in PANELS if panel["type"] == "row"]

    promises = ["Nothing missed", "Nothing spent in vain", "Nothing broke", "Engagement and media"]
    rests_on = ["Processes", "Redis and MongoDB", "Disks, certificates and credentials", "Accounts and odd objects"]
    rests_on += ["Live events"]
    assert rows == promises + rests_on


def test_every_variable_is_about_a_label_that_is_exported_and_is_used() -> None:
    """Each lists the values of a label of its series, and some query selects by it."""
    queries = " ".join(query.values[0] for query in QUERIES)
    for variable in dashboard()["templating"]["list"]:
        if variable["type"] == "query":
            listed = re.fullmatch(r"label_values\((\w+)(?:\{.*\})?, (\w+)\)", variable["definition"])
            assert listed is not None
            assert listed[2] in exported().get(listed[1], {"job", "instance"})
            assert f'=~"${variable["name"]}"' in queries

    names = [variable["name"] for variable in dashboard()["templating"]["list"]]
    assert names == ["endpoint", "queue", "worker", "credential", "runbook"]


def test_panels_link_to_sections_of_the_runbook() -> None:
    """Each link is the runbook's address, which is one variable, and the heading of an alert."""
    sections = {str(alert["alert"]).lower() for alert in alerts()}
    links = [link["url"] for panel in PANELS for link in panel.get("links", ())]

    assert len(links) > len(PANELS) // 2
    assert {link.partition("#")[0] for link in links} == {"${runbook}"}
    assert {link.partition("#")[2] for link in links} <= sections


def test_dashboards_are_provisioned_from_where_compose_mounts_them() -> None:
    """The provider's folder is the one that docker-compose.yml mounts."""
    path = OPS / "grafana" / "provisioning" / "dashboards" / "covey.yml"
    [provider] = yaml.safe_load(path.read_text())["providers"]
    compose = yaml.safe_load((OPS.parent / "docker-compose.yml").read_text())

    assert f"./ops/grafana/dashboards:{provider['options']['path']}:ro" in compose["services"]["grafana"]["volumes"]
    home = compose["services"]["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home == f"{provider['options']['path']}/covey.json"
