from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

from ..dispatch.copying import Copying
from ..engine.repeatable import why_not_repeated


class BatchJobAgain(models.AbstractModel):
    """The same job again: once as a duplicate, or again and again by a schedule."""

    _name = "batch.job.again"
    _description = "Batch Job Again"

    # the label is not "Schedule": that is the name of a button, and in other languages a verb
    schedule_id = fields.Many2one(
        "batch.job.schedule",
        "Started by Schedule",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    can_duplicate = fields.Boolean(compute="_compute_can_duplicate", exportable=False)
    can_schedule = fields.Boolean(compute="_compute_can_duplicate", exportable=False)

    def duplicate(self) -> dict:
        """Make a draft of yours with the same operations, options and context.

        The draft has no idempotency key. It is begun by ``start``.

        :returns: status of the draft
        :raises UserError: 422: the job is a draft, holds or held a password, or its operations have
            been deleted
        :raises AccessError: 403: it is somebody else's, or you may not do an operation any more
        :raises TooManyRequests: 429: no room: too many operations are open
        """
        self._check_named()
        row = self._row()
        if row["user_id"] != self.env.uid:
            raise AccessError(
                self.env._("Only its owner may duplicate job %s; submit one of your own.", self.id)
            )
        return self.browse(Copying(self.env).duplicate(row))._status()

    def action_duplicate(self):
        return self._action_form("batch.job", self.duplicate()["id"])

    def action_schedule(self):
        """Make a paused schedule with a copy of the operations, and open it."""
        self._check_named()
        values = {"name": self.name, "copied_from_id": self.id, "active": False}
        # the context of the form has the time zone of the browser, which is for its texts
        schedules = self.env["batch.job.schedule"].with_context(tz=self.env.user.tz)
        schedule = schedules.create(values)
        return self._action_form("batch.job.schedule", schedule.id)

    @api.depends("state", "outline", "dry_run")
    @api.depends_context("uid")
    def _compute_can_duplicate(self):
        keyless = self._keyless_loads()
        for job in self:
            job.can_duplicate = job.state != "draft" and job._is_own()
            kinds = job.can_duplicate and not job.dry_run and job.outline or ()
            # each row is looked at when the schedule is made
            has_key = job._origin.id not in keyless
            refused = [kind for kind in kinds if why_not_repeated(kind["op"], has_key)]
            job.can_schedule = bool(kinds) and not refused

    def _keyless_loads(self) -> set[int]:
        """The ids of jobs whose first row is loaded without a key, as by most imports."""
        self.env.cr.execute(
            SQL(
                "SELECT job_id FROM batch_job_operation"
                " WHERE job_id = ANY(%s) AND index = 0 AND op = 'load' AND payload->>'key' IS NULL",
                self._origin.ids,
            )
        )
        return {row[0] for row in self.env.cr.fetchall()}

    def _row(self) -> dict:
        """The row of the job, as the database has it. Nobody is kept from claiming its chunks."""
        self.env.cr.execute(SQL("SELECT * FROM batch_job WHERE id = %s", self.id))
        return self.env.cr.dictfetchone() or self._refuse_unseen()

    @api.model
    def _action_form(self, model, record_id):
        return {
            "type": "ir.actions.act_window",
            "res_model": model,
            "res_id": record_id,
            "views": [(False, "form")],
        }
