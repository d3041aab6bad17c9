from odoo import fields, models
from odoo.exceptions import AccessError, MissingError, UserError

from ..dispatch.relative_dates import evaluated
from ..dispatch.schedules import Schedules
from ..engine.progress import iso


class BatchJobScheduleVerbs(models.AbstractModel):
    """What people and programs do with a schedule: RPC methods, and buttons."""

    _name = "batch.job.schedule.verbs"
    _description = "Batch Job Schedule Verbs"

    def status(self) -> dict:
        """When the schedule runs next, and what became of its latest run.

        :returns: ``id, name, active, next_run`` and ``last_at`` (ISO 8601, UTC), ``last_result``
            (``started, nothing, skipped, waiting, refused, paused``), ``note``, ``job`` (the id of
            its latest job, or null)
        """
        self._check_named()
        row = self.sudo()
        return {
            "id": row.id,
            "name": row.name,
            "active": row.active,
            "next_run": iso(row.next_run),
            "last_at": iso(row.last_at),
            "last_result": row.last_result or None,
            "note": row.note or None,
            "job": row.last_job_id.id or None,
        }

    def pause(self) -> dict:
        """Begin no further run until ``resume``. Its jobs go on.

        :returns: status
        """
        self._check_named()
        if self.sudo().active:
            note = self.env._("Paused by %s.", self.env.user.name)
            values = {"active": False, "last_result": "paused", "note": note}
            self.sudo().write({**values, "last_at": fields.Datetime.now()})
        return self.status()

    def resume(self) -> dict:
        """Go on at the next time of the schedule. What was missed meanwhile is left out.

        :returns: status
        """
        self._check_named()
        if not self.sudo().active:
            self.sudo().write({"active": True, "last_result": False, "note": False})
        return self.status()

    def run_now(self) -> dict:
        """Have the schedule run as soon as a cron worker is free. Its times stay as they are.

        :returns: status
        :raises AccessError: 403: the schedule is somebody else's
        :raises UserError: 422: it is paused
        """
        self._check_named()
        if not self.is_own:
            raise AccessError(self.env._("Only its owner may run schedule %s.", self.id))
        if not self.sudo().active:
            raise UserError(self.env._("Schedule %s is paused; resume it first.", self.id))
        self.sudo()._set_run(fields.Datetime.now())
        Schedules(self.env).wake()
        return self.status()

    def action_pause(self):
        self.pause()

    def action_resume(self):
        self.resume()

    def action_run_now(self):
        self.run_now()

    def action_open_jobs(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Jobs of %s", self.name),
            "res_model": "batch.job",
            "views": [(False, "list"), (False, "kanban"), (False, "form")],
            "domain": [("schedule_id", "=", self.id)],
        }

    def action_open_records(self):
        """Open the records that the filter finds at this moment, for the user."""
        self._check_named()
        if not self.may_edit:
            raise AccessError(self.env._("Only its owner sees which records are looked for."))
        return {
            "type": "ir.actions.act_window",
            "name": self.name,
            "res_model": self.model,
            "views": [(False, "list"), (False, "form")],
            "domain": list(evaluated(self.env, self.domain)),
        }

    def _check_named(self):
        """Refuse a call that does not name one schedule that its user may see."""
        self.browse().check_access("read")
        number = self._ids[0] if len(self) == 1 else 0
        try:
            is_seen = type(number) is int and number > 0 and self.has_access("read")
        except MissingError:
            is_seen = False
        if not is_seen:
            raise MissingError(
                self.env._("Schedule %s does not exist, or you have no right to see it.", number)
            )
