from functools import cache

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..engine.passwords import is_secret_name
from ..engine.subjects import subject_of


class BatchJobOperationSubject(models.AbstractModel):
    """The subject of an operation, which is a part of its content."""

    _name = "batch.job.operation.subject"
    _description = "Batch Job Operation Subject"
    _inherit = ["batch.job.rights"]

    subject = fields.Char(
        readonly=True,
        groups=fields.NO_ACCESS,
        help="Empty in operations that are older than this column",
    )
    subject_text = fields.Char(
        "Name",
        compute="_compute_subject_text",
        search="_search_subject_text",
        help="Name, key, external id or method. Shown to the owner of the job.",
    )

    @api.depends_context("uid")
    def _compute_subject_text(self):
        subjects = self._visible_subjects()
        for operation in self:
            operation.subject_text = subjects.get(operation._origin.id)

    def _search_subject_text(self, operator, value):
        # of an operation whose content the user may not see the text is empty, in every search
        return Domain.custom(
            to_sql=lambda model, alias, query: model._fields["subject_text"].condition_to_sql(
                "subject_text", operator, value, model, alias, query
            )
        )

    def _field_to_sql(self, alias, field_expr, query=None) -> SQL:
        if field_expr == "subject_text":
            return self._if_visible(alias, SQL.identifier(alias, "subject"))
        return super()._field_to_sql(alias, field_expr, query)

    def _visible_subjects(self) -> dict[int, str]:
        """Id -> subject, for the operations whose content the user may see.

        Of an operation that was stored before there were subjects, it is made of the payload.
        """
        self.env.cr.execute(
            SQL(
                """
                SELECT id, subject, CASE WHEN subject IS NULL THEN payload END, op, model
                  FROM batch_job_operation
                 WHERE id = ANY(%s) AND %s
                """,
                self._origin._filtered_access("read").ids,
                self._content_is_visible(),
            )
        )
        rows = self.env.cr.fetchall()
        old = [{**row[2], "op": row[3], "model": row[4]} for row in rows if row[2] is not None]
        made = iter(self._subjects_of(old))
        return {row[0]: row[1] if row[2] is None else next(made) for row in rows}

    @api.model
    def _subjects_of(self, operations: list[dict]) -> list[str | None]:
        """The subjects of operations.

        :param operations: with `op`, `model` and the payload
        """
        name_field = cache(self._name_field)
        return [subject_of(one, name_field(one["model"])) for one in operations]

    def _name_field(self, model) -> str | None:
        """The field with the names of a model's records, if these are texts and no passwords."""
        name = self.env[model]._rec_name if model in self.env else None
        if not name or is_secret_name(name):
            return None
        return name if self.env[model]._fields[name].type in ("char", "text") else None
