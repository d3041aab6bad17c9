import logging
import traceback
from dataclasses import dataclass
from itertools import takewhile

import psycopg2

from odoo.tools import SQL

from ..engine.chunk_size import fair_size
from ..engine.next_chunk import Progress, Step, next_step
from ..engine.states import LIVE_STATES, is_in_stages, is_one_transaction, keeps_chunks_whole
from ..engine.waves import wave_at
from ..execution.transaction.commit import commit_and_run_hooks
from ..execution.transaction.transient import is_transient
from ..execution.worker.deadline import Deadline
from .base import NOW
from .candidates import candidates
from .chunk_lock import ChunkLocks
from .ending import close_stopped, end
from .fold import Fold
from .locked_job import LockedJob
from .on_end import chunk_of_on_end, set_aside
from .owner import Owner
from .recovery import Recovery
from .side_by_side import SideBySide
from .slots import Slots

_logger = logging.getLogger(__name__)

# a claim reads so many more queued chunks than `max_parallel`: the first ones may have to wait
QUEUED_AHEAD = 10


@dataclass(frozen=True)
class Claim:
    """A chunk that this runner has to execute; `job` is the job's row as the claim left it."""

    job: dict
    chunk_id: int
    attempt: int
    first: int
    last: int
    lost: int  # workers that died while they executed the chunk
    yields: bool = False  # it does not keep an earlier chunk of its job from going on
    on_end: bool = False  # it has no operations, and calls the job's `on_end`


class Claims(Fold, Recovery):
    """The claim transaction. It rescues and folds chunks of a job, and takes the job's next chunk.

    The isolation level is READ COMMITTED: each statement must see what other runners have just
    committed. The claim waits for the lock on a job's row, unless an equal job is free. If a runner
    skipped locked jobs, the runner would leave while there is work. The order of the statements
    matters: see `_claim_chunk`.
    """

    def claim(self, slot, deadline: Deadline | None = None) -> Claim | None:
        """Commit. Then go through the jobs in order, and claim a chunk of the first that has one.

        :param slot: the number of the runner
        :param deadline: of the worker; after the call, `wants_new_pass` says whether a chunk was
            left for a new pass
        :returns: None if no job has a chunk that may begin now
        """
        deadline, seen = deadline or Deadline(), []
        # ask anew after each job that had nothing: other jobs may have nothing left by then
        while found := self._candidates(seen):
            job_id, job = self._lock_one(found)
            on_end_before = job and job["on_end_state"]
            seen.append(job_id)
            try:
                claim = self._claim_from(job, slot, deadline)
                # before the work begins: record the attempt, release the lock on the job
                commit_and_run_hooks(self.env.cr, f"job {job_id}")
            except Exception as error:
                # a lost connection or a transient error is not this job's fault: `Runner.claim`
                # handles the error
                blameless = isinstance(error, psycopg2.OperationalError) or is_transient(error)
                if blameless or self.env.cr.closed:
                    raise
                self._set_aside(job_id, error)
                continue
            # `asks_at_once`: the runner asks for a new pass before it looks at other jobs
            if claim or deadline.asks_at_once:
                return claim
            if job and job["on_end_state"] != on_end_before:
                seen.remove(job_id)  # it has ended, and the call of its `on_end` takes a turn
        return None

    def _candidates(self, seen):
        self.begin()
        return candidates(self.env, seen)

    def _lock_one(self, found) -> tuple[int, LockedJob | None]:
        """Lock the first job of some candidates.

        While another runner has locked that job, lock the first free one of its equals. If none is
        free, wait for the first job.

        :returns: (id, the locked job or None if the job is gone)
        """
        first_id, kind = found[0]
        equals = [job_id for job_id, its_kind in takewhile(lambda one: one[1] == kind, found)]
        job = LockedJob.lock_one(self.env, equals) or LockedJob.lock(self.env, first_id)
        return (job.id if job else first_id), job

    def _set_aside(self, job_id, error):
        """Pause a job whose claim fails, so that the other jobs need not wait for it."""
        self.env.cr.rollback()
        self.env.transaction.reset()
        ChunkLocks(self.env).let_all_go()
        # the text of an unexpected error may hold customer data: log only its type and place
        place = "".join(traceback.format_tb(error.__traceback__, limit=-3))
        _logger.error("job %s is set aside: %s\n%s", job_id, type(error).__name__, place)
        self.begin()
        job = LockedJob.lock(self.env, job_id)
        if job:
            text = self.env._("The server could not go on with it: %s.", type(error).__name__)
            set_aside(job, text)
        commit_and_run_hooks(self.env.cr, f"job {job_id}")

    def _claim_from(self, job, slot, deadline) -> Claim | None:
        if not job or not job["needs_runner"]:
            return None
        job = job.for_owner()  # the claim may store texts, such as why the job is paused
        return type(self)(job.env)._claim_chunk(job, slot, deadline)

    def _claim_chunk(self, job, slot, deadline) -> Claim | None:
        """Rescue, fold, then take a chunk or close a job that was paused or cancelled."""
        if job["on_end_state"] == "pending":
            return self._claim_on_end(job, slot, deadline)
        chunks = self.env["batch.job.chunk"]
        # Read the running chunks before the fold. A chunk that ends between this read and the fold
        # still counts as running, so the job waits for the chunk's counts.
        running = chunks._running_chunks(job.id)
        orphans = chunks._orphans(job.id) if running else []
        for chunk in orphans:
            self._rescue(job, chunk)
        gone = {chunk["id"] for chunk in orphans}
        running = [chunk for chunk in running if chunk["id"] not in gone]
        # after the rescue: if it gives up a chunk, the fold adds the counts of that chunk
        self.fold(job)
        claim = None
        if job["state"] in LIVE_STATES:
            self._pause_if_not_allowed(job)
        if job["state"] in LIVE_STATES:
            claim = self._take_chunk(job, running, slot, deadline)
        elif not running and not chunks._has_unfolded(job.id):
            close_stopped(job)
        self._publish(job, is_last=job["state"] not in LIVE_STATES)
        return claim

    def _claim_on_end(self, job, slot, deadline) -> Claim | None:
        """Take the chunk that calls `on_end`. Its job has ended: nothing is folded or published."""
        chunk = chunk_of_on_end(job, deadline)
        if chunk is None or not ChunkLocks(self.env).hold(chunk["id"]):
            return None
        attempt = self.env["batch.job.chunk"]._mark_running(chunk["id"], slot)
        job.set(last_claimed_at=NOW)
        return _claim_of(job, chunk, attempt, yields=False)

    def _pause_if_not_allowed(self, job):
        """Pause the job if its owner is not active or does not have the job's companies."""
        problem = Owner(self.env).problem(job.row)
        if problem:
            job.move("paused", error=problem)
            job.note("pause", reason=problem)

    def _take_chunk(self, job, running, slot, deadline) -> Claim | None:
        chunks, beside = self.env["batch.job.chunk"], SideBySide(job)
        queued = chunks._queued_chunks(job["id"], beside.limit + QUEUED_AHEAD)
        seen = beside.seen(running, queued)
        step = next_step(*seen, _progress(job, beside.limit))
        if step is Step.END:
            self._end_job(job)
        if step in (Step.END, Step.WAIT):
            beside.note_missed(running)
            return None
        by_id = {one["id"]: one for one in queued}
        chunk = None if step is Step.CUT else by_id[step.id]
        if self._is_too_late(job, chunk, deadline):
            return None
        may_begin = True
        if chunk is None:
            chunk = self._cut_next(job, beside)
            may_begin = beside.may_begin(chunk, *seen)
        else:
            beside.make_known(chunk)
            if step.wave and not running:
                # This chunk begins a wave. A retry has queued the chunks of all waves. Wake the
                # runners that left while the wave before ran.
                Slots(self.env).wake(most=job["max_parallel"])
        cut_to = max(job["next_position"], chunk["last_position"] + 1)
        if not may_begin or not ChunkLocks(self.env).hold(chunk["id"]):
            job.set(next_position=cut_to)
            return None
        attempt = chunks._mark_running(chunk["id"], slot)
        self._note_claim(job, cut_to)
        return _claim_of(job, chunk, attempt, yields=beside.begins(chunk, running))

    def _is_too_late(self, job, chunk, deadline) -> bool:
        """Whether a chunk must wait for a new pass.

        A chunk that cannot be handed back half-done may begin only while most of the worker's time
        is left. The same holds for a suspect chunk and for a chunk that has lost a worker.
        """
        if keeps_chunks_whole(job.row) or chunk and (chunk["lost"] or chunk["suspect"]):
            return not deadline.allows_to_begin()
        return not deadline.allows_another()

    def _cut_next(self, job, beside) -> dict:
        """Cut the next operations into a chunk; gives its row, as far as a claim needs that."""
        chunks = self.env["batch.job.chunk"]
        first, stop, stage = job["next_position"], job["total"], None
        wave = wave_at(first, job["wave_ends"])
        if not is_one_transaction(job.row):
            size = job["chunk_size"] or self._size_of_next(job, beside.limit)
            wave_end = job["wave_ends"][wave] + 1 if job["wave_ends"] else stop
            stop, stage = beside.end_of_next(size, wave_end)
            if job["has_followers"] and stop < wave_end:
                stop = self.env["batch.job.operation"]._record_end(job.id, stop, wave_end)
            if wave and stop < wave_end and first == job["wave_ends"][wave - 1] + 1:
                # this chunk begins a wave: wake the runners that left while the wave before ran
                Slots(self.env).wake(most=job["max_parallel"])
        chunk_id = chunks._cut(job.row, first, stop - 1, wave=wave, stage=stage)
        fresh = {"lost": 0, "suspect": False, "waits": False, "targets": None, "names": None}
        place = {"first_position": first, "last_position": stop - 1, "wave": wave, "stage": stage}
        return {"id": chunk_id, **place, **fresh}

    def _size_of_next(self, job, limit) -> int:
        at_once = min(limit, Slots(self.env).wanted_runners())
        size = self.env["batch.job.chunk"]._size_by_history(job.row)
        return fair_size(size, job["total"] - job["next_position"], at_once)

    def _note_claim(self, job, cut_to):
        if job["state"] == "queued":
            job.move("running", started_at=job["started_at"] or NOW)
        folded = SQL("COALESCE(last_folded_at, %s)", NOW)
        job.set(next_position=cut_to, last_claimed_at=NOW, last_folded_at=folded)

    def _end_job(self, job):
        """End the job, unless a chunk has ended since the fold."""
        if self.env["batch.job.chunk"]._has_unfolded(job.id):
            return
        if job["state"] == "queued":
            job.move("running", started_at=job["started_at"] or NOW)
        end(job)


def _claim_of(job, chunk, attempt, yields) -> Claim:
    place = chunk["first_position"], chunk["last_position"]
    on_end = bool(chunk.get("on_end"))
    return Claim(job.row, chunk["id"], attempt, *place, chunk["lost"], yields, on_end)


def _progress(job, limit) -> Progress:
    is_cut = job["next_position"] >= job["total"]
    wave = 0 if is_cut else wave_at(job["next_position"], job["wave_ends"])
    return Progress(limit, job["next_position"], job["total"], wave, is_in_stages(job.row))
