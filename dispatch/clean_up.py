from datetime import timedelta

from odoo import fields
from odoo.tools import SQL

from ..engine.states import ENDED_STATES
from .base import Dispatch
from .locked_job import LockedJob

RETENTION_PARAMETER = "batch_job.retention_days"
DEFAULT_RETENTION = 30  # days
VACUUM_BATCH = 10_000  # operations deleted at once
VACUUM_JOBS = 1_000  # jobs whose operations are deleted at once


class CleanUp(Dispatch):
    """The daily clean-up of jobs that ended long ago."""

    def delete_operations(self) -> tuple[int, bool]:
        """Delete the operations and chunks of jobs that ended long ago; their summary stays.

        :returns: rows deleted, and whether more are left
        """
        # each statement looks anew: a job may be retried at this moment
        self.begin()
        job_ids = self._lock_old_jobs(self._kept_since())
        deleted = sum(
            self._delete_of(table, job_ids) for table in ("batch_job_operation", "batch_job_chunk")
        )
        return deleted, deleted >= VACUUM_BATCH or len(job_ids) == VACUUM_JOBS

    def blank_contexts(self):
        """Blank the passwords in the contexts of dry runs that nobody has run for real until their
        operations are deleted."""
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
        """Jobs with something to delete. Under their locks none can be retried meanwhile: a verb
        that waits finds out after the commit; a job that a verb has locked is left alone."""
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

    def _delete_of(self, table, job_ids) -> int:
        self.env.cr.execute(
            SQL(
                """
                DELETE FROM %(table)s
                 WHERE id IN (
                     SELECT id
                       FROM %(table)s
                      WHERE job_id = ANY(%(jobs)s)
                      LIMIT %(limit)s)
                """,
                table=SQL.identifier(table),
                jobs=job_ids,
                limit=VACUUM_BATCH,
            )
        )
        return self.env.cr.rowcount
