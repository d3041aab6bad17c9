import json

from odoo import models
from odoo.http import request
from odoo.sql_db import Cursor
from odoo.tools import SQL

from ..engine.passwords import blank_passwords
from ..engine.states import JOB_TRANSITIONS

_JSON_COLUMNS = ("causes", "part_hashes", "run_context", "wave_ends")


class BatchJobRow(models.AbstractModel):
    """The row of a job. Verbs and claims lock the row before they change it."""

    _name = "batch.job.row"
    _description = "Batch Job Row"

    def _row(self) -> dict:
        self.env.cr.execute(SQL("SELECT * FROM batch_job WHERE id = %s", self.id))
        return self.env.cr.dictfetchone()

    def _begin_fresh(self):
        """Let a call that came for this job alone see what claims have committed until now.

        Its transaction has an old snapshot, and a claim changes the job's row several times a
        second: locking it would mostly mean a conflict, and Odoo's retry sleeps for seconds. So
        begin again in READ COMMITTED, as claims do; only when nothing was written and no caller
        of ours can hold a savepoint.
        """
        cr = self.env.cr
        params = request.params if request else {}
        if self._name not in (params.get("model"), params.get("__model__")):
            return
        if not isinstance(cr, Cursor) or cr.postcommit or cr.precommit:
            return
        self.env.flush_all()
        cr.execute("SELECT pg_current_xact_id_if_assigned() IS NULL")
        if cr.fetchone()[0]:
            cr.rollback()
            cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")

    def _locked_row(self) -> dict:
        """Lock the row, waiting, and give it as it is then."""
        query = SQL("SELECT * FROM batch_job WHERE id = %s FOR NO KEY UPDATE", self.id)
        # a claim may get it first: the caller tries again, and nobody needs to read of it
        self.env.cr.execute(query, log_exceptions=False)
        return self.env.cr.dictfetchone()

    def _in_language_of_owner(self, row):
        """The same job, to make texts with that are stored for its owner, whoever runs it."""
        lang = (row["run_context"] or {}).get("lang")
        is_known = isinstance(lang, str) and self.env["res.lang"]._get_data(code=lang)
        return self.with_context(lang=lang if is_known else None)

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

    def _blank_context(self, row):
        """Passwords in the submitter's context go when no operation of the job will run again; what
        else is in it stays."""
        blanked = blank_passwords(row["run_context"])
        if blanked != row["run_context"]:
            self._set(run_context=blanked)
