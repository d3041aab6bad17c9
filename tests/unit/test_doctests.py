import doctest
import importlib
import pkgutil

import pytest

import engine

MODULES = [f"engine.{module.name}" for module in pkgutil.iter_modules(engine.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_docstrings_are_true(name):
    """Every example in a docstring of the engine gives what it says."""
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_there_are_examples():
    """The examples are found: a test of none would pass."""
    found = [doctest.testmod(importlib.import_module(name)).attempted for name in MODULES]
    assert sum(found) >= 15
