import json
import logging
import random
from contextlib import contextmanager
from datetime import timedelta

from ..engine.chunk_size import split
from ..engine.operations import Operation, complete
from ..engine.outcomes import Failure, Outcome, count
from ..engine.retry import CONFLICT_BUDGET, after_conflict, after_lost_worker, back_off
from ..engine.states import is_one_transaction, keeps_chunks_whole
from ..execution.in_words import in_words
from ..execution.worker.deadline import SAFE_PART, Deadline
from .base import Dispatch
from .chunk_lock import ChunkLocks
from .locked_job import LockedJob
from .on_end import fail_on_end, put_back_on_end
from .side_by_side import SideBySide

_logger = logging.getLogger(__name__)


class Recovery(Dispatch):
    """Puts back, cuts, or fails a chunk whose last transaction did not land.

    The chunk's worker has died, or the transaction has failed, mostly by a conflict.
    """

    def _rescue(self, job, chunk):
        """Put the chunk of a dead worker back, cut smaller, or give it up after too many deaths."""
        lost = chunk["lost"] + 1
        _logger.info("job %s chunk %s is taken over: its worker died", job.id, chunk["id"])
        operations = self._pending_of(chunk)
        SideBySide(job).note_trouble()
        self._apply_verdict(
            job,
            chunk,
            operations,
            after_lost_worker(lost, len(operations), keeps_chunks_whole(job.row)),
            self._why_lost(job, chunk, lost),
            lost=lost,
            suspect=True,
            trouble=self.env._("Its worker died."),
        )

    def _why_lost(self, job, chunk, lost) -> Failure:
        """Why the chunk's worker died: the operation at work, or the time limit of the worker.

        Only the time from the chunk's start to this rescue is known. The worker died within this
        time. If a whole chunk was at work for nearly as long as Odoo allows, most likely the limit
        has ended the worker, and no operation is at fault.
        """
        limits = Deadline()
        seconds = chunk["seconds_since"] or 0
        if (
            not limits.seconds
            or seconds < SAFE_PART * limits.seconds
            or not keeps_chunks_whole(job.row)
        ):
            return Failure("worker_lost", self._lost_in_words(job, lost))
        text = self.env._(
            "The worker died %(lost)s times, at the last within %(seconds)s s; its time limit "
            "(%(limit)s) may be why. Nothing was kept. Operation %(index)s was reached and need "
            "not be at fault. Raise the limit, or do less at once.",
            lost=lost,
            seconds=round(seconds),
            limit=limits.describe(self.env),
            index=self.env["batch.job.operation"]._index_at(job.id, job["step_position"]),
        )
        return Failure("time_limit", text)

    def _lost_in_words(self, job, lost):
        if is_one_transaction(job.row):
            return self.env._(
                "The worker died %(lost)s times, and nothing was kept; it had reached operation "
                "%(index)s.",
                lost=lost,
                index=self.env["batch.job.operation"]._index_at(job.id, job["step_position"]),
            )
        if keeps_chunks_whole(job.row):
            return self.env._(
                "Its worker died %s times, at the last while this operation was at work; nothing "
                "of its chunk was kept.",
                lost,
            )
        return self.env._("Its worker died %s times; it was the only operation at work.", lost)

    def put_back(self, claim, reason, counted=True):
        """Put back a chunk whose transaction failed. The chunk has to wait for a while.

        :param counted: count it as a conflict of the chunk
        """
        with self._taken_back(claim) as (recovery, job):
            if not job:
                return
            reason = in_words(job.env, reason)
            if claim.on_end:
                put_back_on_end(job, claim.chunk_id, reason, counted)
            else:
                recovery._put_back(claim, job, reason, counted)

    def fail_ended(self, claim):
        """Fail a chunk, because one of its operations has ended the transaction.

        Nobody knows which effects of its pending operations were kept. So no pending operation of
        the chunk may run again before somebody has looked.
        """
        with self._taken_back(claim) as (recovery, job):
            if job and claim.on_end:
                text = recovery.env._(
                    "It ended the transaction. What was kept of it is not known: look."
                )
                fail_on_end(job, claim.chunk_id, "error", text)
            elif job:
                text = recovery.env._(
                    "An operation of its chunk ended the transaction. What was kept of the chunk "
                    "is not known: look before you retry."
                )
                chunk = recovery.env["batch.job.chunk"]._chunk(claim.chunk_id)
                operations = recovery._pending_of(chunk)
                failure = Failure("error", text)
                outcomes = [Outcome(o.position, "failed", failure=failure) for o in operations]
                recovery._end_chunk(job, chunk, operations, outcomes, text)

    @contextmanager
    def _taken_back(self, claim):
        """A transaction to put back or to fail a chunk. At the end, release the chunk's lock and
        commit.

        :returns: yields (this object in the owner's language, the job); the job is None if the job
            was deleted or another runner has the chunk
        """
        self.begin()
        job = LockedJob.lock(self.env, claim.job["id"])
        if job and self.env["batch.job.chunk"]._is_ours(claim.chunk_id, claim.attempt):
            job = job.for_owner()
            yield type(self)(job.env), job
        else:
            yield self, None
        ChunkLocks(self.env).hand_over(claim.chunk_id)
        self.env.cr.commit()  # pylint: disable=invalid-commit

    def _put_back(self, claim, job, reason, counted):
        chunk = self.env["batch.job.chunk"]._chunk(claim.chunk_id)
        operations = self._pending_of(chunk)
        beside = SideBySide(job).gets_out_of_the_way()
        counted = counted and not beside
        conflicts = chunk["conflicts"] + counted
        verdict = after_conflict(conflicts, len(operations), keeps_chunks_whole(job.row))
        words = {"count": conflicts, "reason": reason}
        if keeps_chunks_whole(job.row) and len(operations) > 1:
            text = self.env._(
                "It or another operation of its chunk met a conflict %(count)s times: %(reason)s",
                **words,
            )
        else:
            text = self.env._("It met a conflict %(count)s times: %(reason)s", **words)
        wait = back_off(conflicts if counted else CONFLICT_BUDGET, random.random())
        self._apply_verdict(
            job,
            chunk,
            operations,
            verdict,
            Failure("conflict", text),
            conflicts=conflicts,
            trouble=reason,
            # `Datetime.now()` cuts off fractions, so the end of a short wait could lie in the past
            not_before=None if beside else self.env.cr.now() + timedelta(seconds=wait),
        )

    def _apply_verdict(self, job, chunk, operations, verdict, failure, **values):
        """Queue the pending operations of a chunk again, as one chunk or smaller ones, or give up.

        :param verdict: of `engine/retry.py`: fail, split, or else queue the same chunk
        :param failure: for the verdict "fail"
        :param values: columns of the queued chunks
        """
        chunks = self.env["batch.job.chunk"]
        if not operations:  # all have landed
            chunks._update(chunk["id"], state="done")
            return
        if verdict == "fail":
            self._give_up(job, chunk, operations, failure)
            return
        pieces = split(operations) if verdict == "split" else [operations]
        if len(pieces) > 1:
            values.update(lost=0, conflicts=0, suspect=True)
        if chunk["size"]:
            # The chunk has landed operations before. End the chunk, so that their counts reach the
            # job now.
            chunks._update(chunk["id"], state="done", trouble=values["trouble"])
        else:
            first, *pieces = pieces
            chunks._update(
                chunk["id"],
                state="queued",
                first_position=first[0].position,
                last_position=first[-1].last_position,
                **values,
            )
        for piece in pieces:
            place = {"wave": chunk["wave"], "suspect": chunk["suspect"], **values}
            chunks._cut(job.row, piece[0].position, piece[-1].last_position, **place)

    def _give_up(self, job, chunk, operations, failure):
        """Record the operation that the chunk had reached as failed, and the others as rolled back.

        Another try would end the same: the chunk has one operation, or must be kept whole.
        """
        reached = job["step_position"]
        culprit = next((one for one in operations if one.position == reached), operations[0])
        outcomes = [
            Outcome(one.position, "failed", failure=failure)
            if one is culprit
            else Outcome(one.position, "rolled_back")
            for one in operations
        ]
        self._end_chunk(job, chunk, operations, outcomes, failure.message)

    def _end_chunk(self, job, chunk, operations, outcomes, trouble):
        """End a chunk in place of its runner: write outcomes and counts."""
        stops = job["policy"] == "stop" and not job["dry_run"]
        outcomes = complete(outcomes, operations)
        stored = self.env["batch.job.operation"]
        stored._record(job.id, outcomes)
        # a halted chunk keeps its passwords: `resume` may run the culprit again
        if not stops:
            stored._blank_ended(job.row, operations[0].position, operations[-1].last_position)
        chunks = self.env["batch.job.chunk"]
        # add, do not set: the chunk may have landed operations before
        tally, state = count(outcomes), "halted" if stops else "done"
        chunks._add_counts(chunk["id"], tally, json.dumps(tally.causes), 0, 0.0, state)
        culprit = next(one.position for one in outcomes if one.state == "failed")
        culprit_position = culprit if stops else None
        chunks._update(chunk["id"], trouble=trouble, culprit_position=culprit_position)

    def _pending_of(self, chunk) -> list[Operation]:
        return self.env["batch.job.operation"]._pending(
            chunk["job_id"], chunk["first_position"], chunk["last_position"]
        )
