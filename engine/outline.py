"""What a job consists of, in short: how many operations of each op and model."""

from collections import Counter
from collections.abc import Iterable, Mapping
from operator import itemgetter

_op_and_model = itemgetter("op", "model")


def outline_of(operations: Iterable[Mapping]) -> list[dict]:
    """Count operations by op and model, in the order in which the kinds appear.

    >>> outline_of([{"op": "create", "model": "a"}, {"op": "create", "model": "a"}])
    [{'op': 'create', 'model': 'a', 'count': 2}]
    """
    return _listed(Counter(map(_op_and_model, operations)))


def joined_outlines(first: list[dict] | None, second: list[dict]) -> list[dict]:
    """The outline of a draft to which a part is appended.

    >>> one = [{"op": "create", "model": "a", "count": 2}]
    >>> joined_outlines(one, one)
    [{'op': 'create', 'model': 'a', 'count': 4}]
    """
    counts: Counter = Counter()
    for kind in (*(first or ()), *second):
        counts[_op_and_model(kind)] += kind["count"]
    return _listed(counts)


def _listed(counts: Counter) -> list[dict]:
    return [{"op": op, "model": model, "count": count} for (op, model), count in counts.items()]
