import time

from odoo import api, models
from odoo.tools import SQL

from ..engine.chunk_size import LARGEST_SIZE
from ..engine.outcomes import Failure, Outcome
from ..execution.chunk_run import StopAll, run_all, run_dry
from ..execution.knowledge import Knowledge


class BatchJobOneTransaction(models.AbstractModel):
    """A whole job in one transaction: policy `all`, and dry runs, which are rolled back."""

    _name = "batch.job.one.transaction"
    _description = "Batch Job in One Transaction"

    @api.model
    def _run(self, claim, deadline):
        work, job, started = self.env["batch.job.work"], claim.job, time.monotonic()
        operations = work._operations(claim)
        run = work._new_run(job, operations, Knowledge())
        with self.env.registry.cursor() as side:

            def before_step(position):
                self._before_step(side, job["id"], position, deadline)

            try:
                if not job["dry_run"]:
                    outcomes = run_all(run, operations, before_step)
                else:
                    size = job["chunk_size"] or LARGEST_SIZE
                    outcomes = run_dry(run, operations, job["policy"], size, before_step)
            except StopAll as stop:
                self._undo()
                self._land_stopped(claim, operations, stop, started)
                return
        if job["dry_run"]:
            self._undo()
            outcomes = [_without_trace(outcome) for outcome in outcomes]
            if not self.env["batch.job.chunk"]._is_ours(claim.chunk_id, claim.attempt):
                return
        work._land(claim, operations, outcomes, started, ends=True)

    @api.model
    def _undo(self):
        """Roll everything back, with what a rollback of the database leaves behind."""
        self.env.cr.rollback()
        self.env.transaction.reset()
        self.env.registry.reset_changes()

    @api.model
    def _before_step(self, side, job_id, position, deadline):
        """Publish how far it is and read the cancel flag, on a second cursor that touches no row
        the work transaction locks."""
        side.execute(
            SQL(
                "UPDATE batch_job SET step_position = %s WHERE id = %s RETURNING state",
                position,
                job_id,
            )
        )
        state = side.fetchone()[0]
        job = self.env(cr=side)["batch.job"].browse(job_id)
        job._bus_send("batch_job/progress", {"id": job_id, "state": state})
        side.commit()
        if state == "cancelled":
            raise StopAll(position, None)
        if deadline.is_near():
            text = self.env._(
                "The job reached operation %(index)s and stopped itself before the worker's time "
                "limit (%(limit)s); nothing was kept. Raise the limit, or use another policy.",
                index=position,
                limit=deadline.describe(),
            )
            raise StopAll(position, Failure("time_limit", text))

    @api.model
    def _land_stopped(self, claim, operations, stop, started):
        """Nothing of it is kept but the reason."""
        chunks = self.env["batch.job.chunk"]
        if not chunks._is_ours(claim.chunk_id, claim.attempt):
            return
        if stop.failure is None:
            chunks._update(claim.chunk_id, state="queued")
            chunks._hand_over(claim.chunk_id)
            self.env["batch.job.work"]._commit(claim)
            return
        outcomes = [
            Outcome(o.position, "failed", failure=stop.failure)
            if o.position == stop.position
            else Outcome(o.position, "rolled_back")
            for o in operations
        ]
        self.env["batch.job.work"]._land(claim, operations, outcomes, started, ends=True)


def _without_trace(outcome):
    """The outcome of something that was rolled back: its records never were."""
    return Outcome(outcome.position, outcome.state, note=outcome.note, failure=outcome.failure)
