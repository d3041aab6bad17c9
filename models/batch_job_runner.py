import logging
import time
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..engine.states import ENDED_STATES, LIVE_STATES
from ..execution.deadline import Deadline
from ..execution.guards import is_transient, quiet_queries
from ..execution.knowledge import Knowledge

_logger = logging.getLogger(__name__)

RUNNERS_PARAMETER = "batch_job.runners"
RETENTION_PARAMETER = "batch_job.retention_days"
DEFAULT_RUNNERS = 2
MOST_RUNNERS = 16
DEFAULT_RETENTION = 30  # days
VACUUM_BATCH = 10_000  # operations deleted at once
CLAIM_TRIES = 5  # a claim that meets a conflict is made again at once
STALLED_AFTER = 120  # seconds a job may wait before it says why
FORGOTTEN_AFTER = 1  # seconds; a runner that was woken is there by then
SOON = 5.0  # seconds; a chunk that waits no longer than this is waited for by running again
REPORT_EVERY = 1.0  # seconds; each report is a commit


class BatchJobRunner(models.AbstractModel):
    """The execution slots: scheduled actions, each of which runs one chunk after another."""

    _name = "batch.job.runner"
    _description = "Batch Job Runner"

    @api.model
    def _run(self, slot):
        """Entry of the scheduled action of a slot.

        Works for about ten seconds, then gives the cron worker back and asks to come again.
        """
        # first thing: three deaths without reported progress would switch the action off
        left, reported = self._report(1), time.monotonic()
        deadline, knowledge = Deadline(), {}
        if slot >= self._wanted_runners():
            return
        self._retire_superfluous(slot)
        while left > 0:
            claim = self._claim(slot)
            if claim is None:
                self._come_back_for_waiting(slot)
                return
            lessons = knowledge.setdefault(claim.job["id"], Knowledge())
            with quiet_queries():
                self.env["batch.job.work"]._work(claim, lessons, deadline)
            if time.monotonic() - reported >= REPORT_EVERY:
                left, reported = self._report(1), time.monotonic()
            if self.env.registry.check_signaling() is not self.env.registry:
                break
        self._come_back(slot)

    @api.model
    def _claim(self, slot):
        """Claim a chunk; after too many conflicts in a row leave it to the next run."""
        for _attempt in range(CLAIM_TRIES):
            try:
                with quiet_queries():
                    return self.env["batch.job.claim"]._claim(slot)
            except Exception as error:
                if self.env.cr.closed:
                    raise
                self.env.cr.rollback()
                self.env["batch.job.chunk"]._let_all_go()
                if not is_transient(error):
                    raise
                _logger.info("runner %s: the claim met a conflict and is made again", slot)
        self._come_back(slot)
        return None

    @api.model
    def _report(self, processed):
        """Commit, and say that this slot is alive; gives the seconds left of this run."""
        return self.env["ir.cron"]._commit_progress(processed, remaining=0)

    @api.model
    def _come_back(self, slot):
        self._slot(slot)._trigger()
        self.env["ir.cron"]._commit_progress()

    @api.model
    def _come_back_for_waiting(self, slot):
        """A chunk put off after a conflict: other scheduled actions have their turn meanwhile."""
        wait = self._wait_of_next_chunk()
        if wait is None:
            self.env["ir.cron"]._commit_progress()
        elif wait.total_seconds() <= SOON:
            self._come_back(slot)
        else:
            self._slot(slot)._trigger(fields.Datetime.now() + wait)
            self.env["ir.cron"]._commit_progress()

    @api.model
    def _wait_of_next_chunk(self) -> timedelta | None:
        """Until a chunk may be claimed that was put off and that no other runner will come to.

        A chunk that may run by now, of a job somebody works for, is no reason to come back: that
        runner looks for it when it has landed its own.
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
                   AND (j.eta IS NULL OR j.eta <= clock_timestamp() AT TIME ZONE 'UTC')
                   AND w.running < j.max_parallel
                   AND (w.running = 0 OR c.not_before > clock_timestamp() AT TIME ZONE 'UTC')
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

    # Slots

    @api.model
    def _slots(self):
        """The scheduled actions, slot 0 first."""
        crons = self.env["ir.cron"].sudo().with_context(active_test=False)
        code = [("model_id.model", "=", self._name), ("code", "=like", "model._run(%)")]
        return crons.search(code).sorted(lambda cron: (self._number_of(cron), cron.id))

    @api.model
    def _number_of(self, cron) -> int:
        digits = cron.code.removeprefix("model._run(").rstrip().removesuffix(")")
        return int(digits) if digits.isdecimal() else MOST_RUNNERS

    @api.model
    def _slot(self, number):
        return self._slots().filtered(lambda cron: self._number_of(cron) == number)[:1]

    @api.model
    def _wanted_runners(self) -> int:
        parameter = (
            self.env["ir.config_parameter"].sudo().get_param(RUNNERS_PARAMETER, DEFAULT_RUNNERS)
        )
        try:
            return min(max(int(parameter), 1), MOST_RUNNERS)
        except (TypeError, ValueError):
            return DEFAULT_RUNNERS

    @api.model
    def _follow_setting(self):
        """The setting was changed: have as many scheduled actions as it says.

        A busy one cannot be switched off; it finds itself superfluous at its next run, and another
        switches it off then. None is switched on but here: somebody may have had a reason.
        """
        slots, wanted = self._slots(), self._wanted_runners()
        for number in set(range(wanted)).difference(map(self._number_of, slots)):
            slots[0].copy(
                {
                    "name": self.env._("Batch Jobs: runner %s", number + 1),
                    "code": f"model._run({number})",
                    "active": True,
                }
            )
        self._wanted_slots().filtered(lambda cron: not cron.active).write({"active": True})
        self._retire_superfluous()

    @api.model
    def _wanted_slots(self):
        wanted = self._wanted_runners()
        return self._slots().filtered(lambda cron: self._number_of(cron) < wanted)

    @api.model
    def _retire_superfluous(self, slot=None):
        for cron in self._slots() - self._wanted_slots():
            if cron.active and self._number_of(cron) != slot:
                cron.try_lock_for_update().write({"active": False})

    @api.model
    def _wake(self, eta=None):
        """Have every slot look at the queue once this transaction is committed.

        :param eta: at that time instead of now
        """
        now = fields.Datetime.now()
        later = eta if eta and eta > now else None
        slots = self._wanted_slots().filtered("active")
        self.env["ir.cron.trigger"].sudo().create(
            [{"cron_id": cron.id, "call_at": later or now} for cron in slots]
        )
        if not later:
            # once, and not once a slot: each opens a connection
            self.env.cr.postcommit.add(self.env["ir.cron"].sudo()._notifydb)

    # A queue that does not move

    @api.model
    def _is_forgotten(self, job) -> bool:
        """Whether a job has work to do and nobody who does it."""
        if self.env["batch.job.chunk"]._is_abandoned(job.id):
            return True
        now = fields.Datetime.now()
        if job.eta and job.eta > now and job.state in LIVE_STATES:
            return False
        touched = max(filter(None, (job.queued_at, job.last_claimed_at, job.last_folded_at)))
        idle = now - touched > timedelta(seconds=FORGOTTEN_AFTER)
        return idle and not self.env["batch.job.chunk"]._is_anyone_working()

    @api.model
    def _why_stalled(self, job) -> str | None:
        """Why nothing has happened to a live job for long, in words; None while all is well."""
        now = fields.Datetime.now()
        moments = (job.queued_at, job.eta, job.last_claimed_at, job.last_folded_at)
        since = max(filter(None, moments), default=None)
        if not since or now - since < timedelta(seconds=STALLED_AFTER):
            return None
        chunks = self.env["batch.job.chunk"]
        if chunks._running_chunks(job.id) and not chunks._is_abandoned(job.id):
            return None
        if self._is_upgrade_pending():
            return self.env._(
                "A module installation or upgrade is pending: Odoo runs no scheduled action until "
                "it is finished."
            )
        slots = self._slots()
        if not slots.filtered("active"):
            return self.env._(
                "The scheduled actions “Batch Jobs: runner …” are switched off. "
                "Switch them on under Settings, Technical, Scheduled Actions."
            )
        latest = max(filter(None, slots.mapped("lastcall")), default=None)
        if latest and now - latest < timedelta(seconds=STALLED_AFTER):
            return self.env._("The runners are busy with other jobs.")
        return self.env._(
            "No runner has looked at the queue since %s. Start Odoo with --max-cron-threads of 1 "
            "or more; if it has that, look into its log.",
            latest or self.env._("the installation"),
        )

    @api.model
    def _is_upgrade_pending(self):
        modules = self.env["ir.module.module"].sudo()
        states = ("to install", "to upgrade", "to remove")
        return bool(modules.search_count([("state", "in", states)], limit=1))

    # Housekeeping

    @api.autovacuum
    def _gc_operations(self):
        """Delete the operations and chunks of jobs that ended long ago; their summary stays."""
        parameter = self.env["ir.config_parameter"].sudo().get_param(RETENTION_PARAMETER)
        days = int(parameter) if str(parameter or "").isdigit() else DEFAULT_RETENTION
        before = fields.Datetime.now() - timedelta(days=days)
        deleted = sum(
            self._delete_old(table, before) for table in ("batch_job_operation", "batch_job_chunk")
        )
        return deleted, deleted >= VACUUM_BATCH

    @api.model
    def _delete_old(self, table, before):
        self.env.cr.execute(
            SQL(
                """
                DELETE FROM %(table)s
                 WHERE id IN (
                     SELECT r.id
                       FROM batch_job j
                       JOIN %(table)s r ON r.job_id = j.id
                      WHERE j.state IN %(ended)s
                        AND NOT j.needs_runner
                        AND j.finished_at < %(before)s
                      LIMIT %(limit)s)
                """,
                table=SQL.identifier(table),
                ended=ENDED_STATES,
                before=before,
                limit=VACUUM_BATCH,
            )
        )
        return self.env.cr.rowcount
