from odoo import api, fields, models

from .operation_words import error_in_short, field_in_words


class BatchJobOperationError(models.AbstractModel):
    """Why an operation failed, in words for the user who reads them."""

    _name = "batch.job.operation.error"
    _description = "Batch Job Operation Error"

    error_text = fields.Text(
        "Error",
        compute="_compute_error_text",
        help="What went wrong. A message may quote values, so people who may not see the content "
        "read the kind of error and the field.",
    )
    error_field_text = fields.Char("Field", compute="_compute_error_field_text")

    @api.depends("error_message", "error_type", "error_model", "error_field")
    @api.depends_context("uid", "lang")
    def _compute_error_text(self):
        for one in self:
            # empty for a user who may not see the content
            text = one.error_message
            if not text and one.error_type:
                text = error_in_short(self.env, one.error_type, one.error_model, one.error_field)
            one.error_text = text

    @api.depends("error_model", "error_field")
    @api.depends_context("lang")
    def _compute_error_field_text(self):
        for one in self:
            model, field = one.error_model, one.error_field
            one.error_field_text = field and field_in_words(self.env, model, field)
