from datetime import timedelta

from odoo import fields
from odoo.tools import SQL

from ..engine.admission import DRAFT_LIFE
from ..engine.states import ENDED_STATES
from .admission import IS_STALE, is_stale
from .base import NOW, Dispatch
from .ending import close_or_wake
from .locked_job import LockedJob

RETENTION_PARAMETER = "batch_job.retention_days"
DEFAULT_RETENTION = 30  # days
VACUUM_BATCH = 10_000  # rows that one statement deletes
VACUUM_JOBS = 1_000  # jobs that one call looks at


class CleanUp(Dispatch):
    """The daily clean-up of jobs that ended long ago, and of drafts that nobody goes on with."""

    def delete_operations(self) -> tuple[int, bool]:
        """Delete the operations and chunks of jobs that ended long ago. The jobs stay.

        :returns: (number of deleted rows, whether more rows are left)
        """
        # each statement must see the latest commits: somebody may retry a job just now
        self.begin()
        job_ids = self._lock_old_jobs(self._kept_since())
        operations = self.env["batch.job.operation"]
        deleted = operations._delete_first(job_ids, VACUUM_BATCH) + self._delete_chunks(job_ids)
        return deleted, deleted >= VACUUM_BATCH or len(job_ids) == VACUUM_JOBS

    def cancel_draft(self) -> tuple[int, bool]:
        """Cancel one draft that nobody has touched for a day: it may have millions of operations.

        :returns: (number of cancelled drafts, whether more may be left)
        """
        self.begin()
        job = LockedJob.lock_one(self.env, self._stale_drafts())
        # the owner may have appended to the draft, or started it, before it was locked
        if not job or not is_stale(job):
            return 0, bool(job)
        job = job.for_owner()
        text = job.env._(
            "Cancelled, because nobody had added to this draft or started it for %s hours. Nothing "
            "of it was done. Submit all of it anew, under another idempotency key if it had one.",
            DRAFT_LIFE,
        )
        job.move("cancelled", finished_at=NOW, error=text)
        job.note("cancel", reason=text)
        close_or_wake(job)
        return 1, True

    def _stale_drafts(self) -> list[int]:
        self.env.cr.execute(
            SQL("SELECT id FROM batch_job WHERE %s ORDER BY id LIMIT %s", IS_STALE, VACUUM_JOBS)
        )
        return [row[0] for row in self.env.cr.fetchall()]

    def blank_contexts(self):
        """Blank the passwords in the contexts of dry runs that ended long ago.

        Nobody has run these jobs for real; their operations are deleted at the same age.
        """
        self.env.cr.execute(
            SQL(
                """
                SELECT id, run_context FROM batch_job
                 WHERE dry_run AND state IN %s AND NOT needs_runner AND finished_at < %s
                   FOR NO KEY UPDATE SKIP LOCKED
                """,
                ENDED_STATES,
                self._kept_since(),
            )
        )
        for row in self.env.cr.dictfetchall():
            LockedJob(self.env, row).blank_context()

    def _kept_since(self):
        parameter = self.env["ir.config_parameter"].sudo().get_param(RETENTION_PARAMETER)
        days = int(parameter) if str(parameter or "").isdigit() else DEFAULT_RETENTION
        return fields.Datetime.now() - timedelta(days=days)

    def _lock_old_jobs(self, before) -> list[int]:
        """Lock jobs that have something to delete, and give their ids.

        Nobody can retry a locked job: the verb waits, and then finds that the operations are gone.
        A job that a verb has locked is skipped.
        """
        self.env.cr.execute(
            SQL(
                """
                SELECT id
                  FROM batch_job j
                 WHERE state IN %(ended)s
                   AND NOT needs_runner
                   AND finished_at < %(before)s
                   AND (EXISTS (SELECT FROM batch_job_operation WHERE job_id = j.id)
                        OR EXISTS (SELECT FROM batch_job_chunk WHERE job_id = j.id))
                 ORDER BY id
                 LIMIT %(limit)s
                   FOR NO KEY UPDATE SKIP LOCKED
                """,
                ended=ENDED_STATES,
                before=before,
                limit=VACUUM_JOBS,
            )
        )
        return [row[0] for row in self.env.cr.fetchall()]

    def _delete_chunks(self, job_ids) -> int:
        self.env.cr.execute(
            SQL(
                """
                DELETE FROM batch_job_chunk
                 WHERE id IN (
                     SELECT id
                       FROM batch_job_chunk
                      WHERE job_id = ANY(%s)
                      LIMIT %s)
                """,
                job_ids,
                VACUUM_BATCH,
            )
        )
        return self.env.cr.rowcount
