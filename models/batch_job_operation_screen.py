import json

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

NAME_LENGTH = 80  # characters of a record's name in a title


class BatchJobOperationScreen(models.AbstractModel):
    """Texts and the button of the views of an operation."""

    _name = "batch.job.operation.screen"
    _description = "Batch Job Operation Screen"
    _inherit = ["batch.job.rights"]

    title = fields.Char("What", compute="_compute_title")
    record_ids_text = fields.Char("Records", compute="_compute_record_ids_text")
    can_open = fields.Boolean(compute="_compute_can_open")
    payload_text = fields.Text(
        "Content", compute="_compute_private_texts", help="Shown to the owner of the job"
    )
    value_text = fields.Text("Return Value", compute="_compute_private_texts")

    @api.depends("index")
    def _compute_display_name(self):
        for operation in self:
            operation.display_name = self.env._("Operation %s", operation.index)

    @api.depends("op", "model")
    @api.depends_context("lang", "uid")
    def _compute_title(self):
        verbs = {
            "create": self.env._("Create"),
            "write": self.env._("Change"),
            "upsert": self.env._("Create or change"),
            "load": self.env._("Import"),
            "unlink": self.env._("Delete"),
            "call": self.env._("Call"),
        }
        payloads = self._visible_payloads()
        for operation in self:
            model = self.env["ir.model"].sudo()._get(operation.model)
            what = model.name or operation.model
            subject = operation._subject(payloads.get(operation._origin.id, {}))
            verb = verbs.get(operation.op, operation.op)
            operation.title = f"{verb}: {what} {subject}".strip()

    def _subject(self, payload) -> str:
        """The record of the operation: its name if the user may see the content, else its id.

        :param payload: empty if the user may not see the content
        """
        values = payload.get("values")
        if self.op in ("create", "upsert") and isinstance(values, dict) and self.model in self.env:
            name = values.get(self.env[self.model]._rec_name)
            return f"“{name[:NAME_LENGTH]}”" if isinstance(name, str) and name else ""
        ids = self._ids_it_is_about(payload)
        if self.op == "call" and all(type(one) is int for one in payload.get("ids") or [None]):
            ids = payload["ids"]  # `record_ids` may be other records: a copy, for example
        return ", ".join(map(str, ids[:3])) + ("…" if len(ids) > 3 else "")

    def _ids_it_is_about(self, payload) -> list[int]:
        return self.record_ids or payload.get("ids") or []

    def _records_it_is_about(self, payload):
        """The records of the operation; None if their model does not exist any more."""
        if self.model not in self.env:
            return None
        ids = [one for one in self._ids_it_is_about(payload) if type(one) is int]
        return self.env[self.model].browse(ids)

    @api.depends("record_ids")
    def _compute_record_ids_text(self):
        for operation in self:
            operation.record_ids_text = ", ".join(map(str, operation.record_ids or ()))

    @api.depends("op", "record_ids")
    @api.depends_context("uid")
    def _compute_can_open(self):
        payloads = self._visible_payloads()
        for operation in self:
            payload = payloads.get(operation._origin.id, {})
            records = operation.op != "unlink" and operation._records_it_is_about(payload)
            operation.can_open = bool(records)

    @api.depends_context("uid")
    def _compute_private_texts(self):
        contents = self._visible_contents()
        for operation in self:
            payload, value = contents.get(operation._origin.id, (None, None))
            operation.payload_text = payload and _pretty(payload)
            operation.value_text = value and _pretty(value)

    def _visible_payloads(self) -> dict[int, dict]:
        return {one: payload for one, (payload, _value) in self._visible_contents().items()}

    def _visible_contents(self) -> dict[int, tuple]:
        """Id -> (payload, value), for the operations whose content the user may see."""
        self.env.cr.execute(
            SQL(
                "SELECT id, payload, value FROM batch_job_operation WHERE id = ANY(%s) AND %s",
                self._origin._filtered_access("read").ids,
                self._content_is_visible(),
            )
        )
        return {row[0]: row[1:] for row in self.env.cr.fetchall()}

    def action_open_record(self):
        """Open the records that the operation made or was to change: a form, or a list of several.

        :raises UserError: the operation has no record that exists
        """
        self.ensure_one()
        self.check_access("read")
        records = self._records_it_is_about(self._visible_payloads().get(self.id, {}))
        records = records and records.exists()
        if not records:
            raise UserError(
                self.env._("There is no record to open: it was deleted, or was never made.")
            )
        action = {"type": "ir.actions.act_window", "res_model": self.model, "name": self.title}
        if len(records) == 1:
            return {**action, "res_id": records.id, "views": [(False, "form")]}
        return {
            **action,
            "domain": [("id", "in", records.ids)],
            "views": [(False, "list"), (False, "form")],
        }


def _pretty(value) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
