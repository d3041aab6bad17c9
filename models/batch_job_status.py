from odoo import api, fields, models

from ..dispatch.stalled import Stalled
from ..engine.progress import iso
from ..engine.states import LIVE_STATES

# What a status needs, and the check of the right to it. Odoo would read all sixty columns.
_READ = (
    "name", "user_id", "company_id", "policy", "dry_run", "parts", "side_by_side", "error",
    "state", "total", "succeeded", "failed", "skipped", "untried", "step_position", "rate",
    "create_date", "eta", "queued_at", "started_at", "finished_at", "on_end_state", "needs_runner",
    "last_claimed_at", "last_folded_at",
)  # fmt: skip


class BatchJobStatus(models.AbstractModel):
    """How far a job is. Programs ask often, so a status is cheap: one row, read once."""

    _name = "batch.job.status"
    _description = "Batch Job Status"

    stalled_reason = fields.Char("Why It Waits", compute="_compute_stalled_reason")

    def status(self) -> dict:
        """How far the job is. This takes no longer for a large job than for a small one.

        :returns: ``id, name, state, total, succeeded, failed, skipped, remaining``, ``progress``
            (0 to 100), ``rate`` (operations per second), ``time_left`` (seconds or null),
            ``created_at, eta, started_at, finished_at`` (ISO 8601, UTC), ``url``, ``error``,
            ``parts``, ``dry_run``, ``side_by_side`` (whether two chunks have been at work at once),
            ``untried`` (of a dry run: skipped because its time was over), ``on_end`` (what became
            of it, or null), ``policy``, ``causes`` (``[{"type", "model", "field", "constraint",
            "message", "count", "reason", "values", "distinct"}, …]``, most frequent first)
        """
        self._check_named(_READ)
        self._hurry()
        return self._cached_status()

    def _status(self) -> dict:
        self.invalidate_recordset()
        return self._cached_status()

    def _cached_status(self) -> dict:
        job = self.sudo()
        live = job.state in LIVE_STATES
        return {
            "id": job.id,
            "name": job.name,
            "state": job.state,
            "total": job.total,
            "succeeded": job.succeeded,
            "failed": job.failed,
            "skipped": job.skipped,
            "remaining": job.remaining,
            "progress": job.progress,
            "rate": round(job.rate, 1),
            "time_left": job.time_left or None if live else None,
            "created_at": iso(job.create_date),
            "eta": iso(job.eta),
            "started_at": iso(job.started_at),
            "finished_at": iso(job.finished_at),
            "url": f"{job.get_base_url()}/odoo/batch-jobs/{job.id}",
            # without sudo: it may quote values
            "error": (job.error and self.error) or job.stalled_reason or None,
            "parts": job.parts,
            "dry_run": job.dry_run,
            "side_by_side": job.side_by_side,
            "untried": job.untried,
            "on_end": self._on_end_status(),
            "policy": job.policy,
            "causes": self._shown_causes()[self.id] if job.failed else [],
        }

    def _hurry(self):
        """Wake the runners if no runner works on the job. Called when somebody watches the job."""
        if self.sudo().needs_runner and Stalled(self.env).is_forgotten(self.sudo()):
            self.env["ir.cron"].sudo()._notifydb()

    @api.depends("state")
    def _compute_stalled_reason(self):
        live = self.filtered(lambda job: job.state in LIVE_STATES)
        reasons = Stalled(self.env).why_stalled(live._origin)
        for job in self:
            job.stalled_reason = reasons.get(job._origin.id, False)
