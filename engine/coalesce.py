"""Merge neighbouring operations into one ORM call where that ends as one call each does."""

from collections.abc import Container, Iterable
from dataclasses import dataclass

from .canonical import canonical_json
from .commands import Effect, RelationOf, effect, names_its_model
from .operations import Operation


@dataclass(frozen=True)
class Group:
    """Neighbours that are applied together: same op, model, context.

    In a group of writes, unlinks or merged calls no two operations name the same record; across
    groups the order is that of submission.
    """

    op: str
    model: str
    operations: list[Operation]
    reaches_others: bool = False  # records that it does not name; it stands alone then

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
    """A group of writes as calls, in order: neighbours of equal values are one.

    :param never: a field that is written by one operation at a time
    """
    calls: list[tuple[dict, list[int]]] = []
    shown = None
    for operation in operations:
        values = operation.payload["values"]
        # of stored JSON, whose keys come in one order; tells 1, 1.0 and true apart
        before, shown = shown, repr(values)
        if shown == before and never not in values:
            calls[-1][1].extend(operation.payload["ids"])
        else:
            calls.append((values, list(operation.payload["ids"])))
    return calls


def apart(group: Group, pairs: Iterable[tuple[int, int]]) -> list[Group]:
    """Cut a group so that no two tied records are in one part.

    :param pairs: ids of records of the group that are tied
    """
    tied: dict[int, set[int]] = {}
    for one, other in pairs:
        tied.setdefault(one, set()).add(other)
        tied.setdefault(other, set()).add(one)
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

    :param operations: or other things with a position
    :param strictly: in the order of submission; else suspects last, since one that fails as was
        expected has no effect
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
    """What was applied and is perhaps not in the database yet: constraints speak only there, and
    what comes next may hide that there was something to say."""

    def __init__(self):
        self._model: str | None = None
        self._ids: set[int] = set()

    def must_go_before(self, group: Group) -> bool:
        """Whether to flush before this group, which is then noted as applied."""
        known = group.op in ("write", "call") and not group.reaches_others
        ids = group.ids if known else []
        apart = bool(ids) and self._model == group.model and self._ids.isdisjoint(ids)
        if not apart:
            self._ids = set()
        self._model = group.model if ids else ""
        self._ids.update(ids)
        return not apart


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


def _reaches_others(operation: Operation, relation_of: RelationOf) -> bool:
    """Whether the x2many commands of an operation may change what a neighbour is about, or make
    what each of several records must get for itself."""
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
        # what it makes may have the key of the next one
        return names_its_model(operation.model, given, relation_of)
    return worst > (Effect.LINKS if operation.op == "write" else Effect.CREATES)
