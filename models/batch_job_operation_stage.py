from odoo import api, models
from odoo.tools import SQL

from .operation_lookup import at_positions

# what all operations of a stage share; the fields of an upsert's key and the columns of a load too,
# since only then two operations that target the same record name it in the same way
_KIND = SQL(
    """ROW(op, model, payload->'context', payload->'method', payload->'key', payload->'fields',
           payload ? 'xml_id')"""
)

# commands, or several records of one create
_HAS_LIST = SQL(
    """(jsonb_typeof(payload->'values') = 'array'
        OR COALESCE(jsonb_path_exists(payload->'values',
                                      'strict $.* ? (@.type() == "array")'), FALSE))"""
)


class BatchJobOperationStage(models.AbstractModel):
    """The stages of a job that leaves the number of chunks at once to the server."""

    _name = "batch.job.operation.stage"
    _description = "Batch Job Operation Stage"

    @api.model
    def _order_in_stages(self, job_id):
        """Sort the creates of a stage by wave: those that others refer to come first, so that
        chunks do not wait for each other at each of their borders.

        A stage in which a create may change other records, by a list of commands, keeps its order.
        """
        self.env.cr.execute(
            SQL(
                """
                UPDATE batch_job_operation o
                   SET position = p.position
                  FROM (SELECT id, row_number() OVER (
                                 ORDER BY stage, CASE WHEN sorts THEN wave ELSE 0 END, index
                               ) - 1 AS position
                          FROM (SELECT id, index, COALESCE(wave, 0) AS wave, stage,
                                       op = 'create' AND NOT bool_or(has_list)
                                           OVER (PARTITION BY stage) AS sorts
                                  FROM (SELECT id, index, wave, op, has_list,
                                               count(*) FILTER (WHERE before IS DISTINCT FROM kind)
                                                   OVER (ORDER BY index) AS stage
                                          FROM (SELECT id, index, wave, op, kind, has_list,
                                                       lag(kind) OVER (ORDER BY index) AS before
                                                  FROM (SELECT id, index, wave, op, %s AS kind,
                                                               %s AS has_list
                                                          FROM batch_job_operation
                                                         WHERE job_id = %s) k) b) s) w) p
                 WHERE o.id = p.id
                   AND o.position != p.position
                """,
                _KIND,
                _HAS_LIST,
                job_id,
            )
        )

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
                                 WHERE %s) o) p
                 WHERE before IS NULL OR before != kind
                 ORDER BY position
                """,
                _KIND,
                at_positions(job_id, first, last),
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
                 WHERE %s AND state = 'pending'
                """,
                _KIND,
                at_positions(job_id, first, last),
            )
        )
        return self.env.cr.fetchall()
