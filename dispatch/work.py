import logging
import time

from ..engine.chunk_size import FIRST_STEP, first_step, hands_back
from ..engine.states import is_one_transaction, keeps_chunks_whole
from ..execution.checks.lessons import Lessons
from ..execution.chunk_run import run_isolated, run_strict
from ..execution.orm.key_locks import KeyLocks, KeysTaken
from ..execution.transaction.transient import TransactionEnded, is_transient
from ..execution.worker.deadline import Deadline, StopAll
from ..execution.worker.server_stop import is_stopping
from .chunk_lock import ChunkLocks
from .chunk_transaction import ChunkTransaction
from .claim import Claim
from .one_transaction import OneTransaction
from .reasons import reason_of
from .recovery import Recovery
from .slots import Slots

_logger = logging.getLogger(__name__)


class Work(ChunkTransaction):
    """The work transaction: executes a claimed chunk and commits effects and outcomes together."""

    def run(self, claim: Claim, lessons: Lessons, deadline: Deadline):
        """Execute a chunk. Whatever happens, its lock is given back and the transaction is clean.

        :param lessons: what earlier chunks of the job have taught
        :param deadline: of the worker, for what stands or falls together
        """
        cr, chunks = self.env.cr, self.env["batch.job.chunk"]
        locks = KeyLocks(cr)
        try:
            if claim.job["has_keys"]:
                self._lock_keys(claim, locks)
            if not chunks._is_ours(claim.chunk_id, claim.attempt):
                cr.rollback()
            elif is_one_transaction(claim.job) or claim.lost and keeps_chunks_whole(claim.job):
                OneTransaction(self.env).run(claim, deadline)
            else:
                self._run_chunk(claim, lessons, deadline)
        except Exception as error:
            if cr.closed:
                raise
            self._abandon(claim, error)
        finally:
            if not cr.closed:
                cr.rollback()  # nothing is left to commit, unless putting the chunk back failed
                locks.release()
                ChunkLocks(self.env).let_go(claim.chunk_id)
                cr.commit()  # pylint: disable=invalid-commit

    def _lock_keys(self, claim, locks):
        """Keep other jobs from making the same new records.

        Before the work transaction: one that began earlier would not see what the holder of a lock
        has committed meanwhile.
        """
        # an operation of a model that is gone has no key; it will fail and say so
        operations = [one for one in self.operations(claim) if one.model in self.env]
        run = self.new_run(claim.job, operations, Lessons())
        ready = run.references.resolve_known(operations)
        locks.take(run.job_env, ready, Slots(self.env).share_of_keys())
        self.env.cr.rollback()

    def _abandon(self, claim, error):
        """The transaction came to nothing: put the chunk back, if it is still ours."""
        self.env.cr.rollback()
        self.env.transaction.reset()
        self.env.registry.reset_changes()
        if isinstance(error, TransactionEnded):
            _logger.error("job %s: an operation ended the transaction", claim.job["id"])
            Recovery(self.env).fail_ended(claim)
            return
        transient = is_transient(error)
        reason = reason_of(error) if transient else f"{type(error).__name__}: {error}"
        # the text of an unexpected error may hold customer data: the log gets its type
        log = _logger.info if transient else _logger.warning
        log(
            "job %s chunk %s is put back: %s", claim.job["id"], claim.chunk_id, type(error).__name__
        )
        counted = not isinstance(error, KeysTaken) and not is_stopping()
        Recovery(self.env).postpone(claim, reason, counted)

    def _run_chunk(self, claim, lessons, deadline):
        """Execute a chunk as far as time allows; what is left goes back to the queue."""
        operations = rest = self.operations(claim)
        run = self.new_run(claim.job, operations, lessons)
        began = started = time.monotonic()
        if keeps_chunks_whole(claim.job):
            run.time_is_up = OneTransaction(self.env).stops_in_time(deadline)
        else:
            run.time_is_up = lambda _at: is_stopping() or hands_back(time.monotonic() - began)
            run.first_step = first_step(self.env["batch.job.chunk"]._history(claim.job["id"]))
        try:
            for outcomes, ends in self._steps(claim, run, operations):
                # what was just executed is committed before anything else is: outcomes and effects
                # are never in two transactions
                settled = {outcome.position for outcome in outcomes}
                rest = [one for one in rest if one.position not in settled]
                self.land(claim, operations, outcomes, started, ends, rest)
                started = time.monotonic()
                if not ends and not self.is_ours(claim):
                    return
            if run.first_step == FIRST_STEP:
                self._forget_plans()
        except StopAll as stop:
            OneTransaction(self.env).stop(claim, operations, stop, started)

    def _forget_plans(self):
        """Have PostgreSQL plan the checks of foreign keys anew.

        Short first steps on a table that was empty have them planned as scans of the whole table,
        and PostgreSQL keeps the plans until autovacuum looks at the table.
        """
        self.env.cr.execute("DISCARD PLANS")

    def _steps(self, claim, run, operations):
        """(outcomes, whether they are the last), by the job's policy."""
        if claim.job["policy"] == "isolate" and operations:
            return run_isolated(run, operations)
        if not operations:
            return [([], True)]
        mates = "pending" if claim.job["policy"] == "stop" else "rolled_back"
        return [(run_strict(run, operations, mates), True)]
