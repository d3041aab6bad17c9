from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..dispatch.chunk_lock import ChunkLocks, is_free
from ..dispatch.key_shares import KeyShares
from ..dispatch.slots import MOST_RUNNERS, Slots
from ..engine.chunk_size import HISTORY, next_size
from ..engine.outcomes import Tally
from ..engine.pace import chunks_at_once
from ..engine.retry import FURTHEST_WAIT
from ..engine.states import CHUNK_STATES, is_one_transaction
from .operation_lookup import one_of


class BatchJobChunk(models.Model):
    """Neighbouring operations, executed in one transaction. A runner claims one chunk at a time."""

    _name = "batch.job.chunk"
    _description = "Batch Job Chunk"
    _inherit = ["batch.job.counted"]
    _order = "job_id.id desc, first_position"
    _rec_name = "first_position"
    _log_access = False
    _masked = {"trouble": None}

    job_id = fields.Many2one("batch.job", required=True, readonly=True, ondelete="cascade")
    owner_id = fields.Integer(readonly=True, required=True, exportable=False, aggregator=None)
    company_id = fields.Integer(readonly=True, exportable=False, aggregator=None)
    first_position = fields.Integer(readonly=True, required=True, aggregator=None)
    last_position = fields.Integer(readonly=True, required=True, aggregator=None)
    first_place = fields.Integer(
        "First",
        compute="_compute_places",
        aggregator=None,
        help="Place in the execution order, from 1",
    )
    last_place = fields.Integer("Last", compute="_compute_places", aggregator=None)
    state = fields.Selection(list(CHUNK_STATES.items()), readonly=True, required=True)
    attempt = fields.Integer(readonly=True, help="How often a runner has begun the chunk")
    lost = fields.Integer("Workers Lost", readonly=True)
    conflicts = fields.Integer(readonly=True, help="How often a conflict undid the chunk")
    suspect = fields.Boolean(
        readonly=True,
        help="Lost a worker or met many conflicts; a job's suspects run one at a time",
    )
    wave = fields.Integer(readonly=True, exportable=False, aggregator=None)
    stage = fields.Char(readonly=True, help="Kind of its operations; empty if it runs alone")
    targets = fields.Binary(attachment=False, readonly=True, groups=fields.NO_ACCESS)
    names = fields.Binary(attachment=False, readonly=True, groups=fields.NO_ACCESS)
    not_before = fields.Datetime(readonly=True)
    runner = fields.Integer(readonly=True, aggregator=None)
    started_at = fields.Datetime("Started", readonly=True)
    duration = fields.Float("Seconds", readonly=True)
    size = fields.Integer("Rows", readonly=True, help="Landed so far, in all attempts")
    succeeded = fields.Integer("Done", readonly=True)
    failed = fields.Integer(readonly=True)
    skipped = fields.Integer("Not Run", readonly=True)
    untried = fields.Integer(
        readonly=True, help="Dry run: skipped, because the time of its worker was over"
    )
    folded = fields.Boolean(readonly=True, help="Its counts are added to the job's")
    culprit_position = fields.Integer(
        readonly=True,
        exportable=False,
        aggregator=None,
        help="Policy `stop`: the operation that failed",
    )
    trouble = fields.Char(
        readonly=True,
        depends_context=("uid",),
        help="Why nothing of its last attempt was kept. Shown to the owner of the job.",
    )
    on_end = fields.Boolean(
        "At the End", readonly=True, help="It has no operations, and calls the job's `on_end`"
    )

    _job = models.Index("(job_id, id)")
    _queued = models.Index("(job_id, first_position) WHERE state = 'queued'")
    _running = models.Index("(job_id) WHERE state = 'running'")
    _unfolded = models.Index("(job_id) WHERE state IN ('done', 'halted') AND NOT folded")

    _started = models.Index("(started_at) WHERE started_at IS NOT NULL")  # for the last hour

    @api.depends("first_position", "last_position")
    def _compute_places(self):
        for chunk in self:
            chunk.first_place = chunk.first_position + 1
            chunk.last_place = chunk.last_position + 1

    @api.model
    def _running_chunks(self, job_id):
        return self._select(SQL("job_id = %s AND state = 'running'", job_id))

    @api.model
    def _at_work(self):
        """The running chunks of all jobs, the latest first: as many as there may be runners, and
        as many whose workers are dead."""
        self.env.cr.execute(
            SQL(
                """
                SELECT id, job_id, runner, first_position, last_position, on_end,
                       extract(epoch FROM clock_timestamp() AT TIME ZONE 'UTC' - started_at)::float
                           AS seconds_since
                  FROM batch_job_chunk
                 WHERE state = 'running'
                 ORDER BY id DESC
                 LIMIT %s
                """,
                2 * MOST_RUNNERS,
            )
        )
        return self.env.cr.dictfetchall()

    @api.model
    def _orphans(self, job_id):
        """Running chunks whose worker is dead. Their rows stay locked until the commit.

        Rows of living workers are not locked: a worker between claim and work would wait.
        """
        running = "job_id = %s AND state = 'running' AND %s ORDER BY first_position"
        which = SQL(running + " FOR UPDATE SKIP LOCKED", job_id, is_free(SQL.identifier("id")))
        locked = self._select(which)
        return [chunk for chunk in locked if ChunkLocks(self.env).lock_if_free(chunk["id"])]

    @api.model
    def _queued_chunks(self, job_id, limit):
        queued = "job_id = %s AND state = 'queued' ORDER BY first_position LIMIT %s"
        return self._select(SQL(queued, job_id, limit))

    @api.model
    def _chunk(self, chunk_id) -> dict:
        (chunk,) = self._select(SQL("id = %s", chunk_id))
        return chunk

    @api.model
    def _select(self, which: SQL) -> list[dict]:
        """The chunks that meet a condition.

        :param which: the condition; ORDER BY and the like may follow it
        """
        self.env.cr.execute(
            SQL(
                """
                SELECT id, job_id, first_position, last_position, lost, conflicts, suspect, wave,
                       on_end, stage, targets, names, size, duration,
                       extract(epoch FROM clock_timestamp() AT TIME ZONE 'UTC' - started_at)
                           AS seconds_since,
                       COALESCE(not_before - clock_timestamp() AT TIME ZONE 'UTC'
                                BETWEEN interval '0' AND %s, FALSE) AS waits
                  FROM batch_job_chunk
                 WHERE %s
                """,
                timedelta(seconds=FURTHEST_WAIT),
                which,
            )
        )
        return self.env.cr.dictfetchall()

    @api.model
    def _cut(self, job, first, last, **values) -> int:
        """Insert a chunk for a range of positions, and return its id."""
        row = {
            "job_id": job["id"],
            "owner_id": job["user_id"],
            "company_id": job["company_id"],
            "first_position": first,
            "last_position": last,
            "state": "queued",
            "attempt": 0,
            "lost": 0,
            "conflicts": 0,
            "suspect": False,
            "wave": 0,
            "folded": False,
            "size": 0,
            "succeeded": 0,
            "failed": 0,
            "skipped": 0,
            **values,
        }
        self.env.cr.execute(
            SQL(
                "INSERT INTO batch_job_chunk (%s) VALUES %s RETURNING id",
                SQL(", ").join(map(SQL.identifier, row)),
                tuple(row.values()),
            )
        )
        return self.env.cr.fetchone()[0]

    @api.model
    def _cut_pending(self, job, size, among: list[int] | None = None):
        """Cut all pending operations of a job into queued chunks.

        Operations that are not pending may lie between them.

        :param among: the indexes among which all pending operations are
        """
        self.env.cr.execute(
            SQL(
                """
                SELECT wave, min(position), max(position)
                  FROM (SELECT position,
                               CASE WHEN %s THEN COALESCE(wave, 0) ELSE 0 END AS wave,
                               (count(*) FILTER (WHERE follows IS NOT TRUE)
                                         OVER (ORDER BY position) - 1) / %s AS part
                          FROM batch_job_operation
                         WHERE job_id = %s AND state = 'pending' AND %s) p
                 GROUP BY wave, part
                 ORDER BY 2
                """,
                bool(job["wave_ends"]) and not is_one_transaction(job),
                size,
                job["id"],
                SQL("TRUE") if among is None else one_of("index", among),
            )
        )
        for wave, first, last in self.env.cr.fetchall():
            self._cut(job, first, last, wave=wave)

    @api.model
    def _cut_for_retry(self, job, among: list[int] | None = None):
        """Replace the queued chunks: cut the pending operations of a job that had ended.

        :param among: as for `_cut_pending`
        """
        self._drop_queued(job["id"])
        at_once = min(chunks_at_once(job), Slots(self.env).wanted_runners())
        size = job["chunk_size"] or self._size_by_history(job, at_once - 1)
        self._cut_pending(job, job["total"] if is_one_transaction(job) else size, among)

    @api.model
    def _size_by_history(self, job, beside: int | None = None) -> int:
        """
        :param beside: chunks at work beside it; default: those that run now
        """
        size = next_size(self._history(job["id"]))
        if job["has_keys"]:
            # a larger chunk would lock whole models, and other chunks would wait for it
            size = min(size, KeyShares(self.env).size(beside))
        return size

    @api.model
    def _drop_queued(self, job_id):
        self.env.cr.execute(
            SQL("DELETE FROM batch_job_chunk WHERE job_id = %s AND state = 'queued'", job_id)
        )

    @api.model
    def _drop_all(self, job_id):
        self.env.cr.execute(SQL("DELETE FROM batch_job_chunk WHERE job_id = %s", job_id))

    @api.model
    def _has_unfolded(self, job_id) -> bool:
        """Whether a chunk has ended whose counts are not yet in the job's."""
        self.env.cr.execute(
            SQL(
                """
                SELECT EXISTS (
                    SELECT FROM batch_job_chunk
                     WHERE job_id = %s
                       AND state IN ('done', 'halted')
                       AND NOT folded)
                """,
                job_id,
            )
        )
        return self.env.cr.fetchone()[0]

    @api.model
    def _mark_running(self, chunk_id, runner):
        self.env.cr.execute(
            SQL(
                """
                UPDATE batch_job_chunk
                   SET state = 'running', attempt = attempt + 1, runner = %s, not_before = NULL,
                       started_at = clock_timestamp() AT TIME ZONE 'UTC'
                 WHERE id = %s
             RETURNING attempt
                """,
                runner,
                chunk_id,
            )
        )
        return self.env.cr.fetchone()[0]

    @api.model
    def _is_ours(self, chunk_id, attempt) -> bool:
        """The fence: lock the chunk's row for the work, unless another runner has taken it over."""
        query = SQL(
            """
            SELECT FROM batch_job_chunk
             WHERE id = %s AND state = 'running' AND attempt = %s
               FOR UPDATE
            """,
            chunk_id,
            attempt,
        )
        # a conflict: another worker has taken the chunk over, and the caller drops it; log nothing
        self.env.cr.execute(query, log_exceptions=False)
        return bool(self.env.cr.rowcount)

    @api.model
    def _update(self, chunk_id, **values):
        assignments = SQL(", ").join(
            SQL("%s = %s", SQL.identifier(name), value) for name, value in values.items()
        )
        self.env.cr.execute(
            SQL("UPDATE batch_job_chunk SET %s WHERE id = %s", assignments, chunk_id)
        )

    @api.model
    def _add_counts(self, chunk_id, tally: Tally, causes_text, size, seconds, state):
        """Add the counts of what has just been executed. A chunk may land several times."""
        self.env.cr.execute(
            SQL(
                """
                UPDATE batch_job_chunk
                   SET succeeded = succeeded + %s, failed = failed + %s, skipped = skipped + %s,
                       size = size + %s, duration = COALESCE(duration, 0) + %s,
                       cause_counts = COALESCE(cause_counts, '[]'::jsonb) || %s::jsonb,
                       state = %s
                 WHERE id = %s
                """,
                tally.succeeded,
                tally.failed,
                tally.skipped,
                size,
                seconds,
                causes_text,
                state,
                chunk_id,
            )
        )

    @api.model
    def _take_counts(self, job_id):
        """For the fold: return the counts of ended chunks, and mark the chunks as folded."""
        self.env.cr.execute(
            SQL(
                """
                UPDATE batch_job_chunk
                   SET folded = TRUE
                 WHERE job_id = %s
                   AND state IN ('done', 'halted')
                   AND NOT folded
             RETURNING id, state, succeeded, failed, skipped, untried, cause_counts AS causes,
                       culprit_position, duration
                """,
                job_id,
            )
        )
        return self.env.cr.dictfetchall()

    @api.model
    def _history(self, job_id):
        """(operations, seconds) of the job's latest chunks, from which the next gets its size."""
        self.env.cr.execute(
            SQL(
                """
                SELECT size, duration
                  FROM batch_job_chunk
                 WHERE job_id = %s
                   AND size > 0
                   AND duration > 0
                 ORDER BY id DESC
                 LIMIT %s
                """,
                job_id,
                HISTORY,
            )
        )
        return self.env.cr.fetchall()
