from odoo import api, models

from ..dispatch.clean_up import CleanUp
from ..dispatch.runner import Runner


class BatchJobScheduled(models.AbstractModel):
    """The methods that Odoo's scheduled actions and its daily clean-up call."""

    _name = "batch.job.scheduled"
    _description = "Batch Job Scheduled"

    @api.model
    def _run_slot(self, slot: int):
        """Called by the scheduled action of a slot: does the runner's turn."""
        Runner(self.env, slot).run()

    @api.autovacuum
    def _gc_operations(self):
        return CleanUp(self.env).delete_operations()

    @api.autovacuum
    def _gc_contexts(self):
        CleanUp(self.env).blank_contexts()

    @api.autovacuum
    def _gc_drafts(self):
        return CleanUp(self.env).cancel_draft()
