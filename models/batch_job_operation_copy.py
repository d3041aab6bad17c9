import json

from odoo import api, models
from odoo.tools import SQL

from ..engine.passwords import MENTION, holds_secret

PAGE = 5_000  # operations whose content is in memory at once
# columns that say where an operation belongs and how it ended; all others are copied
_NOT_COPIED = {
    "id", "job_id", "owner_id", "company_id", "position", "state", "record_ids", "value", "note",
    "error_type", "error_message", "error_model", "error_field", "error_constraint", "replaced",
}  # fmt: skip


class BatchJobOperationCopy(models.AbstractModel):
    """Copies stored operations within the database.

    A source is a table of an SQL query, with the columns of stored operations.
    """

    _name = "batch.job.operation.copy"
    _description = "Copies of Batch Job Operations"

    @api.model
    def _of_job(self, job_id) -> SQL:
        """The source for the operations of a job."""
        return SQL("(SELECT * FROM batch_job_operation WHERE job_id = %s) o", job_id)

    @api.model
    def _copied_columns(self) -> list[str]:
        stored = {name for name, field in self._fields.items() if field.store and field.column_type}
        return sorted(stored - _NOT_COPIED)

    @api.model
    def _copy(self, source: SQL, job: dict) -> int:
        """Store the operations of a source in a job, in the order of their indexes.

        :param job: dict with id, user_id, company_id
        :returns: how many
        """
        columns = SQL(", ").join(map(SQL.identifier, self._copied_columns()))
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO batch_job_operation
                       (job_id, owner_id, company_id, position, state, %(columns)s)
                SELECT %(job)s, %(owner)s, %(company)s, o.index, 'pending', %(columns)s
                  FROM %(source)s
                 ORDER BY o.index
                """,
                columns=columns,
                job=job["id"],
                owner=job["user_id"],
                company=job["company_id"] or None,
                source=source,
            )
        )
        return self.env.cr.rowcount

    @api.model
    def _kinds_in(self, source: SQL) -> list[tuple]:
        """(first index, op, model, names, key) of each kind of operation.

        Names are a method, the fields of a key, or columns, as `SubmissionCheck` has them.
        """
        self.env.cr.execute(
            SQL(
                """
                SELECT min(index), op, model, payload->>'method',
                       CASE op WHEN 'load' THEN payload->'fields'
                               WHEN 'upsert' THEN payload->'key' END,
                       CASE op WHEN 'load' THEN payload->'key' END
                  FROM %s
                 GROUP BY 2, 3, 4, 5, 6
                 ORDER BY 1
                """,
                source,
            )
        )
        return [
            (index, op, model, (method,) if method else tuple(names or ()), tuple(key or ()))
            for index, op, model, method, names, key in self.env.cr.fetchall()
        ]

    @api.model
    def _first_secret(self, source: SQL, total: int) -> int | None:
        """The index of the first operation that holds a password, or held one; None if none does.

        :param total: how many operations there are
        """
        for first in range(0, total, PAGE):
            self.env.cr.execute(
                SQL(
                    """
                    SELECT index, payload::text
                      FROM %s
                     WHERE index >= %s AND index < %s AND payload::text ~* %s
                     ORDER BY index
                    """,
                    source,
                    first,
                    first + PAGE,
                    MENTION,
                )
            )
            for index, text in self.env.cr.fetchall():
                if holds_secret(json.loads(text)):
                    return index
        return None
