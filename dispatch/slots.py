import re

from odoo import fields

from ..execution.orm.key_locks import share_of_keys
from .base import Dispatch

RUNNERS_PARAMETER = "batch_job.runners"
DEFAULT_RUNNERS = 2
MOST_RUNNERS = 16


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

    def share_of_keys(self) -> int:
        return share_of_keys(self.wanted_runners())

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
        for eta in {not job.started_at and job.eta for job in jobs.sudo()}:
            self.wake(eta)

    def wake(self, eta=None):
        """Have every runner look at the queue when this transaction has committed.

        :param eta: have them look at this time instead
        """
        now = fields.Datetime.now()
        later = eta if eta and eta > now else None
        slots = self.wanted_slots().filtered("active")
        self.env["ir.cron.trigger"].sudo().create(
            [{"cron_id": cron.id, "call_at": later or now} for cron in slots]
        )
        if not later:
            # once for all slots: each notification opens a connection
            self.env.cr.postcommit.add(self.env["ir.cron"].sudo()._notifydb)
