"""What becomes of an executor's operations: a result for each, and the error that carries them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ._errors import BatchJobError
from ._models import OperationError, OperationResult
from ._operations import BatchOperation


@dataclass(frozen=True)
class BatchResult:
    """What became of one operation of an executor.

    :ivar index: place of the operation among the executor's ``operations``
    :ivar success: whether the effect of the operation is in the database
    :ivar data: of a success: what the class of the operation promises, such as the new id of a
        create; of a failure: None
    :ivar error: of a failure: the reason; printed, the reason is a sentence for people
    :ivar state: done, failed, skipped, rolled_back or cancelled; ``refused`` if Odoo refused this
        operation and so executed no operation, ``not_submitted`` if Odoo refused another operation
    :ivar ids: the records that the operation made or worked on
    """

    index: int
    success: bool
    data: Any
    error: OperationError | None
    state: str
    ids: list[int]

    @classmethod
    def of(cls, operation: BatchOperation, result: OperationResult, index: int) -> BatchResult:
        """Return the result of an operation that was part of a job."""
        return cls(
            index=index,
            success=result.success,
            data=operation.data_of(result) if result.success else None,
            error=reason_of(result),
            state=result.state,
            ids=result.ids,
        )

    @classmethod
    def unsent(cls, index: int, state: str, message: str) -> BatchResult:
        """Return the result of an operation that never reached a job."""
        return cls(index, False, None, OperationError(state, message), state, [])


class BatchExecutionError(BatchJobError):
    """Not every operation of an executor succeeded.

    Where Odoo refused the whole submission, ``__cause__`` is the :class:`ResponseError`.

    :ivar successful_count: number of operations whose effect is in the database
    :ivar failed_count: number of the other operations
    :ivar partial_results: a result for every operation, in the order they were added
    :ivar job_id: the job in Odoo, or None if Odoo made no job
    """

    def __init__(
        self, message: str, results: Sequence[BatchResult], *, job_id: int | None = None
    ) -> None:
        super().__init__(message)
        self.partial_results = list(results)
        self.successful_count = sum(result.success for result in results)
        self.failed_count = len(results) - self.successful_count
        self.job_id = job_id


_REASONS = {
    "skipped": "not executed: the job ended before it",
    "rolled_back": "rolled back because another operation of its chunk failed",
    "cancelled": "not executed: the job was cancelled",
    "pending": "not executed yet",
}


def reason_of(result: OperationResult) -> OperationError | None:
    """Return why an operation did not succeed: Odoo's reason, or else what its state means."""
    if result.success:
        return None
    return result.error or OperationError(result.state, _REASONS.get(result.state, result.state))
