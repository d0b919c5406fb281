"""Tests of the simulator, on real HTTP where HTTP matters."""
