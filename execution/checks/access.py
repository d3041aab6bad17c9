"""Whether the owner may use a model at all. Odoo checks the records."""

from odoo.exceptions import AccessError
from odoo.models import BaseModel

# one of these rights is enough to try an operation; Odoo then checks what the operation does
ACCESS_NEEDED = {
    "create": ("create",),
    "write": ("write",),
    "unlink": ("unlink",),
    "call": ("read",),
    "upsert": ("write", "create"),
    "load": ("write", "create"),
}


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
