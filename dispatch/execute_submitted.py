"""Runs a submitted job inside the transaction of a test, which no runner sees."""

import time

from odoo.exceptions import UserError

from ..engine.chunk_size import chunks_of
from ..engine.options import EXECUTE_LIMIT
from .base import NOW
from .ending import end
from .execute_now import ExecuteNow
from .locked_job import LockedJob
from .on_end import settle_on_end
from .on_end_call import OnEndCall


class ExecuteSubmitted(ExecuteNow):
    """Runs a job that waits for a runner, and then its `on_end`: for a test, whose transaction no
    runner sees."""

    def run_with_on_end(self, job: LockedJob):
        """
        :raises UserError: the job cannot be executed without a runner
        """
        self._refuse_unfit(job)
        job.move("running", started_at=NOW)
        self.run(job)
        for chunk in self.env["batch.job.chunk"]._queued_chunks(job.id, 1):
            settle_on_end(job, chunk["id"], OnEndCall(self.env).outcome(job.row))

    def _refuse_unfit(self, job):
        if job["state"] != "queued" or job["started_at"]:
            text = self.env._("Only a job that is queued, and was not begun, can be executed here.")
        elif job["dry_run"] or job["policy"] == "stop":
            text = self.env._("A dry run, or a job of policy stop, needs a runner.")
        elif job["total"] > EXECUTE_LIMIT:
            text = self.env._("A job of more than %s operations needs a runner.", EXECUTE_LIMIT)
        else:
            return
        raise UserError(text)

    def _parts(self, job, operations):
        if job["policy"] == "all":
            return [operations]
        return chunks_of(operations, job["chunk_size"] or len(operations), job["wave_ends"])

    def _end(self, job, counts, causes, started):
        seconds = time.monotonic() - started
        landed = {**counts, "seconds": seconds, "causes": causes}
        job.set(**counts, cause_counts=causes, work_seconds=seconds, next_position=job["total"])
        job.set(unrecorded=landed)
        end(job)
        job.record.invalidate_recordset()  # `on_end` reads the job
