"""Merge neighbouring operations into one ORM call, where the end is that of one call each."""

from collections.abc import Container, Iterable
from dataclasses import dataclass

from .canonical import canonical_json
from .commands import Effect, RelationOf, effect, names_its_model
from .operations import Operation


@dataclass(frozen=True)
class Group:
    """Neighbouring operations with the same op, model and context, applied together.

    In a group of writes, unlinks or merged calls, each record belongs to one operation only.
    Groups keep the order of submission.
    """

    op: str
    model: str
    operations: list[Operation]
    reaches_others: bool = False  # changes records it does not name; the group has one operation

    @property
    def context(self) -> dict:
        return self.operations[0].payload.get("context") or {}

    @property
    def ids(self) -> list[int]:
        return [one for operation in self.operations for one in operation.payload.get("ids") or ()]


def coalesce(operations: list[Operation], relation_of: RelationOf) -> list[Group]:
    """Cut operations, in their order, into groups."""
    groups: list[Group] = []
    key, named = None, set()
    for operation in operations:
        alone = _reaches_others(operation, relation_of)
        this_key = None if alone else _merge_key(operation)
        ids = operation.payload.get("ids") or ()
        fits = this_key is not None and this_key == key
        if fits and operation.op != "create":
            fits = named.isdisjoint(ids) and len(set(ids)) == len(ids)
        if fits:
            groups[-1].operations.append(operation)
            named.update(ids)
        else:
            groups.append(Group(operation.op, operation.model, [operation], alone))
            key, named = this_key, set(ids)
    return groups


def by_equal_values(
    operations: list[Operation], never: str | None = None
) -> list[tuple[dict, list[int]]]:
    """Turn a group of writes into calls (values, ids), in order.

    Neighbouring operations with equal values share a call.

    :param never: a field; operations that write it never share a call
    """
    calls: list[tuple[dict, list[int]]] = []
    shown = None
    for operation in operations:
        values = operation.payload["values"]
        # stored JSON has its keys in one order; `repr` tells 1, 1.0 and true apart
        before, shown = shown, repr(values)
        if shown == before and never not in values:
            calls[-1][1].extend(operation.payload["ids"])
        else:
            calls.append((values, list(operation.payload["ids"])))
    return calls


def apart(group: Group, pairs: Iterable[tuple[int, int]]) -> list[Group]:
    """Cut a group into parts, so that tied records are in different parts.

    :param pairs: the ids of each two records of the group that are tied
    """
    tied: dict[int, set[int]] = {}
    for one, other in pairs:
        tied.setdefault(one, set()).add(other)
        tied.setdefault(other, set()).add(one)
    if not tied:
        return [group]
    parts, near = [Group(group.op, group.model, [])], set()
    for operation in group.operations:
        ids = operation.payload["ids"]
        if parts[-1].operations and not near.isdisjoint(ids):
            parts.append(Group(group.op, group.model, []))
            near = set()
        parts[-1].operations.append(operation)
        near.update(*(tied.get(one, ()) for one in ids))
    return parts


def in_turns(operations: list, suspects: Container[int], strictly: bool) -> list[list]:
    """The order in which to try a group: each suspect alone, the others together.

    :param operations: operations, or other objects with a position
    :param strictly: keep the order of submission. Otherwise the suspects come last: a suspect that
        fails as expected has no effect, so its place does not matter.
    """
    if not strictly:
        kept = [one for one in operations if one.position not in suspects]
        return [
            *([kept] if kept else []),
            *([one] for one in operations if one.position in suspects),
        ]
    turns: list[list[Operation]] = []
    for operation in operations:
        is_suspect = operation.position in suspects
        if not turns or is_suspect or turns[-1][-1].position in suspects:
            turns.append([])
        turns[-1].append(operation)
    return turns


class Unflushed:
    """Knows which changes may still wait in Odoo's cache, unknown to the database.

    The database checks constraints when it gets a change. A later change of the same record could
    hide a violation, so the earlier change must reach the database first.
    """

    def __init__(self):
        self._model: str | None = None
        self._ids: set[int] = set()

    def must_go_before(self, group: Group) -> bool:
        """Whether to flush before this group. The group then counts as applied."""
        known = group.op in ("write", "call") and not group.reaches_others
        ids = group.ids if known else []
        apart = bool(ids) and self._model == group.model and self._ids.isdisjoint(ids)
        if not apart:
            self._ids = set()
        self._model = group.model if ids else ""
        self._ids.update(ids)
        return not apart


# parts of the payload that must be equal, beside op, model and context
_SAME_SHAPE = {"upsert": ("key",), "load": ("fields", "key")}


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


def _reaches_others(operation: Operation, relation_of: RelationOf) -> bool:
    """Whether the operation's x2many commands forbid to merge the operation.

    Commands may change the records of a neighbour. Commands of a write may also create lines, and
    each written record needs lines of its own.
    """
    if operation.op not in ("create", "write", "upsert"):
        return False
    given = operation.payload.get("values") or {}
    worst = max(
        (
            effect(operation.model, values, relation_of, is_new=operation.op != "write")
            for values in (given if isinstance(given, list) else [given])
        ),
        default=Effect.LINKS,
    )
    if operation.op == "upsert" and worst is Effect.CREATES:
        # a record that the commands create may have the key of the next operation
        return names_its_model(operation.model, given, relation_of)
    return worst > (Effect.LINKS if operation.op == "write" else Effect.CREATES)
