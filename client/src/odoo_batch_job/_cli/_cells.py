"""Values of fields as cells of a CSV file: written, read again, and checked."""

from __future__ import annotations

import json
import math
from typing import Any

from ._settings import InputError

TRUE, FALSE = ("1", "true", "yes", "t", "y"), ("0", "false", "no", "f", "n")
NUMBERS = ("integer", "many2one", "many2one_reference", "float", "monetary")


def check_cell(column: str, value: Any, kind: str) -> None:
    """Refuse a text that Odoo would silently read as another value.

    :raises InputError: names the column
    """
    if not isinstance(value, str):
        return
    if kind == "boolean" and value.lower() not in ("", *TRUE, *FALSE):
        # Odoo stores true for any text
        raise InputError(f"the column “{column}” holds {value!r}; it takes true or false.")
    if kind in NUMBERS and _is_number_to_python_only(value):
        raise InputError(
            f"the column “{column}” holds {value!r}; it takes a number such as 1000.5."
        )


def _is_number_to_python_only(text: str) -> bool:
    """Whether Python, and so Odoo, reads a number that nobody means: 1_000, nan, 1e400."""
    try:
        number = float(text)
    except ValueError:
        return False
    return "_" in text or not math.isfinite(number)


def typed(text: str, kind: str) -> Any:
    """Return the text of a CSV cell as a value for a field of this type.

    A text that is no such value stays a text: Odoo then says what is wrong with this row.
    """
    if text == "":
        return False
    try:
        if kind in ("integer", "many2one", "many2one_reference"):
            return int(text)
        if kind in ("float", "monetary"):
            return float(text)
        if kind in ("one2many", "many2many", "json", "properties"):
            return json.loads(text)
    except ValueError:
        return text
    if kind == "boolean" and text.lower() in TRUE + FALSE:
        return text.lower() in TRUE
    return text


def cell(value: Any, kind: str = "char") -> str:
    """Return a value of a field as a cell of a CSV file; :func:`typed` reads the cell again."""
    if value is False and kind == "boolean":
        return "false"  # `create` leaves out an empty cell; the field would get its default
    if value is None or value is False:
        return ""
    if value is True:
        return "true"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
