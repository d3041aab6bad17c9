"""Rows of a file converted into operations, and operations back into rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .._errors import InvalidOperationError, ResponseError
from .._sync import Client
from ._cells import check_cell, typed
from ._hints import did_you_mean, nearest
from ._rows import Lines, Row, title_of
from ._settings import InputError

OPS = ("create", "write", "unlink", "call", "upsert", "load")
ID_COLUMNS = ("id", ".id")  # hold the number of a record, for write and unlink


class ColumnError(InputError):
    """The columns are wrong, and not a row: in CSV, the line to name is the header's."""


class Converter:
    """Converts each row into an operation.

    :param op: create, write, unlink, upsert or load
    :param model: model of the rows that name no model
    :param key: fields, or columns to load, that identify a record
    :param kind: of the file, ``csv`` or ``jsonl``; a line of JSON may be an operation itself
    :param fields: type by field, to check column names and cells of CSV and truth values of JSON;
        with None the converter checks nothing
    :ivar has_read_all: whether the converter has read the last row
    :ivar doubles: whether a row to load names no record, so that a second run would double it
    """

    def __init__(
        self,
        op: str,
        model: str | None,
        key: tuple[str, ...],
        kind: str,
        fields: Mapping[str, str] | None,
    ) -> None:
        self._op = op
        self._is_json = kind == "jsonl"
        self._model = model
        self._key = list(key)
        self._fields = fields
        self._columns: tuple[str, ...] = ()  # the columns that were checked last
        self._lines = Lines()
        self.has_read_all = False
        self.doubles = False

    def operations(
        self, rows: Iterator[tuple[int, Row]], name: str, header: int
    ) -> Iterator[dict[str, Any]]:
        """Yield an operation for each row.

        :param header: number of the line with the column names of CSV
        :raises InputError: an operation cannot be made of a row; names the line
        """
        line = 0
        for index, (line, row) in enumerate(rows):
            self._lines.note(index, line)
            try:
                yield self._operation(row)
            except InputError as error:
                if isinstance(error, ColumnError) and not self._is_json:
                    line = header
                raise InputError(f"{title_of(name)}, line {line}: {error.message}") from error
        if not line:
            raise InputError(f"{title_of(name)} has no rows.")
        self.has_read_all = True

    def add_line(self, error: ResponseError | InvalidOperationError, name: str) -> None:
        """Add the file and the line to an error that names an operation."""
        line = self._lines.of(error.index)
        if line:
            error.args = (f"{title_of(name)}, line {line}: {error}",)

    def continues(self, row: Row) -> bool:
        """Whether a row of `load` continues the record before: only one2many columns have values.

        Odoo has the same rule.
        """
        if self._op != "load" or self._fields is None or (self._is_json and row.get("op") in OPS):
            return False
        filled = [_field_of(column) for column, value in row.items() if value]
        return bool(filled) and all(self._fields.get(name) == "one2many" for name in filled)

    def _operation(self, row: Row) -> dict[str, Any]:
        if self._is_json and row.get("op") in OPS:
            _refuse_id_in_values(row)
            return {**({"model": self._model} if self._model else {}), **row}
        if self._is_json and "op" in row and "model" in row:
            raise InputError(f"op {row['op']!r} is unknown; use one of {', '.join(OPS)}.")
        if not self._model:
            raise InputError("which model? Give --model, or operations with “op” and “model”.")
        return {"op": self._op, "model": self._model, **self._body(row)}

    def _check_columns(self, columns: tuple[str, ...]) -> None:
        """Refuse a column that is no field; all rows of CSV have the same columns.

        :raises InputError: names the column
        """
        if self._is_json or self._fields is None or columns == self._columns:
            return  # a model may take keys of JSON that are no fields
        for column in columns:
            name = _field_of(column) if self._op == "load" else column
            if name not in self._fields and name not in ID_COLUMNS:
                hint = (
                    "" if self._op == "load" else ", or use --op load for country_id/code and such"
                )
                meant = nearest(name, self._fields)
                meant = f" (did you mean “{column.replace(name, meant, 1)}”?)" if meant else ""
                raise ColumnError(
                    f"the column “{column}” is no field of {self._model}: correct the name"
                    f"{meant}{hint}."
                )
        self._columns = columns

    def _body(self, row: Row) -> dict[str, Any]:
        self._check_columns(tuple(row))
        if self._op == "load":
            return self._load(row)
        if self._op == "unlink":
            return {"ids": [_take_id(dict(row))]}
        row = dict(row)
        if self._op == "create" or self._key:
            self._refuse_ids(row)
        self._check_key(row)
        if self._op == "write":
            ids = [_take_id(row)]
            return {"ids": ids, "values": self._values(row, keep_empty=True)}
        if self._op == "upsert" and not self._key:
            if not (xml_id := row.get("id")):
                kind = InputError if "id" in row else ColumnError
                raise kind("give --key FIELD, or the external id in the column “id”.")
            del row["id"]
            return {"xml_id": xml_id, "values": self._values(row, keep_empty=False)}
        values = self._values(row, keep_empty=False)
        return {"key": self._key, "values": values} if self._op == "upsert" else {"values": values}

    def _load(self, row: Row) -> dict[str, Any]:
        self._check_key(row)
        named = [column for column in ID_COLUMNS if column in row]
        if named and self._key:
            raise ColumnError(
                f"the column “{named[0]}” says which record, and so does --key: leave out one."
            )
        self.doubles = self.doubles or not (named or self._key)
        key = {"key": self._key} if self._key else {}
        return {"fields": list(row), "row": list(row.values()), **key}

    def _check_key(self, row: Row) -> None:
        for name in self._key:
            if name not in row:
                meant = did_you_mean(name, row)
                raise ColumnError(f"the column “{name}”, which --key names, is missing{meant}.")

    def _refuse_ids(self, row: Row) -> None:
        """Refuse an id that Odoo would drop without a word: Odoo numbers a new record itself."""
        for column in ID_COLUMNS:
            if column in row:
                remedy = "--op write for numbers of records, load or upsert for external ids"
                what = "upsert by --key" if self._key else "create"
                raise ColumnError(f"the column “{column}” means nothing to {what}: use {remedy}.")

    def _values(self, row: Row, *, keep_empty: bool) -> dict[str, Any]:
        if self._fields is None:
            return row
        values = {}
        for column, value in row.items():
            kind = self._fields.get(column, "char")
            check_cell(column, value, kind)
            if self._is_json:
                is_text = kind == "boolean" and isinstance(value, str)
                values[column] = typed(value, kind) if is_text else value
            elif value != "" or keep_empty:
                values[column] = typed(value, kind)
        return values


def _field_of(column: str) -> str:
    """Return the field that a column of `load` begins with.

    >>> [_field_of(column) for column in ("country_id/code", "user_id:id", ".id", "props.colour")]
    ['country_id', 'user_id', '.id', 'props']
    """
    return re.split(r"(?<=.)[/:.]", column)[0]


def _refuse_id_in_values(operation: Row) -> None:
    """Refuse a line of JSON with an id that Odoo would drop without a word.

    :raises InputError: says where the id belongs
    """
    op, values = operation["op"], operation.get("values")
    for record in values if isinstance(values, list) else [values]:
        if isinstance(record, Mapping) and "id" in record:
            remedy = (
                "name the records in “ids”"
                if op == "write"
                else "use op write with “ids” for numbers of records, or op upsert with “xml_id” "
                "for external ids"
            )
            raise InputError(f"“id” means nothing among the values of {op}: {remedy}.")


def field_types(client: Client, model: str) -> dict[str, str]:
    """Return the type of each field of a model."""
    found = client.call(model, "fields_get", {"attributes": ["type"]}, repeatable=True)
    return {name: field["type"] for name, field in found.items()}


def row_of(operation: Mapping[str, Any]) -> Row | None:
    """Return an operation as a row by column, or None if a row cannot express the operation."""
    if "ref" in operation or "context" in operation:
        return None
    op, values = operation["op"], operation.get("values", {})
    if op == "load":
        return dict(zip(operation["fields"], operation["row"], strict=True))
    if op == "call" or not isinstance(values, dict):
        return None
    if op == "upsert" and "xml_id" in operation:
        return {"id": operation["xml_id"], **values}
    if op in ("write", "unlink"):
        ids = operation["ids"]
        return {"id": ids[0], **values} if len(ids) == 1 else None
    return dict(values)


def _take_id(row: Row) -> int:
    for column in ID_COLUMNS:
        if column in row:
            value = row.pop(column)
            if type(value) is int or (isinstance(value, str) and value.strip().isdecimal()):
                return int(value)
            raise InputError(
                f"the column “{column}” holds {value!r}; it takes the record's number."
            )
    raise ColumnError("the column “id” is missing; it says which record.")
