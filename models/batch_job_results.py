from odoo import models
from odoo.exceptions import UserError

from ..dispatch.retry_part import indexes_of
from ..engine.states import OPERATION_STATES

RESULTS_LIMIT = 10_000  # outcomes a page


class BatchJobResults(models.AbstractModel):
    """What became of each operation of a job."""

    _name = "batch.job.results"
    _description = "Batch Job Results"

    def results(
        self,
        state: str | None = None,
        after: int = -1,
        limit: int = 1000,
        indexes: list[int] | None = None,
    ) -> dict:
        """Outcomes in submission order, a page at a time.

        :param state: only outcomes in this state: pending, done, failed, skipped, rolled_back or
            cancelled
        :param after: the last index of the previous page
        :param limit: outcomes in this page, at most 10,000
        :param indexes: only the outcomes of these operations, at most 10,000
        :returns: ``{"results": [{"index", "state", "op", "model", "ids", "value", "error"}, …],
            "next": index to give as ``after`` for the next page, or null}``
        :raises UserError: 422: an argument is not what it should be
        """
        self._check_named()
        if state is not None and (not isinstance(state, str) or state not in OPERATION_STATES):
            raise UserError(self.env._("state must be one of %s.", ", ".join(OPERATION_STATES)))
        if type(after) is not int or type(limit) is not int or not 0 < limit <= RESULTS_LIMIT:
            raise UserError(
                self.env._("after is an index; limit is a number from 1 to %s.", RESULTS_LIMIT)
            )
        operations = self.env["batch.job.operation"]
        if indexes is None:
            outcomes = operations._outcomes(self.id, state, after, limit + 1)
        else:
            named = indexes_of(self.env, {"id": self.id, "total": self.sudo().total}, indexes)
            outcomes = operations._outcomes_at(self.id, state, after, named, limit + 1)
        page = outcomes[:limit]
        return {"results": page, "next": page[-1]["index"] if len(outcomes) > limit else None}
