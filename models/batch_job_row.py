import json

from odoo import models
from odoo.tools import SQL

from ..engine.states import JOB_TRANSITIONS

_JSON_COLUMNS = ("causes", "part_hashes", "wave_ends")


class BatchJobRow(models.AbstractModel):
    """The row of a job. Verbs and claims change it under its lock, nobody else does."""

    _name = "batch.job.row"
    _description = "Batch Job Row"

    def _row(self) -> dict:
        self.env.cr.execute(SQL("SELECT * FROM batch_job WHERE id = %s", self.id))
        return self.env.cr.dictfetchone()

    def _locked_row(self) -> dict:
        """Lock the row, waiting, and give it as it is then."""
        query = SQL("SELECT * FROM batch_job WHERE id = %s FOR NO KEY UPDATE", self.id)
        # a claim may get it first: the caller tries again, and nobody needs to read of it
        self.env.cr.execute(query, log_exceptions=False)
        return self.env.cr.dictfetchone()

    def _set(self, **values):
        values = {
            name: json.dumps(value) if name in _JSON_COLUMNS else value
            for name, value in values.items()
        }
        assignments = SQL(", ").join(
            SQL("%s = %s", SQL.identifier(name), value) for name, value in values.items()
        )
        self.env.cr.execute(SQL("UPDATE batch_job SET %s WHERE id = %s", assignments, self.id))

    def _move(self, row, state, **values):
        """Change the state; `row` is the locked row and is kept up to date."""
        if state not in JOB_TRANSITIONS[row["state"]]:
            raise AssertionError(f"batch.job {row['id']}: {row['state']} -> {state}")
        row.update(values, state=state)
        self._set(state=state, **values)
