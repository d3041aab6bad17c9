"""Merge neighbouring operations into one ORM call where the end is the same."""

from dataclasses import dataclass

from .canonical import canonical_json
from .operations import Operation


@dataclass(frozen=True)
class Group:
    """Neighbours that one ORM call per distinct argument can apply: same op, model, context.

    In a group of writes, unlinks or merged calls no two operations name the same record, so their
    order within the group does not matter; across groups the order is that of submission.
    """

    op: str
    model: str
    operations: list[Operation]

    @property
    def context(self) -> dict:
        return self.operations[0].payload.get("context") or {}


def coalesce(operations: list[Operation]) -> list[Group]:
    """Cut operations, in their order, into groups."""
    groups: list[Group] = []
    key, named = None, set()
    for operation in operations:
        this_key = _merge_key(operation)
        ids = operation.payload.get("ids") or ()
        fits = this_key is not None and this_key == key
        if fits and operation.op != "create":
            fits = named.isdisjoint(ids) and len(set(ids)) == len(ids)
        if fits:
            groups[-1].operations.append(operation)
            named.update(ids)
        else:
            groups.append(Group(operation.op, operation.model, [operation]))
            key, named = this_key, set(ids)
    return groups


def by_equal_values(operations: list[Operation]) -> list[tuple[dict, list[int]]]:
    """The distinct values of a group of writes, each with all the ids it goes to."""
    groups: dict[str, tuple[dict, list[int]]] = {}
    for operation in operations:
        values = operation.payload["values"]
        # of stored JSON, whose keys come in one order; tells 1, 1.0 and true apart
        _values, ids = groups.setdefault(repr(values), (values, []))
        ids.extend(operation.payload["ids"])
    return list(groups.values())


# what must be equal beside op, model and context
_SAME_SHAPE = {"upsert": ("key",), "load": ("fields",)}


def _merge_key(operation: Operation) -> tuple | None:
    payload = operation.payload
    context = canonical_json(payload["context"]) if payload.get("context") else ""
    if operation.op in _SAME_SHAPE:
        shape = (payload.get(name) for name in _SAME_SHAPE[operation.op])
        return (operation.op, operation.model, context, *map(canonical_json, shape))
    if operation.op != "call":
        return (operation.op, operation.model, context)
    if not payload.get("each"):
        return None
    arguments = canonical_json([payload.get("args"), payload.get("kwargs")])
    return ("call", operation.model, context, payload["method"], arguments)
