"""Find the operations that make a chunk fail, and keep the others."""

from collections.abc import Callable, Iterator

from .chunk_size import split
from .errors import OperationFailed
from .operations import Operation
from .outcomes import Outcome

Attempt = Callable[[list[Operation]], list[Outcome]]


def isolate(
    operations: list[Operation],
    attempt: Attempt,
    learn: Callable[[OperationFailed], bool],
) -> Iterator[list[Outcome]]:
    """Apply all operations in order; a bad one fails alone.

    :param attempt: applies some operations under one savepoint and gives an outcome for each,
        or raises OperationFailed, having undone all of it
    :param learn: told of each error; True when the next attempt will know better, so that the
        same operations are tried again as they are
    :returns: yields the outcomes of what was settled, part after part, so that the caller can
        commit between parts
    """
    parts = [operations]
    while parts:
        part = parts.pop()
        try:
            yield attempt(part)
        except OperationFailed as error:
            if len(part) == 1:
                yield [failed_outcome(part[0], error)]
            elif learn(error):
                parts.append(part)
            else:
                parts.extend(reversed(split(part)))


def first_culprit(
    operations: list[Operation], attempt: Attempt
) -> tuple[list[Outcome], Outcome | None]:
    """Apply operations in order up to the first bad one.

    :returns: the outcomes of those before it, and the culprit's outcome or None if all are good
    """
    settled: list[Outcome] = []
    parts = [operations]
    while parts:
        part = parts.pop()
        try:
            settled += attempt(part)
        except OperationFailed as error:
            if len(part) == 1:
                return settled, failed_outcome(part[0], error)
            parts.extend(reversed(split(part)))
    return settled, None


def failed_outcome(operation: Operation, error: OperationFailed) -> Outcome:
    return Outcome(operation.position, "failed", failure=error.failure)
