"""Create, write, unlink and call: a group of operations in as few ORM calls as possible."""

from datetime import date

from odoo import fields
from odoo.models import BaseModel
from odoo.service.model import get_public_method
from odoo.tools import lazy
from odoo.tools.json import json_default
from odoo.tools.misc import ReadonlyDict

from ...engine.coalesce import Group, by_equal_values
from ...engine.errors import ForbiddenEffect
from ...engine.messages import _lt
from ...engine.outcomes import Outcome, plain_value
from ..in_words import in_words
from .unlinks import watching_unlink


def begin(env, group: Group):
    """Flush earlier changes, so that the database checks their constraints before this group.

    x2many commands also need an empty cache, as in a call of their own: what Odoo does with them
    depends on the cache. An example: whether two moved records of a tree form a cycle.
    """
    if group.reaches_others:
        env.invalidate_all()
    else:
        env.flush_all()


def create(model, operations) -> list[Outcome]:
    values = [operation.vals_list for operation in operations]
    records = model.create([own_copy(one) for several in values for one in several])
    if len(operations) == 1:
        return [Outcome(operations[0].position, "done", ids=list(records._ids))]
    if len(records) != sum(map(len, values)):
        raise ForbiddenEffect(_lt("A merged create gave another number of records than asked for."))
    ids = iter(records._ids)
    return [
        Outcome(operation.position, "done", ids=[next(ids) for _one in several])
        for operation, several in zip(operations, values, strict=True)
    ]


def write(model, operations) -> list[Outcome]:
    every_id = [one for operation in operations for one in operation.payload["ids"]]
    # Odoo computes wrong paths if a call moves a record of a tree and a record below that record
    never = model._parent_name if model._parent_store else None
    for values, ids in by_equal_values(operations, never):
        # with a common prefetch, the reads behind all these writes are a few queries
        model.browse(ids).with_prefetch(every_id).write(own_copy(values))
    return [Outcome(o.position, "done", ids=o.payload["ids"], value=True) for o in operations]


def unlink(model, operations) -> list[Outcome]:
    records = model.browse([one for o in operations for one in o.payload["ids"]])
    if len(operations) == 1:
        records.unlink()
    else:
        with watching_unlink(records):
            records.unlink()
    return [Outcome(o.position, "done", ids=o.payload["ids"], value=True) for o in operations]


def call(model, operations) -> list[Outcome]:
    first = operations[0].payload
    method = get_public_method(model, first["method"])
    ids = [one for operation in operations for one in operation.payload.get("ids") or ()]
    args, kwargs = own_copy(first.get("args") or []), own_copy(first.get("kwargs") or {})
    is_model_method = getattr(method, "_api_model", False)
    if is_model_method and ids:
        name = f"{model._name}.{first['method']}"
        raise ForbiddenEffect(_lt("%(method)s takes no ids.", method=name))
    value = method(model if is_model_method else model.browse(ids), *args, **kwargs)
    if first.get("each"):
        return [Outcome(o.position, "done", ids=o.payload["ids"]) for o in operations]
    if isinstance(value, BaseModel) and value._name == model._name:
        # the method returned records of this model: `$ref` means those
        ids = [one for one in value._ids if type(one) is int]  # without records from `new`
        # keep all ids or none: a reference to some of the records would go wrong unnoticed
        _kept, cut = plain_value(ids)
        ids = None if cut else ids
    value, note = plain_value(value, _json_default)
    note = note and in_words(model.env, note)
    return [Outcome(operations[0].position, "done", ids=ids, value=value, note=note)]


def own_copy(value):
    """Copy values for an ORM call: an override may change them, and a later try needs them as
    submitted."""
    if isinstance(value, dict):
        return {key: own_copy(o) if isinstance(o, dict | list) else o for key, o in value.items()}
    return [own_copy(one) for one in value] if isinstance(value, list) else value


def _json_default(value):
    """Convert a return value as JSON-2 does. Refuse a value that JSON-2 would only describe."""
    if isinstance(value, BaseModel):
        return list(value._ids)
    if isinstance(value, date | bytes | lazy | ReadonlyDict | fields.Domain):
        return json_default(value)
    raise TypeError(_lt("%(type)s is not JSON", type=type(value).__name__))
