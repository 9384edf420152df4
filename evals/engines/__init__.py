"""Engines: where a solver answers. Questions, keys and the run store stay with the harness, so results are the same."""
