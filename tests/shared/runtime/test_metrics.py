"""The list of metrics."""

from __future__ import annotations

from prometheus_client.metrics import MetricWrapperBase

from shared.runtime import metrics

ALL = {name: metric for name, metric in vars(metrics).items() if isinstance(metric, MetricWrapperBase)}


def test_every_metric_is_named_for_covey_and_explained() -> None:
    """Each metric has the prefix and a sentence that says what it counts."""
    for metric in ALL.values():
        assert metric._name.startswith("covey_")
        assert metric._documentation.endswith(".")


def test_no_label_takes_a_name_that_prometheus_sets() -> None:
    """A label called job or instance would be renamed when it is scraped, and queries by it would be wrong."""
    labels = {label for metric in ALL.values() for label in metric._labelnames}

    assert not labels & {"job", "instance"}
