import logging
import math
import time
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..dispatch.chunk_lock import ChunkLocks
from ..dispatch.claim import Claims
from ..dispatch.slots import Slots
from ..dispatch.work import Work
from ..engine.states import ENDED_STATES, LIVE_STATES
from ..execution.commit import commit_and_run_hooks
from ..execution.deadline import Deadline
from ..execution.knowledge import Knowledge
from ..execution.server_stop import is_stopping, runner_at_work
from ..execution.transaction.quiet_log import quiet_queries
from ..execution.transaction.transient import is_transient

_logger = logging.getLogger(__name__)

RETENTION_PARAMETER = "batch_job.retention_days"
DEFAULT_RETENTION = 30  # days
VACUUM_BATCH = 10_000  # operations deleted at once
VACUUM_JOBS = 1_000  # jobs whose operations are deleted at once
CLAIM_TRIES = 5  # a claim that meets a conflict is made again at once
SOON = 5.0  # seconds; a chunk that waits no longer than this is waited for within the turn
GLANCE = 0.5  # seconds between two looks at the queue while a runner waits
LEAST_WAIT = 0.05  # seconds: what is ready by now, the claim may still find locked
REPORT_EVERY = 1.0  # seconds; each report is a commit


class BatchJobRunner(models.AbstractModel):
    """What the scheduled action of a slot does: one chunk after another, and housekeeping."""

    _name = "batch.job.runner"
    _description = "Batch Job Runner"

    @api.model
    def _run(self, slot):
        """Entry of the scheduled action of a slot.

        Works for about ten seconds, then gives the cron worker back and asks to come again.
        """
        # first thing: three deaths without reported progress would switch the action off
        self._report(1)
        if slot >= Slots(self.env).wanted_runners():
            return
        Slots(self.env).retire_superfluous(slot)
        in_pass = "cron_id" in self.env.context
        deadline = Deadline.of_turn((self.env.cr.dbname, slot)) if in_pass else Deadline()
        try:
            with runner_at_work(self.env.cr):
                if self._take_turn(slot, deadline):
                    self._come_back(slot)
        finally:
            deadline.end_turn()

    @api.model
    def _take_turn(self, slot, deadline) -> bool:
        """Do what there is; gives whether to come again at once."""
        knowledge, reported = {}, time.monotonic()
        while self._seconds_left() > 0 and not is_stopping():
            claim = self._claim(slot, deadline)
            if claim:
                lessons = knowledge.setdefault(claim.job["id"], Knowledge())
                with quiet_queries():
                    Work(self.env).run(claim, lessons, deadline)
                deadline.has_worked = True
            elif deadline.wants_fresh_pass:
                _logger.info("runner %s: asks for a pass with all its time before it", slot)
                break
            elif not self._wait_for_chunk(slot):
                return False
            if claim and time.monotonic() - reported >= REPORT_EVERY:
                self._report(1)
                reported = time.monotonic()
            if self.env.registry.check_signaling() is not self.env.registry:
                break
        return True

    @api.model
    def _seconds_left(self) -> float:
        """Of the turn; a runner that no scheduled action has called has no end of its turn."""
        return self.env.context.get("cron_end_time", math.inf) - time.monotonic()

    @api.model
    def _claim(self, slot, deadline=None):
        """Claim a chunk; after too many conflicts in a row leave it to the next run."""
        for _attempt in range(CLAIM_TRIES):
            try:
                with quiet_queries():
                    return Claims(self.env).claim(slot, deadline)
            except Exception as error:
                if self.env.cr.closed:
                    raise
                self.env.cr.rollback()
                ChunkLocks(self.env).let_all_go()
                if not is_transient(error):
                    raise
                _logger.info("runner %s: the claim met a conflict and is made again", slot)
        self._come_back(slot)
        return None

    @api.model
    def _report(self, processed):
        """Commit, and say that this slot is alive."""
        self.env["ir.cron"]._commit_progress(processed, remaining=0)

    @api.model
    def _come_back(self, slot):
        self._trigger_slot(slot)

    @api.model
    def _trigger_slot(self, slot, at=None):
        for cron in Slots(self.env).slot(slot):
            cron._trigger(at)
        # an action that fails too often is switched off: a notice that reaches nobody is no failure
        commit_and_run_hooks(self.env.cr, f"runner {slot}")
        self.env["ir.cron"]._commit_progress()

    @api.model
    def _wait_for_chunk(self, slot) -> bool:
        """Nothing can be done now: wait a moment for a chunk that was put off, within the turn.

        Coming back at once instead would be 25 runs of the scheduled action a second. Each look
        after a moment also finds what was submitted meanwhile.

        :returns: whether to look again
        """
        wait, left = self._wait_of_next_chunk(), self._seconds_left()
        self.env.cr.rollback()  # no transaction stays open while it waits
        if wait is None:
            return False
        if wait.total_seconds() > SOON:
            self._trigger_slot(slot, fields.Datetime.now() + wait)
            return False
        if left == math.inf:
            self._come_back(slot)
            return False
        time.sleep(max(min(wait.total_seconds(), GLANCE, left), LEAST_WAIT))
        return True

    @api.model
    def _wait_of_next_chunk(self) -> timedelta | None:
        """Until a chunk may be claimed that was put off and that no other runner will come to.

        Ignore a chunk that has been ready for a while if another runner works on its job: that
        runner claims it next.
        """
        self.env.cr.execute(
            SQL(
                """
                SELECT min(c.not_before) - clock_timestamp() AT TIME ZONE 'UTC'
                  FROM batch_job j
                  JOIN batch_job_chunk c ON c.job_id = j.id AND c.state = 'queued'
                 CROSS JOIN LATERAL (
                        SELECT count(*) AS running
                          FROM batch_job_chunk
                         WHERE job_id = j.id AND state = 'running') w
                 WHERE j.needs_runner
                   AND j.state IN %(live)s
                   AND (j.eta IS NULL OR j.eta <= clock_timestamp() AT TIME ZONE 'UTC'
                        OR j.started_at IS NOT NULL)
                   AND w.running < j.max_parallel
                   -- a second ago: one that the claim found waiting may be ready by now
                   AND (w.running = 0
                        OR c.not_before > clock_timestamp() AT TIME ZONE 'UTC' - interval '1 s')
                   -- in order: the first one is the next
                   AND (j.max_parallel > 1
                        OR c.first_position = (SELECT min(first_position)
                                                 FROM batch_job_chunk
                                                WHERE job_id = j.id AND state = 'queued'))
                """,
                live=LIVE_STATES,
            )
        )
        return self.env.cr.fetchone()[0]

    # Housekeeping

    @api.autovacuum
    def _gc_operations(self):
        """Delete the operations and chunks of jobs that ended long ago; their summary stays."""
        # each statement looks anew: a job may be retried at this moment
        Claims(self.env).begin()
        job_ids = self._lock_old_jobs(self._kept_since())
        deleted = sum(
            self._delete_of(table, job_ids) for table in ("batch_job_operation", "batch_job_chunk")
        )
        return deleted, deleted >= VACUUM_BATCH or len(job_ids) == VACUUM_JOBS

    @api.autovacuum
    def _gc_contexts(self):
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
            self.env["batch.job"].browse(row["id"])._blank_context(row)

    @api.model
    def _kept_since(self):
        parameter = self.env["ir.config_parameter"].sudo().get_param(RETENTION_PARAMETER)
        days = int(parameter) if str(parameter or "").isdigit() else DEFAULT_RETENTION
        return fields.Datetime.now() - timedelta(days=days)

    @api.model
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

    @api.model
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
