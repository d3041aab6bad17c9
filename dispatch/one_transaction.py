import time

from psycopg2 import errors as pg

from odoo.tools import SQL

from ..engine.outcomes import Failure, Outcome, Tally
from ..engine.retry import LOST_BUDGET
from ..engine.states import is_one_transaction
from ..execution.checks.lessons import Lessons
from ..execution.chunk_run import run_all, run_dry, run_stepwise
from ..execution.transaction.commit import commit_and_run_hooks
from ..execution.transaction.dry_run import dry_run
from ..execution.worker.deadline import Deadline, OutOfTime, StopAll
from .chunk_lock import ChunkLocks
from .chunk_transaction import ChunkTransaction
from .locked_job import in_language_of_owner

PATIENCE = "500ms"  # the longest wait for the lock on the job's row


class OneTransaction(ChunkTransaction):
    """Executes a whole chunk in steps.

    The chunk is a job of policy `all`, a dry run (always rolled back), or a chunk of policy `chunk`
    with a chunk size that has lost a worker.
    """

    def run(self, claim, deadline):
        job, started = claim.job, time.monotonic()
        operations = self.operations(claim)
        run = self.new_run(job, operations, Lessons())
        run.time_is_up = self._time_is_up(job, deadline)
        with self.env.registry.cursor() as side:

            def before_step(position):
                self._before_step(side, job, position, deadline)

            try:
                with dry_run(job["dry_run"]):
                    if job["dry_run"]:
                        outcomes = run_dry(run, operations, job, before_step)
                    elif job["policy"] == "chunk":
                        alone = claim.lost == LOST_BUDGET - 1
                        outcomes = run_stepwise(run, operations, before_step, alone)
                    else:
                        outcomes = run_all(run, operations, job, before_step)
            except StopAll as stop:
                self.stop(claim, operations, stop, started)
                return
        if job["dry_run"]:
            self._undo()
            if not self.is_ours(claim):
                return
            self._skip_untried(claim, operations[len(outcomes) :])
        self.land(claim, operations, outcomes, started, ends=True)

    def _time_is_up(self, job, deadline):
        if job["dry_run"]:
            return lambda _position: deadline.is_near()  # what was tried keeps its outcome
        return self.stops_in_time(deadline)

    def _skip_untried(self, claim, untried):
        """Skip the operations for which the time of a dry run did not suffice."""
        if not untried:
            return
        text = in_language_of_owner(self.env, claim.job)._(
            "Not tried: the time of the dry run was over. A retry tries it."
        )
        operations, chunks = self.env["batch.job.operation"], self.env["batch.job.chunk"]
        count = operations._skip_untried(claim.job["id"], untried[0].position, claim.last, text)
        chunks._add_counts(claim.chunk_id, Tally(skipped=count), "[]", 0, 0.0, "running")
        chunks._update(claim.chunk_id, untried=count)

    def stops_in_time(self, deadline):
        """Gives the `time_is_up` of a whole chunk's run.

        Such a run hands nothing back. It ends itself before the time limit of its worker.
        """

        def time_is_up(position):
            if deadline.is_near():
                raise OutOfTime(position)
            return False

        return time_is_up

    def _undo(self):
        """Roll back the transaction, and clear the caches, which a rollback leaves as they are."""
        registry = self.env.registry
        self.env.cr.rollback()
        self.env.transaction.reset()
        # any cache may hold values that an operation has looked up and that are rolled back
        registry.clear_all_caches()
        # other processes never saw these changes: their caches are right
        registry.reset_changes()

    def _before_step(self, side, row, position, deadline):
        """Publish the position, and look for a cancel.

        :param side: a second cursor; it locks no row that the work transaction has locked
        :raises StopAll: the job was cancelled, or time is up
        """
        self._publish_position(side, row, position)
        side.execute(SQL("SELECT state FROM batch_job WHERE id = %s", row["id"]))
        (state,) = side.fetchone()
        job = self.env(cr=side)["batch.job"].browse(row["id"])
        job._bus_send("batch_job/progress", {"id": row["id"], "state": state})
        commit_and_run_hooks(side, f"job {row['id']}")
        if state == "cancelled":
            raise StopAll(position)
        if deadline.is_near():
            raise OutOfTime(position)

    def _publish_position(self, side, row, position):
        """Write the position into the job's row, if the row is not locked for long.

        The holder of the row may be waiting for our work transaction. PostgreSQL cannot detect that
        deadlock across two connections. So a job in one transaction skips a locked row. A chunk
        waits for `PATIENCE`, because claims of other runners lock the row often. Its position is
        needed: it says which operation was at work when a worker died.
        """
        # under REPEATABLE READ this fails if a verb has just changed the row: all is done again
        side.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
        waits = not is_one_transaction(row)
        update = SQL(
            """
            UPDATE batch_job SET step_position = %s
             WHERE id = (SELECT id FROM batch_job WHERE id = %s FOR NO KEY UPDATE %s)
            """,
            position,
            row["id"],
            SQL() if waits else SQL("SKIP LOCKED"),
        )
        if waits:
            side.execute(SQL("SET LOCAL lock_timeout = %s", PATIENCE))
        try:
            side.execute(update, log_exceptions=False)
            side.execute("SET LOCAL lock_timeout TO DEFAULT")
        except pg.LockNotAvailable:
            side.rollback()

    def stop(self, claim, operations, stop, started):
        """Roll back the chunk, and store only the reason.

        A cancelled job needs no reason: the chunk is queued again, and the next claim drops it.
        """
        self._undo()
        if not self.is_ours(claim):
            return
        failure = stop.failure
        if isinstance(stop, OutOfTime):
            failure = self._out_of_time(claim.job, stop.position)
        if failure is None:
            self.env["batch.job.chunk"]._update(claim.chunk_id, state="queued")
            ChunkLocks(self.env).hand_over(claim.chunk_id)
            self.commit(claim)
            return
        outcomes = [
            Outcome(o.position, "failed", failure=failure)
            if o.position == stop.position
            else Outcome(o.position, "rolled_back")
            for o in operations
        ]
        self.land(claim, operations, outcomes, started, ends=True)

    def _out_of_time(self, row, position) -> Failure:
        """One operation has to carry the failure; the text says that it is not at fault."""
        env = in_language_of_owner(self.env, row)
        where = {
            "index": env["batch.job.operation"]._index_at(row["id"], position),
            "limit": Deadline().describe(env),
        }
        if not is_one_transaction(row):
            text = env._(
                "The chunk came near its worker's time limit (%(limit)s) and ended itself; nothing "
                "of it was kept. Operation %(index)s is not at fault: it was the next one. Use a "
                "smaller chunk size.",
                **where,
            )
        else:
            text = env._(
                "The job came near its worker's time limit (%(limit)s) and ended itself; nothing "
                "was kept. Operation %(index)s is not at fault: it was the next one. Raise the "
                "limit, submit fewer operations at once, or use a policy other than all.",
                **where,
            )
        return Failure("time_limit", text)
