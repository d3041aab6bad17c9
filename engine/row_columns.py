"""An operation as a line of a file: which columns it has, and how changed cells go back into it."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from .errors import BadRequest
from .messages import _lt, message_of
from .row_cells import is_same, nested, text_of, value_of

JOB, ROW, ERROR = "Job", "Row", "Error"
OWN = (JOB, ROW, ERROR)
IDS, VALUES = "$ids", "$values"
ARGUMENTS = {"$method": "method", "$args": "args", "$kwargs": "kwargs"}
IN_VALUES = "values."  # before a field whose name another column has


class BadCell(BadRequest):
    def __init__(self, column: str, problem: str):
        super().__init__(_lt("column “%(column)s”: %(problem)s", column=column, problem=problem))


def cells_of(op: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of an operation with their values, in the order in which people sent them.

    >>> cells_of("write", {"ids": [7], "values": {"name": "Jo"}})
    {'id': 7, 'name': 'Jo'}
    >>> cells_of("load", {"fields": ["id", "name", "name"], "row": ["my.jo", "Jo", "J."]})
    {'id': 'my.jo', 'name': 'Jo', 'name (2)': 'J.'}
    """
    if op == "load":
        return dict(zip(_titles(payload["fields"]), payload["row"], strict=True))
    cells = {**_id_cell(op, payload), **_argument_cells(payload)}
    values = payload.get("values") or {}
    if isinstance(values, list):
        return {**cells, VALUES: values}
    return cells | {_title(name, cells): value for name, value in values.items()}


def texts_of(
    op: str, payload: Mapping[str, Any], kinds: Mapping[str, str | None]
) -> dict[str, str]:
    """The columns of an operation with the texts of their cells.

    :param kinds: field -> its type
    """
    return {
        column: text_of(value, None if op == "load" else kinds.get(_name(column)))
        for column, value in cells_of(op, payload).items()
    }


def required_column(
    op: str, payload: Mapping[str, Any], error_type: str | None, error_field: str | None
) -> list[str]:
    """The column of a field whose value is missing, so that people can give one. A list, which is
    empty where there is no such column.

    >>> required_column("create", {"values": {"ref": "J"}}, "required", "name")
    ['name']
    """
    has_fields = op != "load" and isinstance(payload.get("values"), dict)
    if error_type != "required" or not error_field or not has_fields:
        return []
    return [_title(error_field)]


def missing(op: str, payload: Mapping[str, Any], header: Iterable[str]) -> str | None:
    """A column that a file lacks although the operation has a value there; None if it lacks none.

    >>> missing("create", {"values": {"name": "Jo", "ref": False}}, ["name"])
    >>> missing("create", {"values": {"name": "Jo", "ref": False}}, ["ref"])
    'name'
    """
    there = set(header)
    texts = texts_of(op, payload, {})
    return next((column for column, text in texts.items() if text and column not in there), None)


def corrected(
    op: str,
    payload: Mapping[str, Any],
    texts: Mapping[str, str],
    kinds: Mapping[str, str | None],
) -> dict[str, Any]:
    """What changed cells replace of an operation: parts of its payload. Empty if none is changed.

    A cell that still has its text keeps its value, whatever the text may have lost.

    :param texts: column -> text of a cell
    :raises BadCell: a text is no value of its column, or the operation has no such column

    >>> corrected("create", {"values": {"name": "Jo", "age": 7}}, {"name": "Jo", "age": "8"},
    ...           {"age": "integer"})
    {'values': {'name': 'Jo', 'age': 8}}
    """
    known, stored = cells_of(op, payload), texts_of(op, payload, kinds)
    changed = {
        column: text for column, text in texts.items() if not is_same(text, stored.get(column, ""))
    }
    if op == "load":
        return _corrected_row(payload, known, changed)
    parts: dict[str, Any] = {}
    values = dict(payload["values"]) if isinstance(payload.get("values"), dict) else None
    for column, text in changed.items():
        if column not in known:
            _check_new(op, column, values, kinds)
        if part := _part(op, column, text):
            parts |= part
        elif values is not None:
            _set(values, _name(column), column, text, kinds)
            parts["values"] = values
    return parts


def _corrected_row(payload, known: dict, changed: dict[str, str]) -> dict[str, Any]:
    for column in changed:
        if column not in known:
            raise BadCell(column, _lt("this row has no such column; empty the cell."))
    if not changed:
        return {}
    return {"row": [changed.get(column, cell) for column, cell in known.items()]}


def _part(op: str, column: str, text: str) -> dict[str, Any]:
    """The part of the payload that a column holds, if it holds no field."""
    if column == "id" and op == "upsert":
        return {"xml_id": text}
    try:
        if column == "id" and op != "create":
            return {"ids": [value_of(text, "integer")]}
        if column == "$method":
            return {"method": text}
        if column in (IDS, VALUES, *ARGUMENTS):
            return {column[1:]: nested(text)}
    except ValueError as error:
        raise _bad_text(column, text, error) from error
    return {}


def _set(values: dict, name: str, column: str, text: str, kinds: Mapping[str, str | None]) -> None:
    kind = kinds.get(name)
    if text == "" and kind is None:
        values.pop(name, None)  # a key that is no field: to empty it would not help
        return
    try:
        values[name] = value_of(text, kind, values.get(name))
    except ValueError as error:
        raise _bad_text(column, text, error) from error


def _bad_text(column: str, text: str, error: ValueError) -> BadCell:
    said = _lt("it holds “%(text)s”; %(problem)s", text=text[:80], problem=message_of(error))
    return BadCell(column, said)


def _check_new(op: str, column: str, values: dict | None, kinds: Mapping[str, str | None]) -> None:
    """Refuse a value in a column that other rows of the file have, and this one cannot have."""
    if values is None or _name(column) not in kinds or column == "id":
        raise BadCell(
            column,
            _lt("a row with the operation %(op)s has no such column; empty the cell.", op=op),
        )


def _id_cell(op: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    if payload.get("xml_id"):
        return {"id": payload["xml_id"]}
    ids = payload.get("ids") or []
    if not ids:
        return {}
    return {"id": ids[0]} if len(ids) == 1 and type(ids[0]) is int else {IDS: ids}


def _argument_cells(payload: Mapping[str, Any]) -> dict[str, Any]:
    return {column: payload[key] for column, key in ARGUMENTS.items() if payload.get(key)}


def _title(name: str, taken: Iterable[str] = ()) -> str:
    is_taken = name in OWN or name in taken or name.startswith(("$", IN_VALUES))
    return IN_VALUES + name if is_taken else name


def _name(column: str) -> str:
    return column.removeprefix(IN_VALUES)


def _titles(columns: list[str]) -> list[str]:
    """The columns of a load as titles, all different."""
    titles: list[str] = []
    for column in columns:
        title, number = _title(column), 1
        while title in titles:
            number += 1
            title = f"{_title(column)} ({number})"
        titles.append(title)
    return titles


def as_line(number: int, error: str, texts: Mapping[str, str]) -> str:
    """A line of JSON, to be kept until all columns are known."""
    return json.dumps([number, error, texts], ensure_ascii=False) + "\n"
