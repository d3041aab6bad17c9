from odoo import api, fields, models
from odoo.tools import SQL

from ..engine.repeatable import why_not_repeated
from ..execution.in_words import in_words


class BatchJobScheduleOperation(models.Model):
    """An operation of a schedule that has its own copy of a job's operations."""

    _name = "batch.job.schedule.operation"
    _description = "Batch Job Schedule Operation"
    _order = "schedule_id, index"
    _rec_name = "index"
    _log_access = False

    schedule_id = fields.Many2one(
        "batch.job.schedule", "Its Schedule", required=True, readonly=True, ondelete="cascade"
    )
    index = fields.Integer(required=True, readonly=True, aggregator=None)
    # the columns of the operation under their names: a column that is added to operations is kept
    body = fields.Json(readonly=True, groups=fields.NO_ACCESS)

    _schedule_index = models.UniqueIndex("(schedule_id, index)")

    @api.model
    def _of_schedule(self, schedule_id) -> SQL:
        """The source for the operations of a schedule: see `batch.job.operation.copy`."""
        return SQL(
            """
            (SELECT r.*
               FROM batch_job_schedule_operation s
              CROSS JOIN LATERAL jsonb_populate_record(NULL::batch_job_operation, s.body) r
              WHERE s.schedule_id = %s) o
            """,
            schedule_id,
        )

    @api.model
    def _copy_from_job(self, schedule_id, job_id) -> int:
        """Copy the operations of a job; gives how many."""
        operations = self.env["batch.job.operation"]
        columns = SQL(", ").join(
            SQL("%s, o.%s", name, SQL.identifier(name)) for name in operations._copied_columns()
        )
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO batch_job_schedule_operation (schedule_id, index, body)
                SELECT %s, o.index, jsonb_build_object(%s) FROM %s ORDER BY o.index
                """,
                schedule_id,
                columns,
                operations._of_job(job_id),
            )
        )
        return self.env.cr.rowcount

    @api.model
    def _why_not_repeated(self, job_id) -> tuple[int, str] | None:
        """(index, why) of the first operation of a job that may not be repeated, or None."""
        operations = self.env["batch.job.operation"]
        for index, op, _model, _names, key in operations._kinds_in(operations._of_job(job_id)):
            if why := why_not_repeated(op, bool(key)):
                return index, in_words(self.env, why)
        return None
