"""What a job consists of, in short: how many operations of each op and model."""

from collections import Counter
from collections.abc import Iterable, Mapping

from .selection import METHODS

# calls that people have a verb for
NAMED_METHODS = ("action_archive", "action_unarchive", *METHODS.values())


def outline_of(operations: Iterable[Mapping]) -> list[dict]:
    """Count operations by op and model, in the order in which the kinds appear. The method of a
    call is named only if people have a verb for it: other names are for the owner.

    >>> outline_of([{"op": "create", "model": "a"}, {"op": "create", "model": "a"}])
    [{'op': 'create', 'model': 'a', 'count': 2}]
    >>> outline_of([{"op": "call", "model": "a", "method": "action_archive"}])
    [{'op': 'call', 'model': 'a', 'count': 1, 'method': 'action_archive'}]
    """
    return _listed(Counter(map(_kind, operations)))


def joined_outlines(first: list[dict] | None, second: list[dict]) -> list[dict]:
    """The outline of a draft to which a part is appended.

    >>> one = [{"op": "create", "model": "a", "count": 2}]
    >>> joined_outlines(one, one)
    [{'op': 'create', 'model': 'a', 'count': 4}]
    """
    counts: Counter = Counter()
    for kind in (*(first or ()), *second):
        counts[_kind(kind)] += kind["count"]
    return _listed(counts)


def _kind(operation: Mapping) -> tuple:
    op, model = operation["op"], operation["model"]
    if op == "call" and operation.get("method") in NAMED_METHODS:
        return op, model, operation["method"]
    return op, model


def _listed(counts: Counter) -> list[dict]:
    listed = []
    for (op, model, *method), count in counts.items():
        kind = {"op": op, "model": model, "count": count}
        listed.append({**kind, "method": method[0]} if method else kind)
    return listed
