"""The command line: values of fields as cells of a CSV file."""

from __future__ import annotations

from typing import Any

import pytest

from odoo_batch_job._cli._cells import cell, check_cell, typed
from odoo_batch_job._cli._settings import InputError


@pytest.mark.parametrize("text", ["NaN", "-inf", "1_000", "1_0e1", "1e400"])
def test_number_to_python_only(text: str) -> None:
    """Odoo would store it, or something else; nobody means it."""
    with pytest.raises(InputError, match="it takes a number such as"):
        check_cell("x", text, "float")
    check_cell("x", text, "char")
    check_cell("x", "1000.5", "float")


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("char", "A"),
        ("char", False),
        ("integer", 3),
        ("integer", 0),
        ("float", 1.5),
        ("boolean", True),
        ("boolean", False),
        ("many2many", [[6, 0, [1]]]),
    ],
)
def test_cell_is_read_as_it_was_written(kind: str, value: Any) -> None:
    """A value survives the way through a CSV file."""
    assert typed(cell(value, kind), kind) == value
