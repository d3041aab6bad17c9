from odoo import fields, models
from odoo.exceptions import UserError

HISTORY_LIMIT = 1_000  # events that one call gives


class BatchJobHistory(models.AbstractModel):
    """The history of a job: its events, over RPC and on the form."""

    _name = "batch.job.history"
    _description = "Batch Job History"

    event_ids = fields.One2many("batch.job.event", "job_id", "History", readonly=True)
    work_seconds = fields.Float(
        "Seconds at Work",
        readonly=True,
        help="Of all runs, and of all runners together: the sum of the history",
    )
    unrecorded = fields.Json(
        readonly=True,
        groups=fields.NO_ACCESS,
        help="What has landed since the latest event of the history",
    )

    def history(self, limit: int = 100) -> dict:
        """Who did what to the job when, oldest first; the latest events if there are more.

        :param limit: events, at most 1,000
        :returns: ``{"events": [{"at" (ISO 8601, UTC), "event", "by": {"id", "name"} or null for
            the server, "state" (then), "dry_run" (then), "reason", "again" (operations that run
            again), "succeeded", "failed", "skipped", "seconds" (at work) and "causes" since the
            event before}, …]}``
        :raises UserError: 422: limit is not what it should be
        """
        self._check_named()
        if type(limit) is not int or not 0 < limit <= HISTORY_LIMIT:
            raise UserError(self.env._("limit is a number from 1 to %s.", HISTORY_LIMIT))
        events = self.env["batch.job.event"]
        latest = events.search([("job_id", "=", self.id)], order="id desc", limit=limit)
        causes = latest.sudo(False)._shown_causes()
        return {"events": [event._as_json(causes[event.id]) for event in reversed(latest)]}
