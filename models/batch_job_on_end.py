import json

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..engine.states import ON_END_STATES


class BatchJobOnEnd(models.AbstractModel):
    """The method that a job calls when it has ended, and what became of the call."""

    _name = "batch.job.on_end"
    _description = "Batch Job at Its End"
    _inherit = ["batch.job.rights"]

    on_end = fields.Json(readonly=True, groups=fields.NO_ACCESS)
    on_end_state = fields.Selection(list(ON_END_STATES.items()), "At the End", readonly=True)
    on_end_value = fields.Json(readonly=True, groups=fields.NO_ACCESS)
    on_end_error = fields.Text("Trouble at the End", readonly=True, depends_context=("uid",))
    on_end_value_text = fields.Text("Returned at the End", compute="_compute_on_end_value_text")

    @api.depends("on_end_state")
    @api.depends_context("uid")
    def _compute_on_end_value_text(self):
        values = self._visible_on_end_values()
        for job in self:
            value = values.get(job._origin.id)
            job.on_end_value_text = value is not None and json.dumps(value, ensure_ascii=False)

    def _visible_on_end_values(self) -> dict:
        """Id -> what `on_end` has returned, for the jobs whose content the user may see."""
        self.env.cr.execute(
            SQL(
                """
                SELECT id, on_end_value
                  FROM (SELECT id, user_id AS owner_id, on_end_value
                          FROM batch_job
                         WHERE id = ANY(%s)) j
                 WHERE %s
                """,
                self._origin._filtered_access("read").ids,
                self._content_is_visible(),
            )
        )
        return dict(self.env.cr.fetchall())

    def _on_end_status(self) -> dict | None:
        """What became of `on_end`, for `status`; None if the job has none."""
        job = self.sudo()
        if not job.on_end_state:
            return None
        text = self.on_end_error or None
        if job.on_end_error and not text:
            text = self.env._("Only the owner of the job and administrators read why.")
        is_note = job.on_end_state == "done"  # the value could not be kept, or only a part of it
        return {
            "state": job.on_end_state,
            "value": self._visible_on_end_values().get(self.id),
            "error": None if is_note else text,
        } | ({"note": text} if is_note and text else {})

    @api.ondelete(at_uninstall=False)
    def _unlink_after_on_end(self):
        for job in self:
            if job.on_end_state == "pending":
                raise UserError(
                    self.env._("%s has not yet called its on_end; delete it in a moment.", job.name)
                )
