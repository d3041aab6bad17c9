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
        if operator == "in":
            rows = [one for one in value if type(one) is int]
            source = SQL("batch_job j CROSS JOIN unnest(%s::bigint[]) number", rows)
            comparison, number = SQL("="), SQL("number")
        elif operator in _COMPARISONS and isinstance(value, int | float):
            source = SQL("batch_job j")
            comparison, number = _COMPARISONS[operator], SQL("%s", value)
        else:
            return NotImplemented
        # joins the job, so that PostgreSQL finds the rows of one job by their index
        return Domain.custom(
            to_sql=lambda model, alias, query: SQL(
                "EXISTS (SELECT FROM %s WHERE j.id = %s AND %s %s %s - COALESCE(j.first_row, 1))",
                source,
                SQL.identifier(alias, "job_id"),
                SQL.identifier(alias, "index"),
                comparison,
                number,
            )
        )
