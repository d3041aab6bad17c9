"""Find the operations that make a chunk fail, and keep the others."""

from collections.abc import Callable, Iterator

from .chunk_size import split
from .errors import OperationFailed
from .operations import Operation
from .outcomes import Outcome

Attempt = Callable[[list[Operation]], list[Outcome]]
TimeIsUp = Callable[[int], bool]


def never(_position: int) -> bool:
    """A `TimeIsUp` for callers without a time limit."""
    return False


def isolate(
    operations: list[Operation],
    attempt: Attempt,
    learn: Callable[[OperationFailed], bool],
    time_is_up: TimeIsUp = never,
) -> Iterator[list[Outcome]]:
    """Apply all operations in order; a bad operation fails alone.

    A failed part is cut into smaller parts, until the bad operation is a part of its own.

    :param attempt: applies operations under one savepoint and returns their outcomes, in order;
        fewer outcomes mean that time is up. On an error it undoes all of them and raises
        OperationFailed.
    :param learn: gets the error of a part; returns True if the same part shall be tried again
        uncut, because the lesson from this error changes how the operations are applied
    :param time_is_up: gets the position of the next operation; returns True to leave the rest
        untried. Asked only after the first part is settled.
    :returns: yields the outcomes of each settled part; the caller may commit between parts
    """
    parts, settles = [operations], False
    while parts:
        part = parts.pop()
        if settles and time_is_up(part[0].position):
            return
        try:
            outcomes = attempt(part)
        except OperationFailed as error:
            if len(part) > 1:
                parts.extend([part] if learn(error) else reversed(split(part)))
                continue
            outcomes = [failed_outcome(part[0], error)]
        settles = True
        yield outcomes
        if len(outcomes) < len(part):
            return


def first_culprit(
    operations: list[Operation], attempt: Attempt, time_is_up: TimeIsUp = never
) -> tuple[list[Outcome], Outcome | None]:
    """Apply operations in order up to the first bad operation, the culprit.

    :param time_is_up: as for `isolate`
    :returns: the outcomes of the operations before the culprit, and the culprit's own outcome;
        None instead of the latter if all operations are good
    """
    settled: list[Outcome] = []
    parts = [operations]
    while parts:
        part = parts.pop()
        if settled and time_is_up(part[0].position):
            break
        try:
            outcomes = attempt(part)
            settled += outcomes
            if len(outcomes) < len(part):
                break
        except OperationFailed as error:
            if len(part) == 1:
                return settled, failed_outcome(part[0], error)
            parts.extend(reversed(split(part)))
    return settled, None


def failed_outcome(operation: Operation, error: OperationFailed) -> Outcome:
    return Outcome(operation.position, "failed", failure=error.failure)
