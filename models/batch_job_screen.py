from odoo import api, fields, models
from odoo.tools import SQL
from odoo.tools.misc import formatLang

from ..dispatch.locked_job import begin_fresh
from ..engine.states import LIVE_STATES
from .operation_words import model_in_words, op_in_words, seconds_in_words

SHOWN = 40  # operations and chunks on the form; its buttons open lists of all
SHOWN_BESIDE = 10  # operations that were done, where others were not: these come first
SHOWN_KINDS = 3  # of a job's operations, in one line


class BatchJobScreen(models.AbstractModel):
    """Texts of the views of a job."""

    _name = "batch.job.screen"
    _description = "Batch Job Screen"

    what = fields.Char(compute="_compute_what", exportable=False)
    dry_run_badge = fields.Char("Trial", compute="_compute_dry_run_badge", exportable=False)
    speed = fields.Char(compute="_compute_words")
    time_left_text = fields.Char("Time Left", compute="_compute_words")
    duration_text = fields.Char(
        "Time at Work", compute="_compute_words", help="Of all runs and all runners together"
    )
    not_done = fields.Integer(compute="_compute_not_done")
    can_open_records = fields.Boolean(compute="_compute_can_open_records", exportable=False)
    keeps_rows = fields.Boolean(compute="_compute_keeps_rows", exportable=False)
    can_delete = fields.Boolean(compute="_compute_can_delete", exportable=False)
    problem_ids = fields.One2many(
        "batch.job.operation",
        compute="_compute_problem_ids",
        help="The first operations that were not done",
    )
    done_ids = fields.One2many(
        "batch.job.operation",
        compute="_compute_done_ids",
        string="Rows Done",
        help="The first operations that were done, of a job that does not run",
    )
    latest_chunk_ids = fields.One2many("batch.job.chunk", compute="_compute_latest_chunk_ids")

    def web_save(self, vals, specification, next_id=None):
        # a claim changes the row of a job at work several times a second
        begin_fresh(self)
        return super().web_save(vals, specification, next_id)

    @api.depends("outline")
    @api.depends_context("lang")
    def _compute_what(self):
        """What the job does, in words; False if nothing is known of it."""
        for job in self:
            kinds = [self._kind_in_words(kind) for kind in job.outline or ()]
            more = len(kinds) - SHOWN_KINDS
            if more > 0:
                kinds[SHOWN_KINDS:] = [self.env._("%s more", more)]
            job.what = ", ".join(kinds)

    @api.depends("dry_run")
    @api.depends_context("lang")
    def _compute_dry_run_badge(self):
        for job in self:
            job.dry_run_badge = job.dry_run and self.env._("Dry run")

    def _kind_in_words(self, kind) -> str:
        return self.env._(
            "%(verb)s: %(count)s × %(model)s",
            verb=op_in_words(self.env, kind["op"], kind.get("method")),
            count=formatLang(self.env, kind["count"], digits=0),
            model=model_in_words(self.env, kind["model"]),
        )

    @api.depends("outline", "succeeded", "dry_run")
    def _compute_can_open_records(self):
        for job in self:
            kept = job.succeeded and not job.dry_run
            job.can_open_records = kept and job._models_with_records() != []

    @api.depends("total")
    def _compute_keeps_rows(self):
        """Whether the clean-up has left the operations: without them there is nothing to retry."""
        for job in self:
            self.env.cr.execute(
                # in the order of its index, or PostgreSQL may read the table from its beginning
                SQL(
                    "SELECT FROM batch_job_operation WHERE job_id = %s ORDER BY index LIMIT 1",
                    job._origin.id,
                )
            )
            job.keeps_rows = bool(self.env.cr.rowcount)

    def _models_with_records(self) -> list[str] | None:
        """The models whose records the job makes or changes; None if the job is too old to know."""
        if self.outline is False or self.outline is None:
            return None
        return list({kind["model"]: 1 for kind in self.outline if kind["op"] != "unlink"})

    @api.depends("state", "needs_runner")
    @api.depends_context("uid")
    def _compute_can_delete(self):
        ids = self._origin.ids
        self.env.cr.execute(
            SQL(
                "SELECT id FROM batch_job WHERE id = ANY(%s) AND %s",
                ids,
                self._content_is_visible(self._owner_column),
            )
        )
        may_delete = {row[0] for row in self.env.cr.fetchall()}
        for job in self:
            at_rest = job.state not in (*LIVE_STATES, "paused") and not job.needs_runner
            job.can_delete = at_rest and job._origin.id in may_delete

    @api.depends(
        *("rate", "time_left", "work_seconds", "state"), *("succeeded", "failed", "side_by_side")
    )
    @api.depends_context("lang")
    def _compute_words(self):
        for job in self:
            pace = job._pace()
            speed = pace and self.env._("%s rows per second", job._rounded(pace))
            job.speed = speed or False
            left = job.time_left if job.state in LIVE_STATES else 0
            worked = job.work_seconds
            job.time_left_text = seconds_in_words(self.env, left) if left else False
            job.duration_text = seconds_in_words(self.env, worked) if worked else False

    @api.depends("failed", "skipped")
    def _compute_not_done(self):
        for job in self:
            job.not_done = job.failed + job.skipped

    @api.depends("failed", "skipped")
    def _compute_problem_ids(self):
        for job in self:
            ids = job._problem_ids(SHOWN) if job.failed or job.skipped else []
            problems = self.env["batch.job.operation"].browse(ids)
            job.problem_ids = problems._filtered_access("read")

    @api.depends("state", "succeeded", "dry_run")
    def _compute_done_ids(self):
        operations = self.env["batch.job.operation"]
        for job in self:
            is_shown = job.succeeded and not job.dry_run and job.state not in LIVE_STATES
            limit = SHOWN if job.state == "done" else SHOWN_BESIDE
            done = operations.browse(job._done_ids(limit) if is_shown else [])
            job.done_ids = done._filtered_access("read")

    @api.depends("succeeded", "failed", "skipped", "state")
    def _compute_latest_chunk_ids(self):
        for job in self:
            job.latest_chunk_ids = self.env["batch.job.chunk"].search(
                [("job_id", "=", job._origin.id)], order="id desc", limit=SHOWN
            )

    def _done_ids(self, limit) -> list[int]:
        """The ids of the first operations that were done."""
        if self.state == "done":  # so each of them is
            of_job = [("job_id", "=", self._origin.id)]
            return self.env["batch.job.operation"].search(of_job, limit=limit).ids
        chunks = SQL("succeeded > 0")
        return self._first_of_chunks(chunks, ("done",), SQL("position"), limit)

    def _problem_ids(self, limit) -> list[int]:
        """The ids of the first operations that failed or were skipped; of those of one chunk the
        failed ones come first."""
        chunks = SQL("failed > 0 OR skipped > 0 OR culprit_position IS NOT NULL")
        states = ("failed", "skipped", "rolled_back")
        return self._first_of_chunks(chunks, states, SQL("state != 'failed', position"), limit)

    def _first_of_chunks(self, chunks: SQL, states, order: SQL, limit) -> list[int]:
        """The ids of the first operations in some states.

        The query looks only into chunks that have such operations: a scan of a million operations
        would take a second. After a retry chunks overlap: of each the query takes the places behind
        the chunks before it.

        :param chunks: the condition on these chunks
        :param order: of the operations of one chunk
        """
        self.env.cr.execute(
            SQL(
                """
                SELECT o.id
                  FROM (SELECT last_position,
                               GREATEST(first_position, 1 + max(last_position) OVER (
                                   ORDER BY first_position, id
                                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) AS first
                          FROM batch_job_chunk
                         WHERE job_id = %(job)s AND (%(chunks)s)
                         ORDER BY first_position, id) c
                 CROSS JOIN LATERAL (
                        SELECT id
                          FROM batch_job_operation
                         WHERE job_id::bigint = %(job)s
                           AND position BETWEEN c.first AND c.last_position
                           AND state IN %(states)s
                         ORDER BY %(order)s
                         LIMIT %(limit)s) o
                 LIMIT %(limit)s
                """,
                job=self._origin.id,
                chunks=chunks,
                states=states,
                order=order,
                limit=limit,
            )
        )
        return [row[0] for row in self.env.cr.fetchall()]
