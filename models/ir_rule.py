from odoo import models
from odoo.exceptions import AccessError

PARTS_OF_JOBS = ("batch.job.operation", "batch.job.chunk")


class IrRule(models.Model):
    _inherit = "ir.rule"

    def _make_access_error(self, operation, records):
        """The error for operations and chunks, whose `company_id` is a plain number.

        Odoo's own error takes `company_id` for a record.
        """
        if records._name not in PARTS_OF_JOBS:
            return super()._make_access_error(operation, records)
        return AccessError(
            self.env._(
                "%(model)s %(ids)s: you have no access to the job of another user or company.",
                model=self.env["ir.model"]._get(records._name).name,
                ids=", ".join(map(str, records.ids[:6])),
            )
        )
