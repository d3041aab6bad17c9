from odoo import api, fields, models

from .content_table import ContentTable


class BatchJobOperationContent(models.AbstractModel):
    """The content of an operation on its form, for people who may see it."""

    _name = "batch.job.operation.content"
    _description = "Batch Job Operation Content"
    _inherit = ["batch.job.rights"]

    content_table = fields.Html(compute="_compute_content_table", sanitize=False, exportable=False)
    content_hint = fields.Char(compute="_compute_content_table", exportable=False)

    @api.depends("state", "error_type", "error_model", "error_field")
    @api.depends_context("uid", "lang")
    def _compute_content_table(self):
        payloads = self._visible_payloads()
        for operation in self:
            payload = payloads.get(operation._origin.id)
            operation.content_table = payload and ContentTable(operation, payload).as_html()
            operation.content_hint = not payload and self.env._(
                "Only %s sees the content of this row.", operation.job_id.user_id.sudo().name
            )
