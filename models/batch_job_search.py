from odoo import fields, models
from odoo.fields import Domain
from odoo.tools import SQL

MOST_SEARCHED = 1_000_000  # operations, of the newest jobs


class BatchJobSearch(models.AbstractModel):
    """Finds jobs by what their rows are called."""

    _name = "batch.job.search"
    _description = "Batch Job Search"
    _inherit = ["batch.job.rights"]

    row_name = fields.Char(
        "Name of a Row",
        compute="_compute_row_name",
        search="_search_row_name",
        exportable=False,
        help="Finds jobs by the name, key or external id of one of their rows. Only your own jobs "
        "are searched, the newest ones up to a million rows together.",
    )

    def _compute_row_name(self):
        self.row_name = False

    def _search_row_name(self, operator, value):
        if operator not in ("in", "like", "ilike", "=like", "=ilike"):
            return NotImplemented
        if operator == "in":
            value = [one for one in value if isinstance(one, str) and one]
        if not value:
            return Domain.FALSE
        operations = self.env["batch.job.operation"]
        query = operations._as_query(ordered=False)
        matches = operations._fields["subject_text"].condition_to_sql(
            "subject_text", operator, value, operations, query.table, query
        )
        self.env.cr.execute(
            SQL(
                "SELECT DISTINCT job_id FROM batch_job_operation WHERE job_id = ANY(%s) AND %s",
                self._newest_searched(),
                matches,
            )
        )
        return Domain("id", "in", [row[0] for row in self.env.cr.fetchall()])

    def _newest_searched(self) -> list[int]:
        """The newest jobs whose content the user may see, with a million operations at most; at
        least one job."""
        self.env.cr.execute(
            SQL(
                """
                SELECT id
                  FROM (SELECT id, total, sum(total) OVER (ORDER BY id DESC) AS so_far
                          FROM batch_job
                         WHERE %s) jobs
                 WHERE so_far <= %s OR so_far = total
                """,
                self._if_visible("batch_job", SQL("TRUE"), SQL("FALSE")),
                MOST_SEARCHED,
            )
        )
        return [row[0] for row in self.env.cr.fetchall()]
