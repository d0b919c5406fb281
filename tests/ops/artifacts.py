"""The files that operators deploy, read once, and the program among them as a module."""

from __future__ import annotations

import importlib.util
import json
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml
from prometheus_client.metrics import MetricWrapperBase

from shared.runtime import metrics

ROOT = Path(__file__).parents[2]
OPS = ROOT / "ops"

# What Prometheus and its client library add of their own.
FOREIGN = {"up", "ALERTS", "process_start_time_seconds", "process_resident_memory_bytes", "process_cpu_seconds_total"}
_SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_count", "_sum"), "info": ("_info",)}


@cache
def compose() -> dict[str, Any]:
    """docker-compose.yml, merge keys resolved."""
    document: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return document


@cache
def alerts() -> list[dict[str, Any]]:
    """Every alert of the rules."""
    document = yaml.safe_load((OPS / "prometheus" / "rules.yml").read_text())
    return [rule for group in document["groups"] for rule in group["rules"]]


@cache
def dashboard() -> dict[str, Any]:
    """The dashboard."""
    document: dict[str, Any] = json.loads((OPS / "grafana" / "dashboards" / "covey.json").read_text())
    return document


@cache
def check_queries() -> ModuleType:
    """ops/prometheus/check_queries.py, which is a program and in no package."""
    spec = importlib.util.spec_from_file_location("check_queries", OPS / "prometheus" / "check_queries.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def exported() -> dict[str, frozenset[str]]:
    """Every series that Covey exports: its name as scraped, and its labels (those of a histogram include le)."""
    found = {}
    for metric in vars(metrics).values():
        if isinstance(metric, MetricWrapperBase):
            labels = frozenset(metric._labelnames)
            for suffix in _SUFFIXES[str(metric._type)]:
                extra = {"le"} if suffix == "_bucket" else {"version"} if suffix == "_info" else set()
                found[metric._name + suffix] = labels | extra
    return found
