from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..dispatch.chunk_lock import ChunkLocks
from ..dispatch.slots import Slots
from ..engine.chunk_size import HISTORY, next_size
from ..engine.outcomes import Tally
from ..engine.retry import FURTHEST_WAIT
from ..engine.states import CHUNK_STATES, is_one_transaction


class BatchJobChunk(models.Model):
    """Operations executed in one transaction: what a runner claims."""

    _name = "batch.job.chunk"
    _description = "Batch Job Chunk"
    _order = "job_id desc, first_position"
    _rec_name = "first_position"
    _log_access = False

    job_id = fields.Many2one("batch.job", required=True, readonly=True, ondelete="cascade")
    owner_id = fields.Integer(readonly=True, required=True)
    company_id = fields.Integer(readonly=True)
    first_position = fields.Integer("First", readonly=True, required=True)
    last_position = fields.Integer("Last", readonly=True, required=True)
    state = fields.Selection(list(CHUNK_STATES.items()), readonly=True, required=True)
    attempt = fields.Integer(readonly=True, help="How often a worker has begun it")
    lost = fields.Integer("Workers Lost", readonly=True)
    conflicts = fields.Integer(readonly=True, help="Times it had to be done again")
    suspect = fields.Boolean(
        readonly=True, help="Its operations were in a chunk that failed to end"
    )
    wave = fields.Integer(readonly=True)
    not_before = fields.Datetime(readonly=True)
    runner = fields.Integer(readonly=True)
    started_at = fields.Datetime("Started", readonly=True)
    duration = fields.Float("Seconds", readonly=True)
    size = fields.Integer("Operations", readonly=True, help="Executed in the last attempt")
    succeeded = fields.Integer(readonly=True)
    failed = fields.Integer(readonly=True)
    skipped = fields.Integer(readonly=True)
    causes = fields.Json(readonly=True)
    folded = fields.Boolean(readonly=True, help="Its counts are part of the job's")
    culprit_position = fields.Integer(
        readonly=True, help="Policy `stop`: the operation that failed"
    )
    trouble = fields.Char(readonly=True, help="Why its last attempt came to nothing")

    _job = models.Index("(job_id, id)")
    _queued = models.Index("(job_id, first_position) WHERE state = 'queued'")
    _running = models.Index("(job_id) WHERE state = 'running'")
    _unfolded = models.Index("(job_id) WHERE state IN ('done', 'halted') AND NOT folded")

    @api.model
    def _running_chunks(self, job_id):
        return self._select(SQL("job_id = %s AND state = 'running'", job_id))

    @api.model
    def _orphans(self, job_id):
        """Running chunks without a living worker; their rows stay locked until the commit."""
        running = "job_id = %s AND state = 'running' ORDER BY first_position"
        locked = self._select(SQL(running + " FOR UPDATE SKIP LOCKED", job_id))
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
        """The chunks of a condition, and what may stand after it."""
        self.env.cr.execute(
            SQL(
                """
                SELECT id, job_id, first_position, last_position, lost, conflicts, suspect, wave,
                       size, duration,
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
        """Insert a chunk over a range of positions; gives its id."""
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
    def _cut_pending(self, job, size):
        """Cut a job's pending operations, wherever they lie, into queued chunks."""
        self.env.cr.execute(
            SQL(
                """
                SELECT wave, min(position), max(position)
                  FROM (SELECT position,
                               CASE WHEN %s THEN COALESCE(wave, 0) ELSE 0 END AS wave,
                               (count(*) FILTER (WHERE follows IS NOT TRUE)
                                         OVER (ORDER BY position) - 1) / %s AS part
                          FROM batch_job_operation
                         WHERE job_id = %s AND state = 'pending') p
                 GROUP BY wave, part
                 ORDER BY 2
                """,
                bool(job["wave_ends"]) and not is_one_transaction(job),
                size,
                job["id"],
            )
        )
        for wave, first, last in self.env.cr.fetchall():
            self._cut(job, first, last, wave=wave)

    @api.model
    def _cut_for_retry(self, job):
        """New chunks for the pending operations of a job that ended."""
        self._drop_queued(job["id"])
        size = job["chunk_size"] or self._size_by_history(job)
        self._cut_pending(job, job["total"] if is_one_transaction(job) else size)

    @api.model
    def _size_by_history(self, job) -> int:
        size = next_size(self._history(job["id"]))
        if job["has_keys"]:
            # above that it would lock whole models, and chunks wait for each other
            size = min(size, Slots(self.env).share_of_keys())
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
        """Whether an ended chunk's counts are not yet part of the job's."""
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
        """The fence: lock the chunk for the work, unless it was taken over meanwhile."""
        query = SQL(
            """
            SELECT FROM batch_job_chunk
             WHERE id = %s AND state = 'running' AND attempt = %s
               FOR UPDATE
            """,
            chunk_id,
            attempt,
        )
        # a conflict means that it was taken over: the caller drops it, nobody needs to read of it
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
        """Add what was executed; a chunk may commit in several steps."""
        self.env.cr.execute(
            SQL(
                """
                UPDATE batch_job_chunk
                   SET succeeded = succeeded + %s, failed = failed + %s, skipped = skipped + %s,
                       size = size + %s, duration = COALESCE(duration, 0) + %s,
                       causes = COALESCE(causes, '[]'::jsonb) || %s::jsonb,
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
        """Fold: give the counts of ended chunks and mark them as taken, in one statement."""
        self.env.cr.execute(
            SQL(
                """
                UPDATE batch_job_chunk
                   SET folded = TRUE
                 WHERE job_id = %s
                   AND state IN ('done', 'halted')
                   AND NOT folded
             RETURNING id, state, succeeded, failed, skipped, causes, culprit_position
                """,
                job_id,
            )
        )
        return self.env.cr.dictfetchall()

    @api.model
    def _history(self, job_id):
        """(operations, seconds) of the job's latest chunks, for the size of the next."""
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
