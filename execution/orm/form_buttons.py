"""The buttons of a model's form view that a person may press, and on which records."""

import inspect
from dataclasses import dataclass

from lxml import etree

from odoo.exceptions import AccessError
from odoo.models import BaseModel
from odoo.service.model import get_public_method
from odoo.tools.safe_eval import safe_eval

from .view_expressions import ALWAYS, arch_of, values_in_view


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
    arch = arch_of(model, view_id, "form")
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
    (values,) = values_in_view(record, {one for place in button.places for one in place})
    return any(not any(safe_eval(one, dict(values)) for one in place) for place in button.places)


def context_of(button: FormButton, record: BaseModel) -> dict:
    """The context that the form gives to the button's method for a record."""
    (values,) = values_in_view(record, {button.context})
    return dict(safe_eval(button.context, values))
