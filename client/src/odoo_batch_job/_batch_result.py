"""What becomes of an executor's operations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ._models import OperationError, OperationResult
from ._operations import BatchOperation


@dataclass(frozen=True)
class BatchResult:
    """What became of one operation of an executor.

    :ivar index: its place among the executor's ``operations``
    :ivar success: whether its effect is in the database
    :ivar data: of a success: the new id of a create; other operations say theirs; else None
    :ivar error: of a failure: the reason; printed, it is the sentence for people
    :ivar state: done, failed, skipped, rolled_back or cancelled; ``refused`` if Odoo took none of
        the operations for a fault of this one, ``not_submitted`` for the fault of another one
    :ivar ids: the records it made or worked on
    """

    index: int
    success: bool
    data: Any
    error: OperationError | None
    state: str
    ids: list[int]

    @classmethod
    def of(cls, operation: BatchOperation, result: OperationResult, index: int) -> BatchResult:
        """Return an outcome as an executor gives it."""
        done = result.success
        return cls(
            index=index,
            success=done,
            data=operation.data_of(result) if done else None,
            error=None if done else result.error or _unexplained(result.state),
            state=result.state,
            ids=result.ids,
        )

    @classmethod
    def unsent(cls, index: int, state: str, message: str) -> BatchResult:
        """Return the result of an operation that never reached a job."""
        return cls(index, False, None, OperationError(state, message), state, [])


_REASONS = {
    "skipped": "not executed: the job ended before it",
    "rolled_back": "rolled back because another operation of its chunk failed",
    "cancelled": "not executed: the job was cancelled",
    "pending": "not executed yet",
}


def _unexplained(state: str) -> OperationError:
    return OperationError(state, _REASONS.get(state, state))
