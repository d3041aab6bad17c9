import json

from odoo import api, fields, models
from odoo.tools import SQL

from .operation_lookup import with_names

AT_ONCE = 5_000  # operations in one statement: PostgreSQL refuses a statement of 256 MB


class BatchJobOperationCorrect(models.AbstractModel):
    """Reads and replaces the content of operations of an ended job."""

    _name = "batch.job.operation.correct"
    _description = "Batch Job Operations to Correct"
    _inherit = ["batch.job.rights"]

    # NO_ACCESS: it is content
    replaced = fields.Json(
        readonly=True,
        groups=fields.NO_ACCESS,
        help="What corrections have replaced, the oldest first",
    )
    replaced_text = fields.Text(
        "Before It Was Corrected",
        compute="_compute_replaced_text",
        help="Shown to the owner of the job",
    )

    @api.depends("replaced")
    @api.depends_context("uid")
    def _compute_replaced_text(self):
        self.env.cr.execute(
            SQL(
                "SELECT id, replaced FROM batch_job_operation"
                " WHERE id = ANY(%s) AND replaced IS NOT NULL AND %s",
                self._origin._filtered_access("read").ids,
                self._content_is_visible(),
            )
        )
        found = dict(self.env.cr.fetchall())
        for operation in self:
            replaced = found.get(operation._origin.id)
            operation.replaced_text = replaced and json.dumps(
                replaced, indent=2, ensure_ascii=False
            )

    @api.model
    def _stored_at(self, job_id, indexes) -> list[dict]:
        """The operations with some indexes, in order; `operation` is as it was submitted."""
        return self._stored_where(SQL("job_id = %s AND index = ANY(%s)", job_id, indexes))

    @api.model
    def _stored_pending(self, job_id) -> list[dict]:
        return self._stored_where(SQL("job_id = %s AND state = 'pending'", job_id))

    @api.model
    def _stored_where(self, condition: SQL) -> list[dict]:
        self.env.cr.execute(
            SQL(
                """
                SELECT index, state, op, model, ref, payload, COALESCE(wave, 0) AS wave,
                       COALESCE(follows, FALSE) AS follows, makes, error_type, error_field
                  FROM batch_job_operation
                 WHERE %s
                 ORDER BY index
                """,
                condition,
            )
        )
        found = self.env.cr.dictfetchall()
        for one in found:
            operation = {"op": one.pop("op"), "model": one.pop("model"), **one.pop("payload")}
            ref = one.pop("ref")
            one["operation"] = {**operation, "ref": ref} if ref else operation
        return found

    @api.model
    def _replace_contents(self, job_id, indexes, text):
        """Store operations in the place of others, and keep what they replace.

        :param indexes: of the operations, in order
        :param text: the operations as a JSON list
        """
        contents = json.loads(text)
        subjects = self._subjects_of(contents)
        for start in range(0, len(indexes), AT_ONCE):
            some = contents[start : start + AT_ONCE]
            place = slice(start, start + AT_ONCE)
            self._replace_some(job_id, indexes[place], json.dumps(some), subjects[place])

    @api.model
    def _replace_some(self, job_id, indexes, text, subjects):
        query = SQL(
            """
            UPDATE batch_job_operation o
               SET payload = n.body - '{op,model,ref}'::text[], subject = n.subject,
                   replaced = COALESCE(o.replaced, '[]'::jsonb) || jsonb_build_object(
                       'until', to_jsonb(clock_timestamp()), 'content', o.payload)
              FROM (SELECT i.index, i.subject, e.body
                      FROM jsonb_array_elements(%s::jsonb) WITH ORDINALITY AS e(body, n)
                      JOIN unnest(%s::int[], %s::text[]) WITH ORDINALITY AS i(index, subject, n)
                     USING (n)) n
             WHERE o.job_id = %s
               AND o.index = n.index
            """,
            text,
            indexes,
            subjects,
            job_id,
        )
        # do not log an error: the log would quote the content
        self.env.cr.execute(query, log_exceptions=False)

    @api.model
    def _set_marks(self, job_id, marks: list[dict]):
        """Store the marks of operations: objects with index, wave, follows and makes."""
        self.env.cr.execute(
            SQL(
                """
                UPDATE batch_job_operation o
                   SET wave = m.wave, follows = m.follows, makes = m.makes
                  FROM jsonb_to_recordset(%s::jsonb)
                       AS m(index int, wave int, follows bool, makes text)
                 WHERE o.job_id = %s
                   AND o.index = m.index
                """,
                json.dumps(marks),
                job_id,
            )
        )

    @api.model
    def _places_of_refs(self, job_id, names) -> list[tuple[str, int, int]]:
        """(ref, index, wave) of the operations that have these refs."""
        self.env.cr.execute(
            SQL(
                "SELECT ref, index, COALESCE(wave, 0) FROM batch_job_operation WHERE %s",
                with_names(job_id, "ref", names),
            )
        )
        return self.env.cr.fetchall()

    @api.model
    def _waves_made(self, job_id, names, but) -> dict[str, int]:
        """Name -> the latest wave of the operations that make the record of this name.

        :param but: indexes of operations that do not count
        """
        self.env.cr.execute(
            SQL(
                "SELECT makes, max(COALESCE(wave, 0)) FROM batch_job_operation"
                " WHERE %s AND NOT index = ANY(%s) GROUP BY 1",
                with_names(job_id, "makes", names),
                but,
            )
        )
        return dict(self.env.cr.fetchall())
