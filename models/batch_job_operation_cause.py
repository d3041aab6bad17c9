import json

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..engine.errors import BadRequest
from ..engine.retried import check_cause
from .operation_lookup import failed_of


class BatchJobOperationCause(models.AbstractModel):
    """Finds the failed operations of a job, or of a cause, without a look at the others."""

    _name = "batch.job.operation.cause"
    _description = "Batch Job Operations of a Cause"

    failure_of = fields.Char(store=False, search="_search_failure_of", exportable=False)

    @api.model
    def _search_failure_of(self, operator, value):
        if operator != "in":
            return NotImplemented
        return Domain.OR(self._failed(*_parsed(self.env, one)) for one in value)

    @api.model
    def _failed(self, job_id, cause, skipped) -> Domain:
        return Domain.custom(
            to_sql=lambda model, alias, query: failed_of(job_id, cause, skipped, alias)
        )

    def _order_to_sql(self, order, query, alias=None, reverse=False) -> SQL:
        # In the lists of one job the index is the whole order. With `job_id` before it PostgreSQL
        # reads all failures to sort them, for it does not know that they are of one job.
        if order == self._order and self.env.context.get("of_one_job"):
            order = "index"
        return super()._order_to_sql(order, query, alias, reverse)

    @api.model
    def _indexes_of_cause(self, job_id, cause) -> list[int]:
        """The indexes of the operations that failed of a cause, in order."""
        self.env.cr.execute(
            SQL(
                "SELECT index FROM batch_job_operation WHERE %s ORDER BY index",
                failed_of(job_id, cause),
            )
        )
        return [row[0] for row in self.env.cr.fetchall()]

    @api.model
    def _has_cause(self, job_id, cause) -> bool:
        self.env.cr.execute(
            SQL(
                "SELECT EXISTS (SELECT FROM batch_job_operation WHERE %s)",
                failed_of(job_id, cause),
            )
        )
        return self.env.cr.fetchone()[0]


def failure_search(job_id: int, cause: dict | None = None, skipped: bool = False) -> str:
    """What to search `failure_of` for: the failed operations of a job, or of one of its causes.

    :param skipped: also those that were skipped and say why
    """
    wanted = {"job": job_id, "cause": cause}
    return json.dumps({**wanted, "skipped": True} if skipped else wanted, ensure_ascii=False)


def _parsed(env, text) -> tuple[int, dict | None, bool]:
    try:
        wanted = json.loads(text)
        job_id, cause, skipped = wanted["job"], wanted.get("cause"), wanted.get("skipped", False)
        if type(job_id) is not int or type(skipped) is not bool:
            raise ValueError(text)
        return job_id, check_cause(cause) if cause else None, skipped
    except (TypeError, ValueError, LookupError, AttributeError, BadRequest) as error:
        raise UserError(
            env._('failure_of is searched for a text such as {"job": 7, "cause": null}.')
        ) from error
