from odoo import api, models

from ..dispatch.clean_up import CleanUp
from ..dispatch.runner import Runner


class BatchJobScheduled(models.AbstractModel):
    """What Odoo's scheduled actions and its daily clean-up call."""

    _name = "batch.job.scheduled"
    _description = "Batch Job Scheduled"

    @api.model
    def _run_slot(self, slot: int):
        """Entry of the scheduled action of a slot."""
        Runner(self.env, slot).run()

    @api.autovacuum
    def _gc_operations(self):
        return CleanUp(self.env).delete_operations()

    @api.autovacuum
    def _gc_contexts(self):
        CleanUp(self.env).blank_contexts()
