from markupsafe import Markup, escape

from odoo import api, fields, models
from odoo.tools import SQL
from odoo.tools.misc import formatLang

from ..engine.progress import split_duration
from ..engine.states import LIVE_STATES

SHOWN = 40  # operations and chunks on the form; its buttons open lists of all


class BatchJobScreen(models.AbstractModel):
    """Texts and buttons of the views of a job."""

    _name = "batch.job.screen"
    _description = "Batch Job Screen"

    speed = fields.Char(compute="_compute_words")
    time_left_text = fields.Char("Time Left", compute="_compute_words")
    duration_text = fields.Char("Duration", compute="_compute_words")
    not_done = fields.Integer(compute="_compute_not_done")
    causes_table = fields.Html("Errors by Cause", compute="_compute_causes_table", sanitize=False)
    problem_ids = fields.One2many(
        "batch.job.operation",
        compute="_compute_problem_ids",
        help="The first operations that were not done",
    )
    latest_chunk_ids = fields.One2many("batch.job.chunk", compute="_compute_latest_chunk_ids")

    @api.depends("rate", "time_left", "started_at", "finished_at", "state")
    @api.depends_context("lang")
    def _compute_words(self):
        for job in self:
            rate = formatLang(self.env, job.rate, digits=0 if job.rate >= 10 else 1)
            job.speed = self.env._("%s operations per second", rate) if job.rate else False
            left = job.time_left if job.state in LIVE_STATES else 0
            job.time_left_text = self._in_words(left) if left else False
            job.duration_text = job._duration_in_words()

    def _duration_in_words(self) -> str | bool:
        end = self.finished_at or self.state == "running" and fields.Datetime.now()
        if not end or not self.started_at:
            return False
        return self._in_words(max((end - self.started_at).total_seconds(), 0))

    @api.depends("failed", "skipped")
    def _compute_not_done(self):
        for job in self:
            job.not_done = job.failed + job.skipped

    @api.depends("causes")
    def _compute_causes_table(self):
        row = Markup("<tr><td class='text-end text-nowrap pe-3'>%s</td><td>%s</td></tr>")
        for job in self:
            rows = Markup().join(
                row % (formatLang(self.env, cause["count"], digits=0), _lines(cause["message"]))
                for cause in job.causes or ()
            )
            head = Markup("<th class='text-end pe-3'>%s</th><th class='w-100'>%s</th>") % (
                self.env._("Operations"),
                self.env._("Reason"),
            )
            job.causes_table = rows and (
                Markup("<table class='table table-sm mb-0'><tr>%s</tr>%s</table>") % (head, rows)
            )

    @api.depends("failed", "skipped")
    def _compute_problem_ids(self):
        for job in self:
            ids = job._problem_ids(SHOWN) if job.failed or job.skipped else []
            problems = self.env["batch.job.operation"].browse(ids)
            job.problem_ids = problems._filtered_access("read")

    @api.depends("succeeded", "failed", "skipped", "state")
    def _compute_latest_chunk_ids(self):
        for job in self:
            job.latest_chunk_ids = self.env["batch.job.chunk"].search(
                [("job_id", "=", job._origin.id)], order="id desc", limit=SHOWN
            )

    def _problem_ids(self, limit) -> list[int]:
        """The ids of the first operations that failed or were skipped.

        The query looks only into chunks that have such operations: a scan of a million operations
        would take a second.
        """
        self.env.cr.execute(
            SQL(
                """
                SELECT o.id
                  FROM (SELECT first_position, last_position
                          FROM batch_job_chunk
                         WHERE job_id = %(job)s
                           AND (failed > 0 OR skipped > 0 OR culprit_position IS NOT NULL)
                         ORDER BY first_position) c
                 CROSS JOIN LATERAL (
                        SELECT id
                          FROM batch_job_operation
                         WHERE job_id::bigint = %(job)s
                           AND position BETWEEN c.first_position AND c.last_position
                           AND state IN ('failed', 'skipped', 'rolled_back')
                         ORDER BY state != 'failed', position
                         LIMIT %(limit)s) o
                 LIMIT %(limit)s
                """,
                job=self._origin.id,
                limit=limit,
            )
        )
        # after a retry two chunks may have the same positions
        return list(dict.fromkeys(row[0] for row in self.env.cr.fetchall()))

    def _in_words(self, seconds) -> str:
        hours, minutes, rest = split_duration(seconds)
        if hours:
            return self.env._("%(hours)s h %(minutes)s min", hours=hours, minutes=minutes)
        if minutes:
            return self.env._("%(minutes)s min %(seconds)s s", minutes=minutes, seconds=rest)
        return self.env._("%s s", rest) if rest else self.env._("less than a second")

    # Buttons return nothing: the web client would take a status for an action to open

    def action_start(self):
        self.start(only_draft=True)

    def action_run_for_real(self):
        self.start()

    def action_pause(self):
        self.pause()

    def action_resume(self):
        self.resume()

    def action_resume_skip(self):
        self.resume(skip=True)

    def action_cancel(self):
        self.cancel()

    def action_retry(self):
        self.retry()

    def action_retry_cancelled(self):
        self.retry(cancelled=True)

    def action_refresh(self):
        """Reload the form. `status` also wakes the runners if no runner works on the job."""
        self.status()

    def action_open_operations(self):
        return self._action_open("batch.job.operation", self.env._("Operations"))

    def action_open_not_done(self):
        action = self.action_open_operations()
        context = {**action["context"], "search_default_not_done": True}
        return {**action, "name": self.env._("Not Done"), "context": context}

    def action_open_chunks(self):
        return self._action_open("batch.job.chunk", self.env._("Chunks"), cards=False)

    def _action_open(self, model, name, cards=True):
        self.ensure_one()
        kinds = ["list", "kanban", "form"] if cards else ["list", "form"]
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": model,
            "views": [(False, kind) for kind in kinds],
            "domain": [("job_id", "=", self.id)],
            "context": {"of_one_job": True},
        }


def _lines(text) -> Markup:
    return Markup("<br/>").join(escape(line) for line in text.splitlines())
