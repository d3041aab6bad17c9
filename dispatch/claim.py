import logging
import traceback
from dataclasses import dataclass

import psycopg2

from odoo.tools import SQL

from ..engine.chunk_size import fair_size
from ..engine.next_chunk import ChunkNow, Progress, Step, next_step
from ..engine.options import DEFAULT_PRIORITY
from ..engine.states import LIVE_STATES, is_one_transaction, stands_whole
from ..engine.waves import wave_at
from ..execution.commit import commit_and_run_hooks
from ..execution.deadline import Deadline
from ..execution.transaction.transient import is_transient
from .base import NOW
from .chunk_lock import ChunkLocks
from .fold import Fold
from .owner import Owner
from .recovery import Recovery
from .slots import Slots

_logger = logging.getLogger(__name__)

QUEUED_AHEAD = 10  # queued chunks that a claim looks at beyond those that may run


@dataclass(frozen=True)
class Claim:
    """A chunk that is ours to execute; `job` is the job's row at the claim."""

    job: dict
    chunk_id: int
    attempt: int
    first: int
    last: int
    lost: int  # workers, that died at work on it


class Claims(Fold, Recovery):
    """The claim transaction: takes the next chunk, and keeps the books of its job on the way.

    READ COMMITTED, because each statement must see what other runners committed just before;
    the lock on the job's row is waited for, because a runner that skips a locked job leaves while
    work remains. The order of the statements matters: see `_claim_chunk`.
    """

    def claim(self, runner, deadline: Deadline | None = None) -> Claim | None:
        """Commit, then claim a chunk of the job whose turn it is; None if nothing can be done.

        :param deadline: of the worker; its `wants_fresh_pass` says if something was left for that
        """
        deadline = deadline or Deadline()
        for job_id in self._candidates():
            try:
                self.begin()
                claim = self._claim_from(job_id, runner, deadline)
                # the attempt is on record, and the lock on the job released, before the work begins
                commit_and_run_hooks(self.env.cr, f"job {job_id}")
            except Exception as error:
                # what the database has now, other jobs would meet as well
                lost = isinstance(error, psycopg2.OperationalError) or is_transient(error)
                if lost or self.env.cr.closed:
                    raise
                self._set_aside(job_id, error)
                continue
            if claim or deadline.asks_at_once:
                return claim
        return None

    def _set_aside(self, job_id, error):
        """A job that no claim can be made of is paused: it must not keep the others waiting."""
        self.env.cr.rollback()
        self.env.transaction.reset()
        ChunkLocks(self.env).let_all_go()
        # the text of an unexpected error may hold customer data: the log gets its type and place
        place = "".join(traceback.format_tb(error.__traceback__, limit=-3))
        _logger.error("job %s is set aside: %s\n%s", job_id, type(error).__name__, place)
        self.begin()
        job = self.env["batch.job"].browse(job_id)
        row = job._locked_row()
        if row and row["state"] in LIVE_STATES:
            job._move(row, "paused")
        if row:
            text = self.env._("The server could not go on with it: %s.", type(error).__name__)
            job._set(needs_runner=False, error=text)
        commit_and_run_hooks(self.env.cr, f"job {job_id}")

    def _candidates(self) -> list[int]:
        """Jobs that need a runner: by priority; among equals users take turns, then their jobs. A
        priority of 0 to 9 counts among the jobs of its owner only.

        Those without a chunk to give go before: they may only have to be closed, and whoever
        waits for the end of a job must not wait for other jobs.
        """
        self.begin()
        self.env.cr.execute(
            SQL(
                """
                WITH open AS (
                    SELECT id, user_id, priority,
                           -- a turn in the future, before the clock was set back, is none
                           CASE WHEN last_claimed_at <= statement_timestamp() AT TIME ZONE 'UTC'
                                THEN last_claimed_at END AS last_claimed_at,
                           CASE WHEN priority < 0 THEN priority
                                ELSE GREATEST(priority, %s) END AS rank,
                           state NOT IN %s
                           OR (next_position >= total
                               AND NOT EXISTS (
                                   SELECT FROM batch_job_chunk c
                                    WHERE c.job_id = j.id AND c.state = 'queued')) AS may_end
                      FROM batch_job j
                     WHERE needs_runner
                       -- one that has begun, or has only to be closed, waits no more
                       AND (eta IS NULL OR eta <= now() AT TIME ZONE 'UTC'
                            OR started_at IS NOT NULL OR state NOT IN %s)
                ), turns AS MATERIALIZED (
                    SELECT user_id,
                           (SELECT max(served.last_claimed_at)
                              FROM batch_job served
                             WHERE served.user_id = users.user_id
                               AND served.last_claimed_at
                                   <= statement_timestamp() AT TIME ZONE 'UTC') AS last_turn
                      FROM (SELECT DISTINCT user_id FROM open) users
                )
                SELECT id
                  FROM open
                  JOIN turns USING (user_id)
                 ORDER BY may_end DESC,
                       rank,
                       last_turn NULLS FIRST,
                       priority,
                       last_claimed_at NULLS FIRST,
                       id
                """,
                DEFAULT_PRIORITY,
                LIVE_STATES,
                LIVE_STATES,
            )
        )
        return [row[0] for row in self.env.cr.fetchall()]

    def _claim_from(self, job_id, runner, deadline) -> Claim | None:
        job = self.env["batch.job"].browse(job_id)
        row = job._locked_row()
        if not row or not row["needs_runner"]:
            return None
        job = job._in_language_of_owner(row)
        return type(self)(job.env)._claim_chunk(job, row, runner, deadline)

    def _claim_chunk(self, job, row, runner, deadline) -> Claim | None:
        chunks = self.env["batch.job.chunk"]
        # counted before folding: a chunk that ends in between is then still seen as running, and
        # its job is not closed without its counts
        running = chunks._running_chunks(job.id)
        orphans = chunks._orphans(job.id)
        for chunk in orphans:
            self._rescue(row, chunk)
        gone = {chunk["id"] for chunk in orphans}
        running = [chunk for chunk in running if chunk["id"] not in gone]
        # after the rescue, which may have given up the job's last chunk
        self.fold(job, row)
        claim = None
        if row["state"] in LIVE_STATES and self._may_run(job, row):
            claim = self._take_chunk(job, row, running, runner, deadline)
        elif not running and not chunks._has_unfolded(job.id):
            job._close_stopped(row)
        self._publish(job, row, ended=row["state"] not in LIVE_STATES)
        return claim

    def _may_run(self, job, row) -> bool:
        """The owner must still be there and have the companies; else the job is paused."""
        problem = Owner(self.env).problem(row)
        if problem:
            job._move(row, "paused", error=problem)
        return not problem

    def _take_chunk(self, job, row, running, runner, deadline) -> Claim | None:
        chunks = self.env["batch.job.chunk"]
        queued = chunks._queued_chunks(row["id"], row["max_parallel"] + QUEUED_AHEAD)
        step = next_step(_as_seen(running), _as_seen(queued), _progress(row))
        if step is Step.END:
            self._end_job(job, row)
        if step in (Step.END, Step.WAIT):
            return None
        taken = {one["id"]: one for one in queued}
        chunk = None if step is Step.CUT else taken[step.id]
        if self._is_too_late(row, chunk, deadline):
            return None
        if chunk is None:
            chunk_id, first, last = self._cut_next(job, row)
            lost = 0
        else:
            chunk_id, first, last = chunk["id"], chunk["first_position"], chunk["last_position"]
            lost = chunk["lost"]
            if step.wave and not running:
                Slots(self.env).wake()  # after a retry all waves are queued
        if not ChunkLocks(self.env).hold(chunk_id):
            return None
        attempt = chunks._mark_running(chunk_id, runner)
        self._note_claim(job, row)
        return Claim(row, chunk_id, attempt, first, last, lost)

    def _is_too_late(self, row, chunk, deadline) -> bool:
        """Whether a chunk must wait for a new pass.

        One that cannot be put back half-done, or has been too much for a worker already, needs
        most of a worker's time before it.
        """
        if stands_whole(row) or chunk and (chunk["lost"] or chunk["suspect"]):
            return not deadline.allows_to_begin()
        return not deadline.allows_another()

    def _cut_next(self, job, row):
        chunks = self.env["batch.job.chunk"]
        first, end = row["next_position"], row["total"]
        wave = wave_at(first, row["wave_ends"])
        if not is_one_transaction(row):
            size = row["chunk_size"] or self._size_of_next(job, row)
            wave_end = row["wave_ends"][wave] + 1 if row["wave_ends"] else end
            end = min(first + size, wave_end)
            if row["has_followers"] and end < wave_end:
                end = self.env["batch.job.operation"]._record_end(job.id, end, wave_end)
            if wave and end < wave_end and first == row["wave_ends"][wave - 1] + 1:
                # those who left when the wave before had nothing for them any more
                Slots(self.env).wake()
        chunk_id = chunks._cut(row, first, end - 1, wave=wave)
        row["next_position"] = end
        job._set(next_position=end)
        return chunk_id, first, end - 1

    def _size_of_next(self, job, row) -> int:
        at_once = min(row["max_parallel"], Slots(self.env).wanted_runners())
        size = self.env["batch.job.chunk"]._size_by_history(row)
        return fair_size(size, row["total"] - row["next_position"], at_once)

    def _note_claim(self, job, row):
        if row["state"] == "queued":
            job._move(row, "running", started_at=row["started_at"] or NOW)
        job._set(last_claimed_at=NOW, last_folded_at=SQL("COALESCE(last_folded_at, %s)", NOW))

    def _end_job(self, job, row):
        if self.env["batch.job.chunk"]._has_unfolded(job.id):
            return
        if row["state"] == "queued":
            job._move(row, "running", started_at=row["started_at"] or NOW)
        job._end(row)


def _as_seen(chunks: list[dict]) -> list[ChunkNow]:
    return [
        ChunkNow(chunk["id"], chunk["wave"] or 0, bool(chunk["suspect"]), chunk["waits"])
        for chunk in chunks
    ]


def _progress(row) -> Progress:
    is_cut = row["next_position"] >= row["total"]
    wave = 0 if is_cut else wave_at(row["next_position"], row["wave_ends"])
    return Progress(row["max_parallel"], row["next_position"], row["total"], wave)
