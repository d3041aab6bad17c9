"""The expressions of a view, and the values that they see: those that the web client has."""

from collections.abc import Iterable

from lxml import etree

from odoo import fields
from odoo.models import BaseModel
from odoo.tools.safe_eval import datetime, dateutil, time
from odoo.tools.view_validation import get_expression_field_names

from ...engine.view_values import Empty

ALWAYS = ("1", "True")
NEVER = ("", "0", "False")
_TEXTS = ("char", "text", "html", "date", "datetime", "selection", "reference")


def view_to_read(model: BaseModel, view_id: int, view_type: str) -> int | None:
    """The id of a view, if it is one of the model and of this type; None: the model's own."""
    view = model.env["ir.ui.view"].sudo().browse(view_id or 0).exists()
    return view.id if view.model == model._name and view.type == view_type else None


def arch_of(model: BaseModel, view_id: int, view_type: str):
    """The nodes of a view as its user gets them: those of other groups are left out."""
    found = model.get_view(view_to_read(model, view_id, view_type), view_type)
    return etree.fromstring(found["arch"])


def values_in_view(records: BaseModel, expressions: Iterable[str]) -> list[dict]:
    """What the expressions of a view may name, for each record: its fields, and the words of Odoo.

    The values are read with the rights of the user.
    """
    names = {name for one in expressions for name in get_expression_field_names(one)}
    names = sorted(name for name in names if name in records._fields and name != "id")
    rows = records.read(names, load=None) if names else [{"id": id_} for id_ in records.ids]
    words = _words(records)
    return [
        {
            **{name: _as_in_client(records._fields[name], value) for name, value in row.items()},
            "active_id": row["id"],
            "active_ids": [row["id"]],
            **words,
        }
        for row in rows
    ]


def _words(records: BaseModel) -> dict:
    """The words of Odoo that mean the same for each record."""
    today = fields.Date.context_today(records)
    return {
        "active_model": records._name,
        "uid": records.env.user.id,
        "context": dict(records.env.context),
        "allowed_company_ids": records.env.companies.ids,
        "current_company_id": records.env.company.id,
        "context_today": lambda: today,
        "today": fields.Date.to_string(today),
        "current_date": fields.Date.to_string(today),
        "now": fields.Datetime.to_string(fields.Datetime.now()),
        "datetime": datetime,
        "time": time,
        "relativedelta": dateutil.relativedelta.relativedelta,
        "true": True,
        "false": False,
    }


def _as_in_client(field, value):
    if field.type in _TEXTS and (value is False or value is None):
        return Empty()
    if field.type == "date":
        return fields.Date.to_string(value)
    if field.type == "datetime":
        return fields.Datetime.to_string(value)
    return list(value) if isinstance(value, tuple) else value
