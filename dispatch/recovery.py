import json
import random
from contextlib import contextmanager
from datetime import timedelta

from ..engine.chunk_size import split
from ..engine.operations import Operation, complete
from ..engine.outcomes import Failure, Outcome, count
from ..engine.retry import CONFLICT_BUDGET, after_conflict, after_lost_worker, back_off
from ..engine.states import is_one_transaction, stands_whole
from ..execution.deadline import SAFE_PART, Deadline
from .base import Dispatch
from .chunk_lock import ChunkLocks


class Recovery(Dispatch):
    """Chunks that came to nothing: their worker died, or they met a conflict."""

    def _rescue(self, row, chunk):
        """Put the chunk of a dead worker back, smaller; give up an operation that keeps killing."""
        lost = chunk["lost"] + 1
        operations = self._pending_of(chunk)
        self._put_back(
            row,
            chunk,
            operations,
            after_lost_worker(lost, len(operations), stands_whole(row)),
            self._why_lost(row, chunk, lost),
            lost=lost,
            suspect=True,
            trouble=self.env._("Its worker died."),
        )

    def _why_lost(self, row, chunk, lost) -> Failure:
        """How a worker ends leaves no trace but the time: what was at work for nearly as long as
        a worker may, has most likely met the limit, whatever operation was the last."""
        limits = Deadline()
        seconds = chunk["seconds_since"] or 0
        if not limits.seconds or seconds < SAFE_PART * limits.seconds or not stands_whole(row):
            return Failure("worker_lost", self._lost_in_words(row, lost))
        text = self.env._(
            "The worker died %(lost)s times, at the last within %(seconds)s s; its time limit "
            "(%(limit)s) may be why. Nothing was kept. Operation %(index)s was reached and need "
            "not be at fault. Raise the limit, or do less at once.",
            lost=lost,
            seconds=round(seconds),
            limit=limits.describe(),
            index=self.env["batch.job.operation"]._index_at(row["id"], row["step_position"]),
        )
        return Failure("time_limit", text)

    def _lost_in_words(self, row, lost):
        if is_one_transaction(row):
            return self.env._(
                "The worker died %(lost)s times, and nothing was kept; it had reached operation "
                "%(index)s.",
                lost=lost,
                index=self.env["batch.job.operation"]._index_at(row["id"], row["step_position"]),
            )
        if stands_whole(row):
            return self.env._(
                "Its worker died %s times, at the last while this operation was at work; nothing "
                "of its chunk was kept.",
                lost,
            )
        return self.env._("Its worker died %s times; it was the only operation at work.", lost)

    def postpone(self, claim, reason, counted=True):
        """Put a chunk back that met a conflict, to be tried again later.

        :param counted: against the budget of conflicts; without it the chunk merely waits
        """
        with self._taken_back(claim) as (rescue, row):
            if row:
                rescue._put_off(claim, row, reason, counted)

    def fail_ended(self, claim):
        """An operation has ended the transaction: of those without an outcome nobody knows what was
        kept, and none may be done again unseen."""
        with self._taken_back(claim) as (rescue, row):
            if row:
                text = rescue.env._(
                    "An operation of its chunk ended the transaction. What was kept of the chunk "
                    "is not known: look before you retry."
                )
                chunk = rescue.env["batch.job.chunk"]._chunk(claim.chunk_id)
                operations = rescue._pending_of(chunk)
                failure = Failure("error", text)
                outcomes = [Outcome(o.position, "failed", failure=failure) for o in operations]
                rescue._end_chunk(row, chunk, operations, outcomes, text)

    @contextmanager
    def _taken_back(self, claim):
        """A new transaction of a chunk whose work came to nothing; its session lock is still held.

        :returns: yields (this object in the owner's language, the job's row or None if the chunk
            is somebody else's by now)
        """
        chunks = self.env["batch.job.chunk"]
        self.begin()
        job = self.env["batch.job"].browse(claim.job["id"])
        row = job._locked_row()
        ours = row and chunks._is_ours(claim.chunk_id, claim.attempt)
        yield type(self)(job._in_language_of_owner(row).env) if ours else self, ours and row
        ChunkLocks(self.env).hand_over(claim.chunk_id)
        self.env.cr.commit()  # pylint: disable=invalid-commit

    def _put_off(self, claim, row, reason, counted):
        chunk = self.env["batch.job.chunk"]._chunk(claim.chunk_id)
        operations = self._pending_of(chunk)
        conflicts = chunk["conflicts"] + counted
        verdict = after_conflict(conflicts, len(operations), stands_whole(row))
        words = {"count": conflicts, "reason": reason}
        if stands_whole(row) and len(operations) > 1:
            text = self.env._(
                "It or another operation of its chunk met a conflict %(count)s times: %(reason)s",
                **words,
            )
        else:
            text = self.env._("It met a conflict %(count)s times: %(reason)s", **words)
        wait = back_off(conflicts if counted else CONFLICT_BUDGET, random.random())
        self._put_back(
            row,
            chunk,
            operations,
            verdict,
            Failure("conflict", text),
            conflicts=conflicts,
            trouble=reason,
            # not `Datetime.now()`, which has no fractions: the wait would lie in the past
            not_before=self.env.cr.now() + timedelta(seconds=wait),
        )

    def _put_back(self, row, chunk, operations, verdict, failure, **values):
        chunks = self.env["batch.job.chunk"]
        if not operations:
            chunks._update(chunk["id"], state="done")
            return
        if verdict == "fail":
            self._give_up(row, chunk, operations, failure)
            return
        parts = split(operations) if verdict == "split" else [operations]
        if len(parts) > 1:
            values.update(lost=0, conflicts=0, suspect=True)
        if chunk["size"]:
            # counted now, whatever becomes of the rest: what earlier steps of the chunk landed
            chunks._update(chunk["id"], state="done", trouble=values["trouble"])
        else:
            first, *parts = parts
            chunks._update(
                chunk["id"],
                state="queued",
                first_position=first[0].position,
                last_position=first[-1].last_position,
                **values,
            )
        for part in parts:
            place = {"wave": chunk["wave"], "suspect": chunk["suspect"], **values}
            chunks._cut(row, part[0].position, part[-1].last_position, **place)

    def _give_up(self, row, chunk, operations, failure):
        """The engine itself fails a chunk: its one operation, or all that stands together."""
        reached = row["step_position"]
        culprit = next((one for one in operations if one.position == reached), operations[0])
        outcomes = [
            Outcome(one.position, "failed", failure=failure)
            if one is culprit
            else Outcome(one.position, "rolled_back")
            for one in operations
        ]
        self._end_chunk(row, chunk, operations, outcomes, failure.message)

    def _end_chunk(self, row, chunk, operations, outcomes, trouble):
        """Write the outcomes of a chunk that the engine itself ends."""
        stops = row["policy"] == "stop" and not row["dry_run"]
        outcomes = complete(outcomes, operations)
        stored = self.env["batch.job.operation"]
        stored._record(row["id"], outcomes)
        if not stops:  # it may be resumed
            stored._blank_ended(row, operations[0].position, operations[-1].last_position)
        chunks = self.env["batch.job.chunk"]
        # added, not set: earlier steps of the chunk may have landed
        tally, state = count(outcomes), "halted" if stops else "done"
        chunks._add_counts(chunk["id"], tally, json.dumps(tally.causes), 0, 0.0, state)
        culprit = next(one.position for one in outcomes if one.state == "failed")
        culprit_position = culprit if stops else None
        chunks._update(chunk["id"], trouble=trouble, culprit_position=culprit_position)

    def _pending_of(self, chunk) -> list[Operation]:
        return self.env["batch.job.operation"]._pending(
            chunk["job_id"], chunk["first_position"], chunk["last_position"]
        )
