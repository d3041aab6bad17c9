from odoo import Command, api, fields, models
from odoo.exceptions import AccessError

from ..dispatch.submission_check import refused
from ..engine.retried import NOT_KEPT
from ..engine.row_columns import BadCell, corrected, required_column, texts_of
from .field_kinds import kinds_of


class BatchJobOperationEdit(models.AbstractModel):
    """The button of a row that opens its cells, to correct them and run the row again."""

    _name = "batch.job.operation.edit"
    _description = "Batch Job Operation to Edit"

    can_edit = fields.Boolean(compute="_compute_can_edit", exportable=False)

    @api.depends("state", "job_id.can_correct")
    @api.depends_context("uid")
    def _compute_can_edit(self):
        for operation in self:
            job = operation.job_id
            is_alone = job.policy != "all"  # else the dialog would run the whole job
            operation.can_edit = operation.state in NOT_KEPT and is_alone and job.can_correct

    def action_edit(self):
        """Open the dialog with the cells of this row."""
        stored = self._stored_to_edit()
        edit = self.env["batch.job.row.edit"].create(
            {
                "operation": self.id,
                "error_message": self.error_message,
                "cell_ids": [Command.create(cell) for cell in self._cells_to_edit(stored)],
            }
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Edit and Retry Row %s", self.row),
            "res_model": edit._name,
            "res_id": edit.id,
            "views": [(False, "form")],
            "target": "new",
        }

    def _correct_cells(self, texts: dict[str, str]):
        """Correct the row by the texts of its cells, and run it.

        :raises UserError: a text is no value of its field
        """
        stored = self._stored_to_edit()
        operation = stored["operation"]
        try:
            kinds = kinds_of(self.env, operation["model"])
            changed = corrected(operation["op"], operation, texts, kinds)
        except BadCell as error:
            raise refused(self.env, error) from error
        self.job_id.correct(rows=[{"index": stored["index"], **changed}])

    def _stored_to_edit(self) -> dict:
        """
        :raises AccessError: the job is somebody else's
        """
        self.ensure_one()
        self.check_access("read")
        if not self.job_id._is_own():
            raise AccessError(self.env._("Only the owner of the job may edit its rows."))
        (stored,) = self._stored_at(self.job_id.id, [self.index])
        return stored

    def _cells_to_edit(self, stored) -> list[dict]:
        operation, wrong = stored["operation"], stored["error_field"]
        kind = operation["op"], operation
        texts = texts_of(*kind, kinds_of(self.env, operation["model"]))
        for column in required_column(*kind, stored["error_type"], wrong):
            texts.setdefault(column, "")
        labels = self._labels_of(operation["model"])
        cells = []
        for column, text in texts.items():
            name = column.split("/")[0]
            label = labels.get(name, name)
            label = label if column == name else f"{label} ({column})"
            is_wrong = wrong is not None and wrong in (name, column)
            cells.append({"column": column, "label": label, "text": text, "is_wrong": is_wrong})
        return cells

    def _labels_of(self, model) -> dict[str, str]:
        if model not in self.env:
            return {}
        described = self.env[model].fields_get(attributes=["string"])
        return {name: field["string"] for name, field in described.items()}
