"""RPC `execute`: a stored job is run inside the transaction of the call."""

import json
import time

from odoo.exceptions import ConcurrencyError, UserError
from odoo.sql_db import Cursor

from ..engine.operations import complete
from ..engine.outcomes import Failure, Outcome, count
from ..execution.checks.lessons import Lessons
from ..execution.chunk_run import run_isolated, run_strict
from ..execution.orm.key_locks import MOST_KEYS_OF_A_CALL, LocksBeside
from ..execution.transaction.transient import TransactionEnded, TransientError
from ..execution.worker.second_connection import NoConnection, too_busy
from .chunk_transaction import ChunkTransaction
from .ending import end_call
from .locked_job import LockedJob
from .reasons import reason_of


class ExecuteNow(ChunkTransaction):
    """Runs a stored job to its end before the call returns."""

    def run(self, job: LockedJob):
        """Run a stored job inside the caller's transaction."""
        started = time.monotonic()
        stored = self.env["batch.job.operation"]
        operations = stored._pending(job["id"], 0, job["total"] - 1)
        try:
            outcomes = self._outcomes_now(job, operations)
        except TransactionEnded as error:
            with self.env.registry.cursor() as cr:
                text = type(self)(self.env(cr=cr))._fail_now(job.id, operations, started)
            raise UserError(text) from error
        except TransientError as error:
            # Odoo's `retrying` does the whole call again
            raise ConcurrencyError(reason_of(error)) from error
        self._land_now(job, complete(outcomes, operations), started)

    def _fail_now(self, job_id, operations, started) -> str:
        """An operation has ended the caller's transaction and committed the job with it: nothing of
        it may be done again unseen. Gives the reason."""
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
            causes=json.dumps(tally.causes),
            **counts,
        )
        end_call(job, counts, tally.causes, started)

    def _outcomes_now(self, job, operations) -> list[Outcome]:
        run = type(self)(self.env(su=True)).new_run(job.row, operations, Lessons())
        locks = self._lock_keys_beside(run, operations) if job["has_keys"] else None
        if job["policy"] == "all":
            outcomes = run_strict(run, operations, "rolled_back")
        else:
            outcomes = [one for step, _ends in run_isolated(run, operations) for one in step]
        if locks:
            locks.refuse_made_beside(run.job_env, _created_by_key(run, operations, outcomes))
        return outcomes

    def _lock_keys_beside(self, run, operations):
        """Lock keys for a call whose transaction has begun, on a connection of its own.

        The call may not see what was committed since it began; if that matters, it is done again.
        """
        locks = self.open_locks_beside()
        if locks:
            locks.take_beside(
                run.job_env, run.references.resolve_known(operations), MOST_KEYS_OF_A_CALL
            )
        return locks

    def open_locks_beside(self) -> LocksBeside | None:
        """The connection for the locks: to be opened before anything is stored."""
        if not isinstance(self.env.cr, Cursor):
            return None  # a test's: all cursors are one connection there, and nobody is beside it
        try:
            return LocksBeside.of(self.env)
        except NoConnection:
            raise too_busy(
                self.env._(
                    "The server has no database connection to spare for this call; nothing was "
                    "done. Send it again in a moment, or submit a job."
                )
            ) from None


def _created_by_key(run, operations, outcomes):
    positions = {one.position for one in outcomes if one.value == "created"}
    made = [one for one in operations if one.op == "upsert" and one.position in positions]
    return run.references.resolve_known(made)
