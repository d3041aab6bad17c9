"""Sentences for people: what is wrong with a value, and what to send instead."""

from odoo.models import BaseModel

from ...engine.misfits import LARGEST
from ...engine.passwords import blank_passwords, is_secret_name

_MOST_NAMED = 20  # values of a selection in a message


def wrong_value(model: BaseModel, field, value) -> str:
    text = model.env._(
        "%(field)s (%(label)s): %(value)s is not a valid %(type)s.",
        field=field.name,
        label=field._description_string(model.env),
        value=shown(field.name, value),
        type=field.type,
    )
    advice = _advice(model, field)
    return f"{text} {advice}" if advice else text


def shown(name: str, value) -> str:
    """A value as a message may quote it: without passwords, because managers read messages."""
    return "***" if is_secret_name(name) else repr(blank_passwords(value))[:100]


def wrong_line(name: str, text: str) -> str:
    """The sentence about a value in an x2many line, after the operation's own field."""
    return f"{name}: {text}"


def _advice(model, field) -> str:
    env = model.env
    match field.type:
        case "many2one":
            return env._(
                "Send the id of a record, a whole number above 0; null or false empties it."
            )
        case "one2many" | "many2many":
            return env._("Send a list of ids, or of commands such as [4, id] or [0, 0, {…}].")
        case "reference":
            return env._('Send a text of model and id, such as "res.partner,7".')
        case "boolean":
            return env._("Send true or false.")
        case "integer" | "many2one_reference":
            return env._("Send a whole number of at most %s.", LARGEST)
        case "float" | "monetary":
            return env._("Send a number.")
        case "date":
            return env._('Send a text such as "2026-01-31", without a time.')
        case "datetime":
            return env._('Send a text such as "2026-01-31 12:00:00", in UTC.')
        case "selection":
            return _selectable(model, field)
        case "binary":
            return env._("Send a text, the content in base64.")
        case _:
            return env._("Send a text.")


def _selectable(model, field):
    values = field.get_values(model.env)
    shown = ", ".join(map(str, values[:_MOST_NAMED]))
    return model.env._("Send one of: %s.", shown + (", …" if len(values) > _MOST_NAMED else ""))
