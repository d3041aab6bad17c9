"""What can be known about a group's values before it is applied, for all of it at once.

A suspect is not condemned: it is kept out of the merged call and tried alone, so that a wrong guess
(a model may accept more than its fields say) costs a little time and never an operation.
"""

from odoo import fields
from odoo.tools import SQL

from ..engine.coalesce import Group
from ..engine.operations import Operation
from ..engine.outcomes import Failure
from .failures import absent_reference, unknown_field


def suspects(model, group: Group) -> dict[int, Failure]:
    """Operations whose values look bad, by position, each with what is wrong with it."""
    found: dict[int, Failure] = {}
    references: dict[str, dict[int, list[tuple[Operation, str]]]] = {}
    unchecked: set[str] = set()  # fields that take any value, as far as can be known
    for operation in group.operations:
        for values in records_of(operation):
            failure = _look(model, operation, values, references, unchecked)
            if failure:
                found.setdefault(operation.position, failure)
    for comodel, uses in references.items():
        for absent in _absent_ids(model.env[comodel], uses):
            for operation, name in uses[absent]:
                text = absent_reference(model, name, comodel, absent)
                failure = Failure("foreign_key", text, model._name, name)
                found.setdefault(operation.position, failure)
    return found


def records_of(operation: Operation) -> list[dict]:
    """The values an operation gives, one dict per record or set of records."""
    values = operation.payload.get("values") or {}
    return values if isinstance(values, list) else [values]


def _look(model, operation, values, references, unchecked):
    for name, value in values.items():
        if name in unchecked:
            continue
        field = model._fields.get(name)
        if field is None:
            return unknown_field(model, name)
        if field.type not in _CHECKS:
            unchecked.add(name)
        if not value and (isinstance(value, bool) or value != 0):
            continue  # an empty one
        if field.type == "many2one" and type(value) is int:
            uses = references.setdefault(field.comodel_name, {})
            uses.setdefault(value, []).append((operation, name))
        elif problem := _value_problem(model, field, value):
            return Failure("bad_value", problem, model._name, name)
    return None


def _value_problem(model, field, value):
    if _is_plausible(model, field, value):
        return None
    label = field._description_string(model.env)
    shown = repr(value)[:100]
    return model.env._(
        "%(field)s (%(label)s): %(value)s is not a valid %(type)s.",
        field=field.name,
        label=label,
        value=shown,
        type=field.type,
    )


def _is_plausible(model, field, value) -> bool:
    check = _CHECKS.get(field.type)
    try:
        return check is None or check(field, value, model.env)
    except (ValueError, TypeError, OverflowError):
        return False


def _is_selectable(field, value, env):
    if field.type == "selection" and callable(field.selection):
        return True
    return value in field.get_values(env)


_CHECKS = {
    "integer": lambda _field, value, _env: -(2**31) <= int(value) < 2**31,
    "float": lambda _field, value, _env: float(value) is not None,
    "monetary": lambda _field, value, _env: float(value) is not None,
    "date": lambda _field, value, _env: fields.Date.to_date(value) is not None,
    "datetime": lambda _field, value, _env: fields.Datetime.to_datetime(value) is not None,
    "selection": _is_selectable,
    "many2one": lambda _field, value, _env: not isinstance(value, str | list | dict | float),
}


def _absent_ids(comodel, ids):
    if comodel._abstract or comodel._table_query:
        return set()
    query = SQL("SELECT id FROM %s WHERE id = ANY(%s)", SQL.identifier(comodel._table), list(ids))
    return set(ids) - {row[0] for row in comodel.env.execute_query(query)}
