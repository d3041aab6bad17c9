from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

_COMPARISONS = {"<": SQL("<"), "<=": SQL("<="), ">": SQL(">"), ">=": SQL(">=")}


class BatchJobOperationRow(models.AbstractModel):
    """The number by which people know an operation: that of its row in a file."""

    _name = "batch.job.operation.row"
    _description = "Batch Job Operation Row"

    row = fields.Integer(
        compute="_compute_row",
        search="_search_row",
        aggregator=None,
        help="Place in the submission, from 1; in a file with a header, its row. Programs count "
        "from 0, and call it the index.",
    )

    @api.depends("index", "job_id.first_row")
    def _compute_display_name(self):
        for operation in self:
            operation.display_name = self.env._("Row %s", operation.row)

    @api.depends("index", "job_id.first_row")
    def _compute_row(self):
        for operation in self:
            operation.row = operation.index + (operation.job_id.first_row or 1)

    def _search_row(self, operator, value):
        firsts = self._first_rows()
        if operator == "in":
            rows = [one for one in value if type(one) is int]
            indexes = [row - first for row in rows for first in firsts]
            near = SQL("= ANY(%s::bigint[])", indexes)
            exact = SQL("= ANY(%s::bigint[])", rows)
        elif operator in _COMPARISONS and isinstance(value, int | float):
            furthest = max(firsts) if operator in (">", ">=") else min(firsts)
            near = SQL("%s %s", _COMPARISONS[operator], value - furthest)
            exact = SQL("%s %s", _COMPARISONS[operator], value)
        else:
            return NotImplemented
        # `near` says nothing of the job, so PostgreSQL can look for it in an index
        return Domain.custom(
            to_sql=lambda model, alias, query: SQL(
                "(%(index)s %(near)s AND %(index)s + (%(first)s) %(exact)s)",
                index=SQL.identifier(alias, "index"),
                near=near,
                exact=exact,
                first=SQL(
                    "SELECT COALESCE(first_row, 1) FROM batch_job WHERE id = %s",
                    SQL.identifier(alias, "job_id"),
                ),
            )
        )

    def _first_rows(self) -> list[int]:
        """The numbers with which the rows of any job begin."""
        self.env.cr.execute(SQL("SELECT DISTINCT COALESCE(first_row, 1) FROM batch_job"))
        return [row[0] for row in self.env.cr.fetchall()] or [1]
