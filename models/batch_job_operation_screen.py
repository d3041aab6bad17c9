import json
from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..engine.outline import NAMED_METHODS
from ..engine.selection import METHODS
from ..engine.subjects import LONGEST
from .operation_words import model_in_words, names_of, op_in_words, quoted

_ABOUT_RECORDS = ("write", "unlink", "call")  # named by the records, not by the subject


class BatchJobOperationScreen(models.AbstractModel):
    """Texts and the button of the views of an operation."""

    _name = "batch.job.operation.screen"
    _description = "Batch Job Operation Screen"
    _inherit = ["batch.job.rights"]

    title = fields.Char("What", compute="_compute_title")
    record_ids_text = fields.Char("Records", compute="_compute_record_ids_text")
    can_open = fields.Boolean(compute="_compute_can_open", exportable=False)
    payload_text = fields.Text(
        "Content", compute="_compute_private_texts", help="Shown to the owner of the job"
    )
    value_text = fields.Text("Return Value", compute="_compute_private_texts")

    @api.depends("op", "model")
    @api.depends_context("lang", "uid")
    def _compute_title(self):
        payloads = self._visible_payloads()
        names = self._names_of_records(payloads)
        for operation in self:
            payload = payloads.get(operation._origin.id, {})
            words = {
                "verb": op_in_words(self.env, operation.op, payload.get("method")),
                "model": model_in_words(self.env, operation.model),
            }
            parts = (
                self.env._("%(verb)s: %(model)s", **words),
                operation._told_apart(payload, names.get(operation.model, {}) if payload else {}),
                operation._method(payload),
            )
            operation.title = " ".join(filter(None, parts))

    def _told_apart(self, payload, names) -> str:
        """What tells the operation from its neighbours: its subject, or the records it is about.

        :param payload: empty if the user may not see the content
        :param names: id -> name, of the records of its model that the user may read
        """
        if self.subject_text and self.op not in _ABOUT_RECORDS:
            return quoted(self.env, self.subject_text)
        ids = self._ids_of_title(payload)
        told = [
            quoted(self.env, names[one][:LONGEST]) if names.get(one) else str(one)
            for one in ids[:3]
        ]
        return ", ".join(told) + ("…" if len(ids) > 3 else "")

    def _method(self, payload) -> str:
        method = self.op == "call" and payload.get("method")
        if method == METHODS["button"]:
            method = (payload.get("kwargs") or {}).get("method")
        return f"({method})" if method and method not in NAMED_METHODS else ""

    def _ids_of_title(self, payload) -> list:
        if self.op == "call" and all(type(one) is int for one in payload.get("ids") or [None]):
            return payload["ids"]  # `record_ids` may be other records: a copy, for example
        return self._ids_it_is_about(payload)

    def _names_of_records(self, payloads) -> dict[str, dict]:
        """Model -> id -> name, of the records in the titles that the user may read.

        Only where the user may see the content: the name of a new record is a part of it.
        """
        ids = defaultdict(set)
        for operation in self:
            payload = payloads.get(operation._origin.id)
            found = operation._ids_of_title(payload)[:3] if payload else ()
            ids[operation.model].update(one for one in found if type(one) is int)
        return {
            model: names_of(self.env[model].browse(found))
            for model, found in ids.items()
            if model in self.env
        }

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
        records = {
            operation: operation._records_it_is_about(payloads.get(operation._origin.id, {}))
            for operation in self
            if operation.op != "unlink"
        }
        # one query for each model
        by_model = defaultdict(set)
        for found in filter(None, records.values()):
            by_model[found._name].update(found._ids)
        there = {
            model: set(self.env[model].browse(ids).exists()._filtered_access("read")._ids)
            for model, ids in by_model.items()
        }
        for operation in self:
            found = records.get(operation)
            operation.can_open = bool(found) and not there[found._name].isdisjoint(found._ids)

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
            "context": {"active_test": False},
            "views": [(False, "list"), (False, "form")],
        }


def _pretty(value) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
