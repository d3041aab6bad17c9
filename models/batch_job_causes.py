from odoo import api, models

from ..dispatch.submission_check import refused
from ..engine.errors import BadRequest
from ..engine.retried import check_cause
from .batch_job_operation_cause import failure_search
from .cause_words import cause_in_words


class BatchJobCauses(models.AbstractModel):
    """The causes of a job: the buttons beside each."""

    _name = "batch.job.causes"
    _description = "Batch Job Causes on the Form"
    _inherit = ["batch.job.counted"]

    @api.model
    def _cause_in_words(self, cause: dict) -> str:
        """A cause without values, for everybody."""
        return cause_in_words(self.env, cause)

    def action_open_failed(self):
        """Open all operations that failed."""
        self._check_named()
        return self._action_open_failed(self.env._("Failed Rows"))

    def action_open_cause(self, cause: dict):
        """Open exactly the operations that failed of a cause.

        :param cause: type, model, field and constraint
        """
        self._check_named()
        cause = self._checked_cause(cause)
        return self._action_open_failed(self._cause_in_words(cause), cause)

    def action_retry_cause(self, cause: dict):
        return self._press("retry", cause=self._checked_cause(cause))

    def _action_open_failed(self, name, cause=None, skipped=False):
        action = self._action_open("batch.job.operation", name)
        # without `job_id`: with it PostgreSQL may read the whole job in the order of the list
        wanted = failure_search(self.id, cause, skipped)
        return {**action, "domain": [("failure_of", "=", wanted)]}

    @api.model
    def _checked_cause(self, cause) -> dict:
        try:
            return check_cause(cause)
        except BadRequest as error:
            raise refused(self.env, error) from error
