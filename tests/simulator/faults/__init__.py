"""Tests of the fault scripts."""
