"""The package's table of contents."""

import subprocess
import sys
from pathlib import Path

import pytest

import research_agent


def test_every_exported_name_is_there():
    assert research_agent.__all__ == sorted(research_agent.__all__)
    assert all(getattr(research_agent, name) is not None for name in research_agent.__all__)
    assert {name for names in research_agent._HOME.values() for name in names} == set(research_agent.__all__)


def test_a_name_that_is_not_exported_is_refused():
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = research_agent.nothing


def test_the_front_door_loads_nothing_heavy():
    code = "import sys, research_agent; research_agent.ask, research_agent.list_runs; print(*sys.modules)"
    root = Path(research_agent.__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    loaded = set(done.stdout.split())
    assert not loaded & {"langgraph", "langchain_core", "torch", "faiss", "tantivy", "numpy", "trafilatura", "httpx"}
