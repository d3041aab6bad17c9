"""Corrections: new content for operations of an ended job that were not kept."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from .canonical import canonical_json, text_hash
from .errors import BadOperation, BadOperations, BadRequest
from .messages import Grouped, _lt
from .retried import NOT_KEPT
from .submitted import MOST_NAMED

MOST_ROWS = 1_000_000  # in one call: all are replaced in one transaction
# what a correction may replace; the columns and the key of a load are those of its whole record
_PARTS = {
    "create": {"values"},
    "write": {"ids", "values"},
    "unlink": {"ids"},
    "call": {"ids", "method", "args", "kwargs", "each"},
    "upsert": {"key", "xml_id", "values"},
    "load": {"row"},
}


@dataclass
class Report:
    """What a correction has found. All lists and numbers are of operations.

    `left` names those that were not touched although the correction has other content for them.
    """

    rows: int = 0
    corrected: int = 0
    unchanged: int = 0
    done: int = 0
    again: int = 0
    foreign: int = 0
    left: dict[str, list[int]] = field(default_factory=lambda: {"done": [], "cancelled": []})

    def as_json(self) -> dict:
        return asdict(self)


def check_rows(rows: Any, total: int) -> dict[int, dict]:
    """Index -> what the correction gives for that operation.

    :param total: operations of the job
    :raises BadRequest: `rows` is no list of objects with an index, or has an index twice
    :raises BadOperation: the job has no such operation
    """
    if not isinstance(rows, list | tuple) or not 0 < len(rows) <= MOST_ROWS:
        raise BadRequest(
            _lt(
                "rows must be a list of 1 to %(most)s objects, such as "
                '[{"index": 7, "values": {…}}].',
                most=Grouped(MOST_ROWS),
            )
        )
    given: dict[int, dict] = {}
    places: dict[int, int] = {}
    for place, row in enumerate(rows):
        index = row.get("index") if isinstance(row, dict) else None
        if type(index) is not int or index < 0:
            raise BadRequest(
                _lt(
                    "Entry %(place)s of rows must be an object with an index, a whole number from "
                    "0 on.",
                    place=place,
                )
            )
        if index >= total:
            last = total - 1
            text = _lt("the job has no such operation; its last is %(last)s.", last=last)
            raise BadOperation(index, text)
        if index in given:
            text = _lt(
                "entries %(first)s and %(second)s of rows are both for it: leave out one.",
                first=places[index],
                second=place,
            )
            raise BadOperation(index, text)
        given[index] = {key: value for key, value in row.items() if key != "index"}
        places[index] = place
    return given


def replaced_parts(index: int, operation: Mapping[str, Any], given: Mapping[str, Any]) -> dict:
    """The parts of an operation that a correction changes. Empty if it changes nothing.

    :param operation: as it is stored, with op, model and ref
    :raises BadOperation: the correction would change what must stay
    """
    may_change = _PARTS[operation["op"]]
    changed = {
        name: value for name, value in given.items() if not is_equal(value, operation.get(name))
    }
    for name in changed:
        if name not in may_change:
            text = _lt(
                "%(name)s cannot be corrected; of %(op)s that is: %(allowed)s.",
                name=f"{name!r:.40}",
                op=operation["op"],
                allowed=", ".join(sorted(may_change)),
            )
            raise BadOperation(index, text)
    return changed


def is_equal(one: Any, other: Any) -> bool:
    """Whether two values are the same JSON. Python takes 1 and true for equal."""
    try:
        return canonical_json(one) == canonical_json(other)
    except (TypeError, ValueError, RecursionError):
        return False  # it cannot be stored, and is refused as such


def fate(state: str, is_changed: bool) -> str:
    """What becomes of an operation for which there is a correction: a name in `Report`, or in its
    `left`.

    >>> fate("failed", True), fate("skipped", False), fate("done", False)
    ('corrected', 'unchanged', 'already done')
    >>> fate("done", True), fate("cancelled", True)
    ('done', 'cancelled')
    """
    if state in NOT_KEPT:
        return "corrected" if is_changed else "unchanged"
    if state == "done":
        return "done" if is_changed else "already done"
    return state


def refuse_all(refused: list[BadOperation]) -> None:
    """Refuse all bad operations in one message."""
    if len(refused) > 1:
        more = len(refused) > MOST_NAMED
        raise BadOperations(refused[:MOST_NAMED], there_are_more=more)
    if refused:
        raise refused[0]


def mark_of(rows: Any) -> str:
    """A text by which the server knows a repeated correction."""
    try:
        return text_hash(canonical_json(["correct", rows]))
    except (TypeError, ValueError, RecursionError, UnicodeEncodeError):
        return "correct"  # it is refused before anything is stored


def runs_of(indexes: Iterable[int]) -> Iterator[list[int]]:
    """Neighbouring indexes together.

    >>> list(runs_of([1, 2, 5]))
    [[1, 2], [5]]
    """
    run: list[int] = []
    for index in indexes:
        if run and index != run[-1] + 1:
            yield run
            run = []
        run.append(index)
    if run:
        yield run
