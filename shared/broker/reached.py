"""Asking the queue from outside a worker: its absence becomes an error of ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from dramatiq.errors import BrokerConnectionError

from shared.domain.errors import BrokerUnavailable

T = TypeVar("T")


def reached(call: Callable[[], T]) -> T:
    """What the call answers. Raises BrokerUnavailable where Redis cannot be reached."""
    try:
        return call()
    except BrokerConnectionError as error:
        raise BrokerUnavailable(f"the queue cannot be reached: {error}") from error
