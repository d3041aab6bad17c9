"""Failures that are settled without a try, because no try could succeed."""

from odoo.models import BaseModel

from ...engine.coalesce import Group
from ...engine.outcomes import Failure
from ...engine.passwords import holds_blanked
from .access import access_problem


def settled_failures(model: BaseModel, group: Group) -> dict[int, Failure]:
    """The failures of a group that need no try, by position: no access to the model, a missing
    record, a blanked password."""
    failures = {}
    denied = access_problem(model, group.op)
    if denied:
        failure = Failure("access", denied, model._name)
        return {operation.position: failure for operation in group.operations}
    ids = {one for operation in group.operations for one in operation.payload.get("ids") or ()}
    # an abstract model has no table
    present = set() if model._abstract or not ids else set(model.browse(ids).exists()._ids)
    absent = ids - present
    for operation in group.operations:
        missing = absent.intersection(operation.payload.get("ids") or ())
        if missing:
            failures[operation.position] = _missing(model, sorted(missing))
        elif operation.may_be_blanked and holds_blanked(operation.payload):
            failures[operation.position] = _password_gone(model)
    return failures


def _missing(model, ids) -> Failure:
    text = model.env._(
        "%(model)s: no record with id %(ids)s exists (any more).",
        model=model._name,
        ids=", ".join(map(str, ids[:20])),
    )
    return Failure("missing", text, model._name, value=str(ids[0]))


def _password_gone(model) -> Failure:
    text = model.env._(
        "Its password was blanked when the operation ended and cannot be used again: "
        "submit the operation anew."
    )
    return Failure("bad_value", text, model._name)
