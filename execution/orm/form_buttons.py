"""The buttons of a model's form view that a person may press, and on which records."""

import inspect
from dataclasses import dataclass

from lxml import etree

from odoo import fields
from odoo.exceptions import AccessError
from odoo.models import BaseModel
from odoo.service.model import get_public_method
from odoo.tools.safe_eval import datetime, dateutil, safe_eval, time
from odoo.tools.view_validation import get_expression_field_names

from ...engine.view_values import Empty

ALWAYS = ("1", "True")
_TEXTS = ("char", "text", "html", "date", "datetime", "selection", "reference")


@dataclass(frozen=True)
class FormButton:
    """A button of a form. `context` is an expression, and `places` has, for each place where the
    form shows the button, the expressions that hide it there."""

    method: str
    context: str
    label: str
    confirm: str
    places: tuple[tuple[str, ...], ...]


def buttons_in(model: BaseModel, view_id: int) -> tuple[FormButton, ...]:
    """The buttons that call a public method without arguments, as the form shows them to the user.

    :param view_id: a form view of the model; 0: the model's own
    """
    view = model.env["ir.ui.view"].sudo().browse(view_id or 0).exists()
    fits = view.model == model._name and view.type == "form"
    arch = etree.fromstring(model.get_view(view.id if fits else None, "form")["arch"])
    found: dict[tuple[str, str], FormButton] = {}
    for node, hidden in _button_nodes(arch, ()):
        button = _button(node, hidden)
        if _takes_no_arguments(model, button.method):
            same = found.get(key := (button.method, button.context))
            found[key] = _joined(same, button) if same else button
    return tuple(found.values())


def _button_nodes(node, hidden):
    """Buttons with what hides them or a node around them. Those in lines are of another model."""
    for child in node.iterchildren(etree.Element):
        here = child.get("invisible") or ""
        if here.strip() in ALWAYS or child.tag == "field":
            continue
        around = (*hidden, here) if here else hidden
        if child.tag != "button":
            yield from _button_nodes(child, around)
        elif child.get("type") == "object" and child.get("name") and not child.get("args"):
            # a button with a number only opens the records behind the number
            if not child.get("special") and "oe_stat_button" not in (child.get("class") or ""):
                yield child, around


def _button(node, hidden) -> FormButton:
    text = " ".join("".join(node.itertext()).split())
    label = node.get("string") or text or node.get("title") or node.get("name")
    context, confirm = node.get("context") or "{}", node.get("confirm") or ""
    return FormButton(node.get("name"), context, label, confirm, (hidden,))


def _joined(one: FormButton, other: FormButton) -> FormButton:
    """One button that the form has in two places, such as a bold one and a plain one."""
    confirm = one.confirm or other.confirm
    return FormButton(one.method, one.context, one.label, confirm, (*one.places, *other.places))


def _takes_no_arguments(model: BaseModel, name: str) -> bool:
    try:
        method = get_public_method(model, name)
    except (AccessError, AttributeError):
        return False
    needed = [
        one
        for one in list(inspect.signature(method).parameters.values())[1:]
        if one.default is one.empty and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
    ]
    return not needed and not getattr(method, "_api_model", False)


def is_shown(button: FormButton, record: BaseModel) -> bool:
    """Whether the form shows the button for a record.

    The web client decides that from the values of the form. So the expressions are those of the
    view, and the values are read with the rights of the user.
    """
    values = _values_in_form(record, {one for place in button.places for one in place})
    return any(not any(safe_eval(one, dict(values)) for one in place) for place in button.places)


def context_of(button: FormButton, record: BaseModel) -> dict:
    """The context that the form gives to the button's method for a record."""
    return dict(safe_eval(button.context, _values_in_form(record, {button.context})))


def _values_in_form(record: BaseModel, expressions) -> dict:
    """What the expressions of a view may name: fields of the record, and the words of Odoo."""
    names = {name for one in expressions for name in get_expression_field_names(one)}
    names = sorted(name for name in names if name in record._fields and name != "id")
    (row,) = record.read(names, load=None) if names else ({"id": record.id},)
    user, today = record.env.user, fields.Date.context_today(record)
    return {
        **{name: _as_in_client(record._fields[name], value) for name, value in row.items()},
        "active_id": record.id,
        "active_ids": record.ids,
        "active_model": record._name,
        "uid": user.id,
        "context": dict(record.env.context),
        "allowed_company_ids": record.env.companies.ids,
        "current_company_id": record.env.company.id,
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
