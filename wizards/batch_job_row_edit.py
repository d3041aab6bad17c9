from odoo import fields, models


class BatchJobRowEdit(models.TransientModel):
    """A dialog with the cells of one row: correct them, and run the row again."""

    _name = "batch.job.row.edit"
    _description = "Edit and Retry a Row"

    # a plain number: with a foreign key PostgreSQL would look here for each operation it deletes
    operation = fields.Integer(required=True, readonly=True)
    error_message = fields.Text(readonly=True)
    cell_ids = fields.One2many("batch.job.row.edit.cell", "edit_id", "Cells")

    def action_correct(self):
        """Correct the row and run it.

        :raises UserError: a cell holds no value of its field
        """
        self.ensure_one()
        operation = self.env["batch.job.operation"].browse(self.operation)
        operation._correct_cells({cell.column: cell.text or "" for cell in self.cell_ids})
        self.cell_ids.unlink()  # they may hold passwords
        return {"type": "ir.actions.act_window_close"}


class BatchJobRowEditCell(models.TransientModel):
    """A cell of a row, as text."""

    _name = "batch.job.row.edit.cell"
    _description = "Cell of a Row"
    _order = "id"

    edit_id = fields.Many2one("batch.job.row.edit", required=True, ondelete="cascade")
    column = fields.Char(readonly=True)
    label = fields.Char("Field", readonly=True)
    text = fields.Text("Value")
    is_wrong = fields.Boolean(readonly=True)
