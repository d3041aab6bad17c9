import random
import re

from odoo import fields
from odoo.tools import SQL

from ..engine.pace import chunks_at_once
from ..engine.runners import possible_runners
from .base import Dispatch

RUNNERS_PARAMETER = "batch_job.runners"
DEFAULT_RUNNERS = 2
MOST_RUNNERS = 128
SPARE_SLOTS = 2  # woken beyond those that can help


class Slots(Dispatch):
    """The slots of the runners: each has a scheduled action. A setting says how many there are."""

    def all(self):
        """The scheduled actions, slot 0 first."""
        crons = self.env["ir.cron"].sudo().with_context(active_test=False)
        code = [("model_id.model", "=", "batch.job"), ("code", "=like", "model._run_slot(%)")]
        return crons.search(code).sorted(lambda cron: (self.number_of(cron), cron.id))

    def number_of(self, cron) -> int:
        """The number in the action's code; `MOST_RUNNERS` if somebody has removed the number."""
        found = re.search(r"\d+", cron.code)
        return int(found[0]) if found else MOST_RUNNERS

    def slot(self, number):
        return self.all().filtered(lambda cron: self.number_of(cron) == number)[:1]

    def wanted_runners(self) -> int:
        parameter = (
            self.env["ir.config_parameter"].sudo().get_param(RUNNERS_PARAMETER, DEFAULT_RUNNERS)
        )
        try:
            return min(max(int(parameter), 1), MOST_RUNNERS)
        except (TypeError, ValueError):
            return DEFAULT_RUNNERS

    def connections(self) -> int:
        """The connections that PostgreSQL grants to ordinary roles, on all databases together."""
        self.env.cr.execute(
            SQL(
                """
                SELECT current_setting('max_connections')::int
                       - current_setting('superuser_reserved_connections')::int
                       - COALESCE(current_setting('reserved_connections', TRUE)::int, 0)
                """
            )
        )
        return self.env.cr.fetchone()[0]

    def possible_runners(self) -> int:
        return possible_runners(self.connections(), MOST_RUNNERS)

    def follow_setting(self):
        """Have as many scheduled actions as the setting says, after it was changed.

        A busy action cannot be switched off. At its next run it has nothing to do, and another
        runner switches it off. Only this method switches actions on: if an administrator has
        switched one off, there may have been a reason.
        """
        slots, wanted = self.all(), self.wanted_runners()
        for number in set(range(wanted)).difference(map(self.number_of, slots)):
            slots[0].copy(
                {
                    "name": self.env._("Batch Jobs: runner %s", number + 1),
                    "code": f"model._run_slot({number})",
                    "active": True,
                    "lastcall": False,
                }
            )
        self.wanted_slots().filtered(lambda cron: not cron.active).write({"active": True})
        self.retire_superfluous()

    def wanted_slots(self):
        wanted = self.wanted_runners()
        return self.all().filtered(lambda cron: self.number_of(cron) < wanted)

    def retire_superfluous(self, slot=None):
        """Switch off superfluous actions that are not busy, except the action of `slot`."""
        for cron in self.all() - self.wanted_slots():
            if cron.active and self.number_of(cron) != slot:
                cron.try_lock_for_update().write({"active": False})

    def wake_for(self, jobs):
        """Wake the runners for jobs: now, or at the eta of a job that has not begun."""
        for job in jobs.sudo():
            at_once = chunks_at_once({"max_parallel": job.max_parallel, "pace": job.pace})
            self.wake(not job.started_at and job.eta, most=at_once)

    def wake(self, eta=None, most=None):
        """Have runners look at the queue when this transaction has committed.

        :param eta: have them look at this time instead
        :param most: how many runners can help; default: all
        """
        now = fields.Datetime.now()
        later = eta if eta and eta > now else None
        slots = self.wanted_slots().filtered("active")
        if most and not later:
            slots = self._helpers(slots, most)
        self.env["ir.cron.trigger"].sudo().create(
            [{"cron_id": cron.id, "call_at": later or now} for cron in slots]
        )
        if not later:
            # once for all slots: each notification opens a connection
            self.env.cr.postcommit.add(self.env["ir.cron"].sudo()._notifydb)

    def has_idle(self) -> bool:
        """Whether a runner seems to have no chunk at work."""
        self.env.cr.execute("SELECT DISTINCT runner FROM batch_job_chunk WHERE state = 'running'")
        busy = {row[0] for row in self.env.cr.fetchall()}
        slots = self.wanted_slots().filtered("active")
        return any(self.number_of(slot) not in busy for slot in slots)

    def _helpers(self, slots, most):
        """Slots without a chunk at work, a few more than can help; all if there are not as many.

        Each look at the queue costs some 20 ms, and with 128 runners all of them together more
        than a short job. A slot that seems idle may be between two chunks: hence the spare ones.
        Where other work waits, all are called: by now the slots of an earlier call may have it.
        """
        self.env.cr.execute(
            SQL(
                """
                SELECT array_agg(DISTINCT runner),
                       (SELECT count(*)
                          FROM batch_job
                         WHERE needs_runner
                           AND state = 'queued'
                           AND (eta IS NULL OR eta <= now() AT TIME ZONE 'UTC'))
                  FROM batch_job_chunk
                 WHERE state = 'running'
                """
            )
        )
        busy, waiting = self.env.cr.fetchone()
        idle = [slot for slot in slots if self.number_of(slot) not in (busy or ())]
        wanted = most + SPARE_SLOTS
        if waiting > 1 or len(idle) < wanted:
            return slots
        return random.sample(idle, wanted)
