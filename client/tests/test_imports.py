"""Which module of the package imports which."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import odoo_batch_job

PACKAGE = Path(odoo_batch_job.__file__).parent


def test_no_import_circle() -> None:
    """A reader can read the modules from the bottom up; imports for types count as well."""
    graph = {path: set(imported_by(path)) for path in PACKAGE.rglob("*.py")}
    order = list(TopologicalSorter(graph).static_order())  # raises CycleError
    assert set(order) == graph.keys()
    assert any(graph.values())


def imported_by(path: Path) -> Iterator[Path]:
    """Yield the modules of the package that a module imports, wherever the import stands."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            assert node.module, f"{path}: import names from a module"
            yield path.parents[node.level - 1].joinpath(*node.module.split(".")).with_suffix(".py")
