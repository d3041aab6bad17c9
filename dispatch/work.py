import logging
import time

from ..engine.chunk_size import FIRST_STEP, first_step, hands_back
from ..engine.failure_limit import failures_of, is_reached
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
from .key_shares import KeyShares
from .on_end_call import OnEndCall
from .one_transaction import OneTransaction
from .reasons import reason_of
from .recovery import Recovery

_logger = logging.getLogger(__name__)


class Work(ChunkTransaction):
    """The work transaction: executes a claimed chunk and commits effects and outcomes together."""

    def run(self, claim: Claim, lessons: Lessons, deadline: Deadline):
        """Execute a chunk. Whatever happens, release its lock and end the transaction.

        :param lessons: the lessons of the job's earlier chunks
        :param deadline: of the worker; a whole chunk ends itself before it
        """
        cr = self.env.cr
        locks = KeyLocks(cr)
        try:
            if claim.job["has_keys"]:
                self._lock_keys(claim, locks)
            if not self.is_ours(claim):
                cr.rollback()
            elif claim.on_end:
                OnEndCall(self.env).run(claim)
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
                # normally all is committed by now; if `put_back` failed, end its transaction
                cr.rollback()
                locks.release()
                if not self.has_ended:
                    ChunkLocks(self.env).let_go(claim.chunk_id)
                cr.commit()  # pylint: disable=invalid-commit

    def _lock_keys(self, claim, locks):
        """Lock the keys of upserts and loads, so that no other job creates the same records.

        Then end the transaction. The work transaction must begin under the locks: otherwise it
        would not see what the last holder of a lock has committed.
        """
        most = KeyShares(self.env).most()
        # leave out an operation whose model is gone: it has no key, and will fail with the reason
        operations = [one for one in self.operations(claim) if one.model in self.env]
        run = self.new_run(claim.job, operations, Lessons())
        ready = run.references.resolve_known(operations)
        locks.take(run.job_env, ready, most)
        self.env.cr.rollback()

    def _abandon(self, claim, error):
        """After a transaction that failed: put the chunk back if it is still ours.

        If an operation has ended the transaction, fail the chunk instead.
        """
        self.env.cr.rollback()
        self.env.transaction.reset()
        self.env.registry.reset_changes()
        if isinstance(error, TransactionEnded):
            _logger.error("job %s: an operation ended the transaction", claim.job["id"])
            Recovery(self.env).fail_ended(claim)
            return
        transient = is_transient(error)
        reason = reason_of(error) if transient else f"{type(error).__name__}: {error}"
        # the text of an unexpected error may hold customer data: log only its type
        log = _logger.info if transient else _logger.warning
        log(
            "job %s chunk %s is put back: %s", claim.job["id"], claim.chunk_id, type(error).__name__
        )
        counted = not isinstance(error, KeysTaken) and not is_stopping()
        Recovery(self.env).put_back(claim, reason, counted)

    def _run_chunk(self, claim, lessons, deadline):
        """Execute a chunk as far as time allows, and hand the rest back to the queue."""
        operations = rest = self.operations(claim)
        run = self.new_run(claim.job, operations, lessons)
        # `began`: when the chunk began; `started`: when the operations that land next began
        began = started = time.monotonic()
        if keeps_chunks_whole(claim.job):
            run.time_is_up = OneTransaction(self.env).stops_in_time(deadline)
        else:
            run.time_is_up = _hands_back(claim, run, began)
            run.first_step = first_step(self.env["batch.job.chunk"]._history(claim.job["id"]))
        try:
            for outcomes, ends in self._steps(claim, run, operations):
                # commit these outcomes with their effects before the next step executes anything
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

        During a short first step a table may still be nearly empty, so PostgreSQL plans to scan the
        whole table for each check. It keeps such a plan until autovacuum has analyzed the table.
        """
        self.env.cr.execute("DISCARD PLANS")

    def _steps(self, claim, run, operations):
        """Execute operations by the job's policy.

        :returns: pairs (outcomes to land, whether these are the chunk's last)
        """
        if claim.job["policy"] == "isolate" and operations:
            return run_isolated(run, operations)
        if not operations:
            return [([], True)]
        # under `stop`, `land` leaves the mates of a halted chunk as they are
        mates = "pending" if claim.job["policy"] == "stop" else "rolled_back"
        return [(run_strict(run, operations, mates), True)]


def _hands_back(claim, run, began):
    """Gives the `time_is_up` of a chunk that may be cut.

    The chunk hands back its rest after some seconds, when the server stops, or when `max_failures`
    is reached by the failures of the job's run so far and of this chunk. The next claim then pauses
    the job.
    """
    limit = claim.job["max_failures"]
    failures, ended = failures_of(claim.job)

    def time_is_up(_position):
        if is_stopping() or hands_back(time.monotonic() - began):
            return True
        return is_reached(limit, failures + run.failed, ended + run.ended)

    return time_is_up
