"""A fake server that executes at once, for executors."""

from __future__ import annotations

from typing import Any

from fake_odoo import FakeOdoo, outcome, status
from odoo_batch_job import BatchExecutor, CreateOperation

FAILED: dict[str, Any] = {
    "state": "failed",
    "ids": [],
    "error": {"type": "required", "message": "Name is missing", "field": "name"},
}


class DoneOdoo(FakeOdoo):
    """A server on which every job is done as soon as it is queued."""

    bad: tuple[str, ...] = ()  # names of partners that fail

    def _outcomes_of(self, job_id: int) -> list[dict[str, Any]]:
        return [
            outcome(index, **FAILED) if name_of(operation) in self.bad else outcome(index)
            for index, operation in enumerate(self.jobs[job_id - 1].operations)
        ]

    def _status(self, ids: list[int]) -> dict[str, Any]:
        job = self.jobs[ids[0] - 1]
        if self.states or job.state != "queued":
            return super()._status(ids)
        return status(id=job.id, state="done", total=len(job.operations), remaining=0)


def name_of(operation: dict[str, Any]) -> Any:
    """Return the name that a create gives to its partner."""
    values = operation.get("values")
    return values.get("name") if isinstance(values, dict) else None


def partners(executor: BatchExecutor, *names: str) -> None:
    """Add creates of partners."""
    for name in names:
        executor.add_operation(CreateOperation("res.partner", {"name": name}))
