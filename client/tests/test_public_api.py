"""What users may import."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import odoo_batch_job
from odoo_batch_job import BatchJobError, _errors


def test_all_is_the_whole_surface() -> None:
    """Every public name is in __all__, sorted, and there; modules are private."""
    public = {
        name
        for name, value in vars(odoo_batch_job).items()
        if not name.startswith("_") and not inspect.ismodule(value)
    }
    assert odoo_batch_job.__all__ == sorted(public)
    package = Path(odoo_batch_job.__file__).parent
    assert [path.name for path in package.glob("[!_]*.py")] == []


def test_every_public_class_says_what_it_is() -> None:
    """No public name and no public method is without words."""
    silent = [
        f"{name}.{member}"
        for name in odoo_batch_job.__all__
        for member, value in inspect.getmembers(getattr(odoo_batch_job, name))
        if not member.startswith("_")
        and inspect.isfunction(value)
        and value.__module__.startswith(odoo_batch_job.__name__)
        and not value.__doc__
    ]
    assert silent == []


def test_tree_of_errors_is_drawn_as_it_is() -> None:
    """The drawing at the top of _errors.py names each class of the package under its parent."""
    assert _errors.__doc__ is not None
    drawn = re.findall(r"^([ │├└─]*)(\w+Error)\b", _errors.__doc__, re.MULTILINE)
    parents: list[str] = []
    for indent, name in drawn:
        depth = len(indent) // 4
        kind = getattr(odoo_batch_job, name)
        assert depth == 0 or kind.__bases__[0].__name__ == parents[depth - 1]
        parents[depth:] = [name]
    defined = sorted(kind.__name__ for kind in tree_of(BatchJobError))
    assert sorted(name for _, name in drawn) == defined


def tree_of(kind: type[BatchJobError]) -> Iterator[type[BatchJobError]]:
    """Yield a class and all that inherit it, wherever they are defined."""
    yield kind
    for child in kind.__subclasses__():
        yield from tree_of(child)
