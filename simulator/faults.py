"""Owns the seam by which a test makes the simulator misbehave.

It must not be asked about anything but finished answers. Invariant: with `NoFaults` every answer goes
out as it was made.
"""

from typing import Protocol

from simulator.calls import Answer, Call


class Faults(Protocol):
    """Asked once before each answer of the API is sent."""

    def replace(self, call: Call, answer: Answer) -> Answer:
        """Return the answer to send: the given one, or another in its place."""


class NoFaults:
    """Leaves every answer as it is."""

    def replace(self, call: Call, answer: Answer) -> Answer:
        """Return the given answer."""
        return answer
