"""The RPC method `execute`: runs a stored job inside the transaction of the call."""

import json
import time

from odoo.exceptions import ConcurrencyError, UserError
from odoo.sql_db import Cursor

from ..engine.operations import complete
from ..engine.outcomes import Failure, Outcome, count
from ..execution.checks.lessons import Lessons
from ..execution.chunk_run import run_isolated, run_strict
from ..execution.in_words import in_words
from ..execution.orm.key_locks import MOST_KEYS_OF_A_CALL, KeysTaken, LocksBeside
from ..execution.transaction.transient import TransactionEnded, TransientError
from ..execution.worker.second_connection import NoConnection, too_busy
from ..execution.worker.server_stop import is_operating
from .chunk_transaction import ChunkTransaction
from .ending import end_call
from .locked_job import LockedJob
from .reasons import reason_of


class ExecuteNow(ChunkTransaction):
    """Runs a stored job to its end before the call returns."""

    def run(self, job: LockedJob):
        """Run a stored job inside the caller's transaction.

        :raises UserError: an operation has ended the transaction
        :raises ConcurrencyError: a conflict; Odoo repeats the call
        """
        started = time.monotonic()
        stored = self.env["batch.job.operation"]
        operations = stored._pending(job["id"], 0, job["total"] - 1)
        try:
            outcomes = self._outcomes_now(job, operations)
        except TransactionEnded as error:
            with self.env.registry.cursor() as cr:
                text = type(self)(self.env(cr=cr))._fail_now(job.id, operations, started)
            raise UserError(text) from error
        except KeysTaken as error:
            if is_operating():
                raise  # the chunk around this call waits for its turn
            # Odoo would do the call again, wait as long each time, and answer 500
            raise too_busy(
                self.env._(
                    "Another job or call is at work on records with the same keys; nothing was "
                    "done. Send the call again in a moment, or submit a job."
                )
            ) from error
        except TransientError as error:
            # Odoo's `retrying` repeats the whole call
            raise ConcurrencyError(in_words(self.env, reason_of(error))) from error
        self._land_now(job, complete(outcomes, operations), started)

    def _fail_now(self, job_id, operations, started) -> str:
        """Fail all operations of a job, because one of them has ended the caller's transaction.

        The stored job was committed with that transaction. Nobody knows which effects were kept, so
        nothing may run again before somebody has looked.

        :returns: the reason, for people
        """
        text = self.env._(
            "An operation ended the transaction. What was kept of this call is not known: look "
            "before you repeat it."
        )
        job = LockedJob.lock(self.env, job_id)
        if job and job["state"] == "running":
            failure = Failure("error", text)
            outcomes = [Outcome(o.position, "failed", failure=failure) for o in operations]
            self._land_now(job, complete(outcomes, operations), started)
        return text

    def _land_now(self, job, outcomes, started):
        """Store the outcomes and one ended chunk, and end the job. The caller commits.

        :param started: monotonic seconds: when the call began to execute operations
        """
        self.write_outcomes(job.row, outcomes)
        tally = count(outcomes)
        counts = {name: getattr(tally, name) for name in ("succeeded", "failed", "skipped")}
        self.env["batch.job.chunk"]._cut(
            job.row,
            0,
            job["total"] - 1,
            state="done",
            folded=True,
            attempt=1,
            size=len(outcomes),
            duration=time.monotonic() - started,
            cause_counts=json.dumps(tally.causes),
            **counts,
        )
        self._end(job, counts, tally.causes, started)

    def _end(self, job, counts, causes, started):
        end_call(job, counts, causes, started)

    def _outcomes_now(self, job, operations) -> list[Outcome]:
        run = type(self)(self.env(su=True)).new_run(job.row, operations, Lessons())
        locks = self._lock_keys_beside(run, operations) if job["has_keys"] else None
        outcomes = [one for part in self._parts(job, operations) for one in _run(job, run, part)]
        if locks:
            locks.refuse_made_beside(run.job_env, _created_by_key(run, operations, outcomes))
        return outcomes

    def _parts(self, _job, operations) -> list[list]:
        """The chunks in which the operations run."""
        return [operations]

    def _lock_keys_beside(self, run, operations):
        """Lock the keys of the operations on a second connection.

        The transaction of the call began before the locks, so it may not see what others have
        committed since. If that matters, Odoo repeats the call: see `refuse_made_beside`.
        """
        locks = self.open_locks_beside()
        if locks:
            locks.take_beside(
                run.job_env, run.references.resolve_known(operations), MOST_KEYS_OF_A_CALL
            )
        return locks

    def open_locks_beside(self) -> LocksBeside | None:
        """Open the second connection for the locks.

        The caller does this before it stores anything.

        :raises TooManyRequests: the server has no connection to spare
        """
        if not isinstance(self.env.cr, Cursor):
            return None  # a cursor of a test: all of them share one connection
        try:
            return LocksBeside.of(self.env)
        except NoConnection:
            raise too_busy(
                self.env._(
                    "The server has no database connection to spare for this call; nothing was "
                    "done. Send it again in a moment, or submit a job."
                )
            ) from None


def _run(job, run, operations) -> list[Outcome]:
    if job["policy"] == "isolate":
        return [one for step, _ends in run_isolated(run, operations) for one in step]
    return run_strict(run, operations, "rolled_back")


def _created_by_key(run, operations, outcomes):
    """The upserts, and the rows with a key, that have created a record."""
    positions = {one.position for one in outcomes if one.value == "created"}
    by_key = [one for one in operations if one.op in ("upsert", "load")]
    made = [one for one in by_key if one.position in positions]
    return run.references.resolve_known(made)
