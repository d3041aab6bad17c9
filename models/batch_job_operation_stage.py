from odoo import api, models
from odoo.tools import SQL

# what all operations of a stage share; the fields of an upsert's key and the columns of a load too,
# since only then two operations that target one record say so in the same way
_KIND = SQL(
    """ROW(op, model, payload->'context', payload->'method', payload->'key', payload->'fields',
           payload ? 'xml_id')"""
)


class BatchJobOperationStage(models.AbstractModel):
    """The stages of a job that leaves the number of chunks at once to the server."""

    _name = "batch.job.operation.stage"
    _description = "Batch Job Operation Stage"

    @api.model
    def _stage_starts(self, job_id, first, last) -> list[tuple[int, str, str]]:
        """(position, kind, model) of each stage that begins in a range of positions, and of the
        first operation of the range."""
        self.env.cr.execute(
            SQL(
                """
                SELECT position, md5(kind::text), model
                  FROM (SELECT position, model, kind, lag(kind) OVER (ORDER BY position) AS before
                          FROM (SELECT position, model, %s AS kind
                                  FROM batch_job_operation
                                 WHERE job_id = %s AND position BETWEEN %s AND %s) o) p
                 WHERE before IS NULL OR before != kind
                 ORDER BY position
                """,
                _KIND,
                job_id,
                first,
                last,
            )
        )
        return self.env.cr.fetchall()

    @api.model
    def _kinds_of(self, job_id, first, last) -> list[tuple[str, str]]:
        """(kind, model) of what is still to be done in a range of positions."""
        self.env.cr.execute(
            SQL(
                """
                SELECT DISTINCT md5((%s)::text), model
                  FROM batch_job_operation
                 WHERE job_id = %s AND position BETWEEN %s AND %s AND state = 'pending'
                """,
                _KIND,
                job_id,
                first,
                last,
            )
        )
        return self.env.cr.fetchall()
