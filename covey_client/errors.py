"""What can go wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class CannotReach(Exception):
    """Nobody answered, after all tries. Whether a request was carried out is not known; its key makes it safe again."""


class ApiError(Exception):
    """Covey answered with a problem. kind: its type without the address, such as `not-found`. problem: all of it."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.problem = dict(problem)
        self.kind = str(problem.get("type", "about:blank")).rpartition("/")[2]
        self.detail = str(problem.get("detail", ""))
        self.request_id = problem.get("request_id")
        super().__init__(f"{status} {self.kind}: {self.detail}")
