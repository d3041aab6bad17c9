import time

from psycopg2 import errors as pg

from odoo.tools import SQL

from ..engine.outcomes import Failure, Outcome
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

PATIENCE = "500ms"  # for the job's row


class OneTransaction(ChunkTransaction):
    """What stands or falls together, step by step: a whole job under policy `all`, a dry run,
    which is rolled back, and a chunk of policy `chunk` that has lost a worker."""

    def run(self, claim, deadline):
        job, started = claim.job, time.monotonic()
        operations = self.operations(claim)
        run = self.new_run(job, operations, Lessons())
        run.time_is_up = self.stops_in_time(deadline)
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
            if not self.env["batch.job.chunk"]._is_ours(claim.chunk_id, claim.attempt):
                return
        self.land(claim, operations, outcomes, started, ends=True)

    def stops_in_time(self, deadline):
        """For what stands whole: nothing is handed back, all of it ends before its worker does."""

        def time_is_up(position):
            if deadline.is_near():
                raise OutOfTime(position)
            return False

        return time_is_up

    def _undo(self):
        """Roll everything back, with what a rollback of the database leaves behind."""
        registry = self.env.registry
        self.env.cr.rollback()
        self.env.transaction.reset()
        # whatever an operation has looked up may be in a cache, also what nobody has invalidated
        registry.clear_all_caches()
        # and it is nobody else's affair
        registry.reset_changes()

    def _before_step(self, side, row, position, deadline):
        """Publish how far it is and read the cancel flag, on a second cursor that touches no row
        the work transaction locks."""
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
        """Waits for the job's row 500 ms at most, and only for a chunk.

        The holder of the row may be waiting for our work transaction. PostgreSQL cannot detect that
        deadlock across two connections. A chunk waits for the claims of other runners, because its
        position says which operation was at work when a worker dies.
        """
        # or it would fail, and all be done again, when a verb has locked the row meanwhile
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
        """Nothing of it is kept but the reason."""
        self._undo()
        chunks = self.env["batch.job.chunk"]
        if not chunks._is_ours(claim.chunk_id, claim.attempt):
            return
        failure = stop.failure
        if isinstance(stop, OutOfTime):
            failure = self._out_of_time(claim.job, stop.position)
        if failure is None:
            chunks._update(claim.chunk_id, state="queued")
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
        """One operation has to carry the reason; the words say that it is not at fault."""
        env = in_language_of_owner(self.env, row)
        where = {
            "index": env["batch.job.operation"]._index_at(row["id"], position),
            "limit": Deadline().describe(),
        }
        if not is_one_transaction(row):
            text = env._(
                "The chunk came near its worker's time limit (%(limit)s) and ended itself; nothing "
                "of it was kept. Operation %(index)s is not at fault: it was the next one. Use a "
                "smaller chunk size.",
                **where,
            )
        elif row["dry_run"]:
            text = env._(
                "The dry run came near its worker's time limit (%(limit)s) and ended itself; "
                "nothing was kept. Operation %(index)s is not at fault: it was the next one. Raise "
                "the limit, or try fewer operations at once.",
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
