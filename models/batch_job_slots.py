import re

from odoo import api, fields, models

from ..execution.key_locks import share_of_keys

RUNNERS_PARAMETER = "batch_job.runners"
DEFAULT_RUNNERS = 2
MOST_RUNNERS = 16


class BatchJobSlots(models.AbstractModel):
    """The execution slots: a scheduled action each, as many as the setting says."""

    _name = "batch.job.slots"
    _description = "Batch Job Slots"

    @api.model
    def _slots(self):
        """The scheduled actions, slot 0 first."""
        crons = self.env["ir.cron"].sudo().with_context(active_test=False)
        code = [("model_id.model", "=", "batch.job.runner"), ("code", "=like", "model._run(%)")]
        return crons.search(code).sorted(lambda cron: (self._number_of(cron), cron.id))

    @api.model
    def _number_of(self, cron) -> int:
        """The number in the action's code; somebody may have edited that."""
        found = re.search(r"\d+", cron.code)
        return int(found[0]) if found else MOST_RUNNERS

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
    def _share_of_keys(self) -> int:
        return share_of_keys(self._wanted_runners())

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
