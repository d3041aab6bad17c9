"""The content of an operation as a table for people: the label of each field, and its value."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from markupsafe import Markup

from ..engine.passwords import BLANKED, is_secret_name
from ..engine.references import REF_KEY
from .operation_words import field_in_words, kind_in_words, names_of

LONGEST_VALUE = 2_000  # characters of one value; the rest is under *Technical*
MOST_RECORDS = 20  # of one operation
MOST_IDS = 5
HIDDEN = "••••••"
_TABLE = Markup(
    "<table class='table table-sm mb-0'>"
    "<thead><tr><th scope='col'>%s</th><th scope='col' class='w-75'>%s</th></tr></thead>"
    "<tbody>%s</tbody></table>"
)
_TITLE = Markup("<tr><th scope='rowgroup' colspan='2' class='table-active'>%s</th></tr>")
_ROW = Markup(
    "<tr class='%s'><th scope='row' dir='auto' class='fw-normal' title='%s'>%s</th>"
    "<td dir='auto' class='text-break text-prewrap'>%s</td></tr>"
)
_WRONG = Markup(
    "%s<div class='fw-bold'><i class='fa fa-exclamation-triangle me-1' aria-hidden='true'></i>"
    "%s</div>"
)


class Cell(NamedTuple):
    """One row of the table. A cell without a name is the title of the cells after it."""

    name: str
    label: str
    value: Any = None
    is_wrong: bool = False


class ContentTable:
    """Makes the table of one operation, in the language of the user who reads it.

    :param payload: the content, which this user may see
    """

    def __init__(self, operation, payload: dict):
        self.env = operation.env
        self.operation = operation
        self.payload = payload
        self.model = operation.model

    def as_html(self) -> Markup:
        cells = list(self._cells())
        if wrong := self._wrong_field():
            marked = any(cell.is_wrong for cell in cells)
            if not marked and self._is_field(wrong):
                cells.append(Cell(wrong, self._label(wrong), None, True))
        rows = Markup().join(map(self._row, cells))
        return _TABLE % (self.env._("Field"), self.env._("Value"), rows)

    def _cells(self) -> Iterator[Cell]:
        payload = self.payload
        if ids := payload.get("ids"):
            yield Cell("ids", self.env._("Records"), self._records(self.model, ids))
        if method := payload.get("method"):
            yield Cell("method", self.env._("Method"), method)
        if xml_id := payload.get("xml_id"):
            yield Cell("xml_id", self.env._("External ID"), xml_id)
        for number, value in enumerate(payload.get("args") or (), 1):
            yield Cell("args", self.env._("Argument %s", number), self._text(value))
        for name, value in (payload.get("kwargs") or {}).items():
            yield Cell(name, name, self._hidden(name, self._text(value)))
        if "row" in payload:
            yield from self._cells_of(zip(payload["fields"], payload["row"], strict=False))
            return
        values = payload.get("values")
        if isinstance(values, list):
            for number, one in enumerate(values[:MOST_RECORDS], 1):
                yield Cell("", self.env._("Record %s", number))
                yield from self._cells_of(one.items())
            more = len(values) - MOST_RECORDS
            if more == 1:
                yield Cell("", self.env._("1 more record"))
            elif more > 1:
                yield Cell("", self.env._("%s more records", more))
        elif values:
            yield from self._cells_of(values.items())

    def _cells_of(self, values) -> Iterator[Cell]:
        for name, value in values:
            label = self._label(name)
            if name in (self.payload.get("key") or ()):
                label = self.env._("%s (key)", label)
            shown = self._hidden(name, self._value(name, value))
            yield Cell(name, label, shown, self._is_wrong(name, value))

    def _row(self, cell: Cell) -> Markup:
        if not cell.name:
            return _TITLE % cell.label
        value = cell.value or ""
        if cell.is_wrong:
            value = _WRONG % (value, kind_in_words(self.env, self.operation.error_type))
        return _ROW % ("table-danger" if cell.is_wrong else "", cell.name, cell.label, value)

    def _wrong_field(self) -> str | None:
        """The field at fault; None if it is one of another model, such as that of a line."""
        one = self.operation
        if one.state not in ("failed", "skipped") or one.error_model not in (False, self.model):
            return None
        return one.error_field or None

    def _is_wrong(self, name, value) -> bool:
        wrong = self._wrong_field()
        if not wrong or name != wrong and not name.startswith(f"{wrong}/"):
            return False
        # of several records only those are at fault that have no value
        is_empty = value in (None, False, "")
        return is_empty or self.operation.error_type != "required"

    def _is_field(self, name) -> bool:
        return self.model in self.env and name in self.env[self.model]._fields

    def _label(self, name) -> str:
        return field_in_words(self.env, self.model, name)

    @staticmethod
    def _hidden(name, text):
        return HIDDEN if text and is_secret_name(name) else text

    def _value(self, name, value) -> str:
        """A value as people read it: the label of a choice, the name of a record."""
        field = self.env[self.model]._fields.get(name) if self.model in self.env else None
        kind = field.type if field else None
        if kind == "boolean" and isinstance(value, bool):
            return self.env._("Yes") if value else self.env._("No")
        if kind == "many2one" and type(value) is int:
            return self._records(field.comodel_name, [value])
        if kind == "selection" and isinstance(value, str) and "row" not in self.payload:
            choices = dict(field._description_selection(self.env) or ())
            return choices.get(value, value)
        return self._text(value)

    def _records(self, model, ids) -> str:
        """Records with their names, as far as the user may read these."""
        known = [one for one in ids[:MOST_IDS] if type(one) is int]
        names = names_of(self.env[model].browse(known)) if model in self.env else {}
        told = [
            f"{names[one]} ({one})" if type(one) is int and one in names else self._text(one)
            for one in ids[:MOST_IDS]
        ]
        return ", ".join(told) + ("…" if len(ids) > MOST_IDS else "")

    def _text(self, value) -> str:
        if value is None or value is False:
            return ""
        if isinstance(value, dict) and value.keys() == {REF_KEY}:
            return self.env._("what “%s” makes", value[REF_KEY])
        if value == BLANKED:
            return self.env._("a password, which was removed")
        is_plain = isinstance(value, str | int | float)
        text = str(value) if is_plain else json.dumps(value, ensure_ascii=False)
        return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"
