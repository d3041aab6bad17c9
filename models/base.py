from odoo import api, models

from ..execution.checks.misfits import watching
from ..execution.orm.unlinks import note_unlink


class Base(models.AbstractModel):
    _inherit = "base"

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        if watch := watching():
            for record, vals in zip(records, vals_list, strict=True):
                watch.note(record, vals)
        return records

    def write(self, vals):
        result = super().write(vals)
        if watch := watching():
            watch.note(self, vals)
        return result

    def unlink(self):
        note_unlink(self)
        return super().unlink()

    @api.private
    def _in_batches(
        self,
        method: str,
        *args,
        policy: str = "isolate",
        chunk_size: int = 0,
        max_parallel: int = 1,
        name: str | None = None,
        idempotency_key: str | None = None,
        **kwargs,
    ):
        """Have a public method called on these records as a batch job, one operation per record.

        :param method: name of a public method; it gets `args` and `kwargs`
        :returns: the job; without records none is made, and it is empty
        """
        jobs = self.env["batch.job"]
        if not self:
            return jobs
        operations = [
            {
                "op": "call",
                "model": self._name,
                "ids": [record_id],
                "method": method,
                "args": list(args),
                "kwargs": kwargs,
                "each": True,
            }
            for record_id in self._ids
        ]
        status = jobs.submit(
            operations,
            name=name or f"{self._description}: {method}",
            policy=policy,
            chunk_size=chunk_size,
            max_parallel=max_parallel,
            idempotency_key=idempotency_key,
        )
        return jobs.browse(status["id"])
