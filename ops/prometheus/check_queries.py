"""Asks a running Prometheus every query of the dashboard and of the rules: `check_queries.py http://127.0.0.1:9090`.

A query of the dashboard must answer with at least one number. An alert answers nothing while all is well, so instead
each series that it looks at must exist, and Prometheus must have loaded and evaluated the rule. Needs Python only.
Exit status: 0 when all is well, 1 when a query is empty or a rule is broken, 2 when Prometheus cannot be asked.
"""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

DASHBOARDS = Path(__file__).parents[1] / "grafana" / "dashboards"
TIMEOUT_SECONDS = 10
# What Grafana would put in: four times the scrape interval.
VARIABLES = {"$__rate_interval": "1m", "$endpoint": ".*", "$queue": ".*", "$worker": ".*", "$credential": ".*"}

# PromQL, as far as it is needed to find the series: matchers, ranges, names, numbers with their units, the rest.
_TOKEN = re.compile(r"\{[^}]*\}|\[[^\]]*\]|[a-zA-Z_:][\w:]*|\d[\w.]*|\S")
_GROUPING = frozenset({"by", "without", "on", "ignoring", "group_left", "group_right"})
_OPERATORS = frozenset({"and", "or", "unless", "offset", "bool", "inf", "nan"})

_AFTER_A_FUNCTION = frozenset({"(", "by", "without"})


def selectors(query: str) -> set[tuple[str, str]]:
    """The series that a query looks at: (name of the metric, matchers in braces or "")."""
    tokens = [*_TOKEN.findall(query), "", ""]
    found = set()
    i = 0
    while tokens[i]:
        token, after = tokens[i], tokens[i + 1]
        if token in _GROUPING and after == "(":
            i = tokens.index(")", i)
        elif token[0].isalpha() and token.lower() not in _GROUPING | _OPERATORS and after not in _AFTER_A_FUNCTION:
            found.add((token, after if after.startswith("{") else ""))
        i += 1
    return found


def dashboard_queries() -> Iterator[tuple[str, str]]:
    """(panel, query) of every dashboard, with Grafana's variables filled in."""
    for path in sorted(DASHBOARDS.glob("*.json")):
        for panel in json.loads(path.read_text(encoding="utf-8"))["panels"]:
            for target in panel.get("targets", ()):
                query = target["expr"]
                for name, value in VARIABLES.items():
                    query = query.replace(name, value)
                yield panel["title"], query


class Prometheus:
    """The HTTP API of one Prometheus."""

    def __init__(self, url: str) -> None:
        """Ask the Prometheus at `url`. Raises ValueError for what is no address."""
        if not url.startswith(("http://", "https://")):
            raise ValueError(f"not the address of a Prometheus: {url!r}")
        self._url = url.rstrip("/")

    def numbers(self, query: str) -> int:
        """How many finite numbers the query answers now. Raises ValueError for a query that is refused."""
        result = self._ask("query", query=query)["result"]
        return sum(math.isfinite(float(series["value"][1])) for series in result)

    def alerts(self) -> Iterator[tuple[str, str, str]]:
        """(name, query, fault or "") of every alert that is loaded."""
        for group in self._ask("rules", type="alert")["groups"]:
            for rule in group["rules"]:
                fault = rule.get("lastError") or ("" if rule["health"] == "ok" else f"health is {rule['health']}")
                yield rule["name"], rule["query"], fault

    def _ask(self, what: str, **parameters: str) -> Any:
        with urlopen(f"{self._url}/api/v1/{what}?{urlencode(parameters)}", timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310  # checked above
            return json.load(answer)["data"]


def faults(prometheus: Prometheus) -> Iterator[tuple[str, str, str]]:
    """(where, query, what is wrong or "") of everything that was asked."""
    for panel, query in dashboard_queries():
        yield f"panel {panel!r}", query, "" if prometheus.numbers(query) else "answers no number"
    loaded = 0
    for alert, query, fault in prometheus.alerts():
        loaded += 1
        yield f"alert {alert}", query, fault
        for name, matchers in sorted(selectors(query)):
            there = prometheus.numbers(f"count({name}{matchers})")
            yield f"alert {alert}", name + matchers, "" if there else "no such series"
    yield "rules", "", "" if loaded else "Prometheus has loaded none"


def main(arguments: list[str]) -> int:
    """Ask, print what is wrong and the count of what was asked; answers the exit status."""
    if len(arguments) != 1:
        sys.stderr.write("usage: check_queries.py http://127.0.0.1:9090\n")
        return 2
    try:
        asked = list(faults(Prometheus(arguments[0])))
    except (URLError, OSError, ValueError) as error:
        sys.stderr.write(f"check_queries: {arguments[0]}: {error}\n")
        return 2
    wrong = [row for row in asked if row[2]]
    for where, query, fault in wrong:
        sys.stdout.write(f"{where}: {fault}: {query}\n")
    sys.stdout.write(f"{len(asked)} asked, {len(wrong)} wrong\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
