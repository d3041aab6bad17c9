from odoo import api, models
from odoo.tools import SQL

from ..engine.retried import Linked
from .operation_lookup import one_of


class BatchJobOperationRetry(models.AbstractModel):
    """Finds and reopens a part of the operations that were not kept."""

    _name = "batch.job.operation.retry"
    _description = "Batch Job Operations of a Retry"

    @api.model
    def _indexes_in(self, job_id, state, indexes=None) -> list[int]:
        """The indexes of the operations in a state, in order.

        :param indexes: only among these
        """
        self.env.cr.execute(
            SQL(
                "SELECT index FROM batch_job_operation"
                " WHERE job_id = %s AND state = %s AND %s ORDER BY index",
                job_id,
                state,
                _among(indexes),
            )
        )
        return [row[0] for row in self.env.cr.fetchall()]

    @api.model
    def _has_any(self, job_id, states, indexes=None) -> bool:
        """Whether an operation is in one of some states.

        :param indexes: only among these
        """
        self.env.cr.execute(
            SQL(
                "SELECT EXISTS (SELECT FROM batch_job_operation"
                " WHERE job_id = %s AND state IN %s AND %s)",
                job_id,
                tuple(states),
                _among(indexes),
            )
        )
        return self.env.cr.fetchone()[0]

    @api.model
    def _rows_of_records(self, job_id, indexes) -> set[int]:
        """The rows of the loaded records to which some rows belong."""
        self.env.cr.execute(
            SQL(
                """
                WITH numbered AS (
                    SELECT index,
                           count(*) FILTER (WHERE follows IS NOT TRUE) OVER (ORDER BY index)
                               AS record
                      FROM batch_job_operation
                     WHERE job_id = %s
                )
                SELECT index FROM numbered
                 WHERE record IN (SELECT record FROM numbered WHERE index = ANY(%s))
                """,
                job_id,
                list(indexes),
            )
        )
        return {row[0] for row in self.env.cr.fetchall()}

    @api.model
    def _linked(self, job_id, states) -> list[Linked]:
        """The operations in some states that have a `ref` or refer to others, in order."""
        self.env.cr.execute(
            SQL(
                """
                SELECT index, state, ref,
                       jsonb_path_query_array(payload - 'context', '$.**."$ref"')
                  FROM batch_job_operation
                 WHERE job_id = %s
                   AND state IN %s
                   AND (ref IS NOT NULL OR payload::text LIKE '%%"$ref"%%')
                 ORDER BY index
                """,
                job_id,
                tuple(states),
            )
        )
        return [Linked(*row, frozenset(names)) for *row, names in self.env.cr.fetchall()]

    @api.model
    def _reopen_at(self, job_id, indexes, states) -> list[dict]:
        """Make operations in some states pending again, and count them by state and cause.

        :param indexes: only these; None: all in the states
        """
        self.env.cr.execute(
            SQL(
                """
                WITH moved AS (
                    SELECT id, state, error_type AS type, error_model AS model,
                           error_field AS field, error_constraint AS "constraint"
                      FROM batch_job_operation
                     WHERE job_id = %s AND state IN %s AND %s
                ), changed AS (
                    UPDATE batch_job_operation o
                       SET state = 'pending'
                      FROM moved
                     WHERE o.id = moved.id
                )
                SELECT state, type, model, field, "constraint", count(*) FROM moved
                 GROUP BY state, type, model, field, "constraint"
                """,
                job_id,
                tuple(states),
                _among(indexes),
            )
        )
        return self.env.cr.dictfetchall()


def _among(indexes) -> SQL:
    return SQL("TRUE") if indexes is None else one_of("index", indexes)
