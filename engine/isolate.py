"""Find the operations that make a chunk fail, and keep the others."""

from collections.abc import Callable, Iterator

from .chunk_size import split
from .errors import OperationFailed
from .operations import Operation
from .outcomes import Outcome

Attempt = Callable[[list[Operation]], list[Outcome]]
TimeIsUp = Callable[[int], bool]


def never(_position: int) -> bool:
    """There is time for everything."""
    return False


def isolate(
    operations: list[Operation],
    attempt: Attempt,
    learn: Callable[[OperationFailed], bool],
    time_is_up: TimeIsUp = never,
) -> Iterator[list[Outcome]]:
    """Apply all operations in order; a bad one fails alone.

    :param attempt: applies some operations under one savepoint and gives an outcome for each, or
        for fewer when time is up, or raises OperationFailed, having undone all of it
    :param learn: told of each error; True when the next attempt will know better, so that the
        same operations are tried again as they are
    :param time_is_up: asked with the position of what comes next, once something is settled:
        whether the rest shall stay untried
    :returns: yields the outcomes of what was settled, part after part, so that the caller can
        commit between parts
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
    """Apply operations in order up to the first bad one.

    :param time_is_up: as for `isolate`
    :returns: the outcomes of those before it, and the culprit's outcome or None if all are good
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
