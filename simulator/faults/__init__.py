"""Faults: how a test makes the simulator misbehave, by a script of rules."""
