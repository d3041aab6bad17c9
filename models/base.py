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
        """Submit a job that calls a public method on each of these records.

        :param method: the name of the method, which gets `args` and `kwargs`
        :returns: the job; empty if there are no records
        """
        jobs = self.env["batch.job"]
        if not self:
            return jobs
        call = {"op": "call", "model": self._name, "method": method, "each": True}
        call |= {"args": list(args), "kwargs": kwargs}
        operations = [{**call, "ids": [record_id]} for record_id in self._ids]
        status = jobs.submit(
            operations,
            name=name or f"{self._description}: {method}",
            policy=policy,
            chunk_size=chunk_size,
            max_parallel=max_parallel,
            idempotency_key=idempotency_key,
        )
        return jobs.browse(status["id"])
