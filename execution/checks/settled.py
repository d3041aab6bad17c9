"""Failures that are certain before any ORM call."""

from odoo.exceptions import AccessError
from odoo.models import BaseModel

from ...engine.coalesce import Group
from ...engine.outcomes import Failure
from ...engine.passwords import holds_blanked

# one of these rights is enough to try an operation; Odoo then checks what the operation does
ACCESS_NEEDED = {
    "create": ("create",),
    "write": ("write",),
    "unlink": ("unlink",),
    "call": ("read",),
    "upsert": ("write", "create"),
    "load": ("write", "create"),
}


def certain_failures(model: BaseModel, group: Group) -> dict[int, Failure]:
    """The certain failures of a group, by position: no access to the model, a missing record, a
    blanked password."""
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
        elif holds_blanked(operation.payload):
            failures[operation.position] = _password_gone(model)
    return failures


def access_problem(model: BaseModel, op: str) -> str | None:
    """Why the user may not do this op on any record of the model. None if the user may."""
    needed = ACCESS_NEEDED[op]
    if model._abstract or any(model.has_access(right) for right in needed):
        return None
    try:
        model.check_access(needed[0])
    except AccessError as error:
        return str(error)
    raise AssertionError("has_access and check_access disagree")


def _missing(model, ids) -> Failure:
    text = model.env._(
        "%(model)s: no record with id %(ids)s exists (any more).",
        model=model._name,
        ids=", ".join(map(str, ids[:20])),
    )
    return Failure("missing", text, model._name)


def _password_gone(model) -> Failure:
    text = model.env._(
        "Its password was blanked when the operation ended and cannot be used again: "
        "submit the operation anew."
    )
    return Failure("bad_value", text, model._name)
