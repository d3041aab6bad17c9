import dataclasses
import json
import logging
import time

from odoo import api, models
from odoo.exceptions import ConcurrencyError, UserError
from odoo.sql_db import Cursor

from ..engine.chunk_size import FIRST_STEP, first_step, handed_back, hands_back
from ..engine.operations import complete
from ..engine.outcomes import Failure, Outcome, count
from ..engine.references import references_of
from ..engine.states import is_one_transaction, stands_whole
from ..execution.chunk_run import Run, run_isolated, run_strict
from ..execution.commit import commit_and_run_hooks
from ..execution.deadline import StopAll
from ..execution.key_locks import (
    MOST_KEYS_OF_A_CALL,
    KeyLocks,
    KeysTaken,
    LocksBeside,
)
from ..execution.knowledge import Knowledge
from ..execution.references import References
from ..execution.second_connection import NoConnection, too_busy
from ..execution.server_stop import is_stopping
from ..execution.transaction.transient import TransactionEnded, TransientError, is_transient
from .batch_job_claim import Claim

_logger = logging.getLogger(__name__)


class BatchJobWork(models.AbstractModel):
    """The work transaction: executes a claimed chunk and commits effects and outcomes together."""

    _name = "batch.job.work"
    _description = "Batch Job Work"

    @api.model
    def _work(self, claim: Claim, knowledge: Knowledge, deadline):
        """Execute a chunk. Whatever happens, its lock is given back and the transaction is clean.

        :param knowledge: what earlier chunks of the job have taught
        :param deadline: `Deadline` of the worker, for what stands or falls together
        """
        cr, chunks = self.env.cr, self.env["batch.job.chunk"]
        locks = KeyLocks(cr)
        try:
            if claim.job["has_keys"]:
                self._lock_keys(claim, locks)
            if not chunks._is_ours(claim.chunk_id, claim.attempt):
                cr.rollback()
            elif is_one_transaction(claim.job) or claim.lost and stands_whole(claim.job):
                self.env["batch.job.one.transaction"]._run(claim, deadline)
            else:
                self._run_chunk(claim, knowledge, deadline)
        except Exception as error:
            if cr.closed:
                raise
            self._abandon(claim, error)
        finally:
            if not cr.closed:
                cr.rollback()  # nothing is left to commit, unless putting the chunk back failed
                locks.release()
                chunks._let_go(claim.chunk_id)
                cr.commit()  # pylint: disable=invalid-commit

    @api.model
    def _lock_keys(self, claim, locks):
        """Keep other jobs from making the same new records.

        Before the work transaction: one that began earlier would not see what the holder of a lock
        has committed meanwhile.
        """
        # an operation of a model that is gone has no key; it will fail and say so
        operations = [one for one in self._operations(claim) if one.model in self.env]
        run = self._new_run(claim.job, operations, Knowledge())
        ready = run.references.resolve_known(operations)
        locks.take(run.job_env, ready, self.env["batch.job.slots"]._share_of_keys())
        self.env.cr.rollback()

    @api.model
    def _operations(self, claim):
        return self.env["batch.job.operation"]._pending(claim.job["id"], claim.first, claim.last)

    @api.model
    def _new_run(self, job, operations, knowledge) -> Run:
        """What is known before some operations are executed."""
        stored = None
        if job["has_references"]:
            names = {name for one in operations for name in references_of(one.payload)}
            stored = self.env["batch.job.operation"]._referred(job["id"], names)
        return Run(self._job_env(job), knowledge, References(stored))

    @api.model
    def _abandon(self, claim, error):
        """The transaction came to nothing: put the chunk back, if it is still ours."""
        self.env.cr.rollback()
        self.env.transaction.reset()
        self.env.registry.reset_changes()
        if isinstance(error, TransactionEnded):
            _logger.error("job %s: an operation ended the transaction", claim.job["id"])
            self.env["batch.job.claim"]._fail_ended(claim)
            return
        transient = is_transient(error)
        reason = _reason(error) if transient else f"{type(error).__name__}: {error}"
        # the text of an unexpected error may hold customer data: the log gets its type
        log = _logger.info if transient else _logger.warning
        log(
            "job %s chunk %s is put back: %s", claim.job["id"], claim.chunk_id, type(error).__name__
        )
        counted = not isinstance(error, KeysTaken) and not is_stopping()
        self.env["batch.job.claim"]._postpone(claim, reason, counted)

    @api.model
    def _run_chunk(self, claim, knowledge, deadline):
        """Execute a chunk as far as time allows; what is left goes back to the queue."""
        operations = rest = self._operations(claim)
        run = self._new_run(claim.job, operations, knowledge)
        began = started = time.monotonic()
        if stands_whole(claim.job):
            run.time_is_up = self.env["batch.job.one.transaction"]._stops_in_time(deadline)
        else:
            run.time_is_up = lambda _at: is_stopping() or hands_back(time.monotonic() - began)
            run.first_step = first_step(self.env["batch.job.chunk"]._history(claim.job["id"]))
        try:
            for outcomes, ends in self._steps(claim, run, operations):
                # what was just executed is committed before anything else is: outcomes and effects
                # are never in two transactions
                settled = {outcome.position for outcome in outcomes}
                rest = [one for one in rest if one.position not in settled]
                self._land(claim, operations, outcomes, started, ends, rest)
                started = time.monotonic()
                if not ends and not self._is_ours(claim):
                    return
            if run.first_step == FIRST_STEP:
                self._forget_plans()
        except StopAll as stop:
            self.env["batch.job.one.transaction"]._stop(claim, operations, stop, started)

    @api.model
    def _forget_plans(self):
        """Have PostgreSQL plan the checks of foreign keys anew.

        Short first steps on a table that was empty have them planned as scans of the whole table,
        and PostgreSQL keeps the plans until autovacuum looks at the table.
        """
        self.env.cr.execute("DISCARD PLANS")

    @api.model
    def _steps(self, claim, run, operations):
        """(outcomes, whether they are the last), by the job's policy."""
        if claim.job["policy"] == "isolate" and operations:
            return run_isolated(run, operations)
        if not operations:
            return [([], True)]
        mates = "pending" if claim.job["policy"] == "stop" else "rolled_back"
        return [(run_strict(run, operations, mates), True)]

    @api.model
    def _is_ours(self, claim):
        return self.env["batch.job.chunk"]._is_ours(claim.chunk_id, claim.attempt)

    @api.model
    def _land(self, claim, operations, outcomes, started, ends, rest=()):
        """Write outcomes and counts and commit them with the effects.

        :param rest: operations without an outcome; at the end they go back to the queue
        """
        chunks = self.env["batch.job.chunk"]
        stops = claim.job["policy"] == "stop" and not claim.job["dry_run"]
        halted = stops and any(outcome.state == "failed" for outcome in outcomes)
        if halted:
            outcomes = [outcome for outcome in outcomes if outcome.state == "failed"]
            chunks._update(claim.chunk_id, culprit_position=outcomes[0].position)
        outcomes = complete(outcomes, operations)
        if claim.job["dry_run"]:
            outcomes = [dataclasses.replace(outcome, ids=None) for outcome in outcomes]
        self._write_outcomes(claim.job, outcomes, keep_passwords=halted)
        tally = count(outcomes)
        seconds = time.monotonic() - started
        causes = json.dumps(tally.causes)
        state = ("halted" if halted else "done") if ends else "running"
        chunks._add_counts(claim.chunk_id, tally, causes, len(outcomes), seconds, state)
        if ends:
            self._hand_back(claim, operations, rest)
            chunks._hand_over(claim.chunk_id)
        self._commit(claim)

    @api.model
    def _hand_back(self, claim, operations, rest):
        """Queue what a chunk had no time for: new chunks, no attempt or conflict counted."""
        if not rest:
            return
        chunks = self.env["batch.job.chunk"]
        chunk = chunks._chunk(claim.chunk_id)
        untried = {one.position for one in rest}
        last = max(one.last_position for one in operations if one.position not in untried)
        chunks._update(claim.chunk_id, last_position=last)
        for part in handed_back(rest, chunk["size"], chunk["duration"]):
            place = {"wave": chunk["wave"], "suspect": chunk["suspect"]}
            chunks._cut(claim.job, part[0].position, part[-1].last_position, **place)
        if claim.job["max_parallel"] > 1:
            self.env["batch.job.runner"]._wake()  # there may have been no second chunk before

    @api.model
    def _commit(self, claim):
        """Commit, then tell other processes of invalidated caches."""
        commit_and_run_hooks(self.env.cr, f"job {claim.job['id']} chunk {claim.chunk_id}")
        self.env.registry.signal_changes()

    @api.model
    def _write_outcomes(self, job, outcomes: list[Outcome], keep_passwords=False):
        stored = self.env["batch.job.operation"]
        stored._record(job["id"], outcomes)
        if outcomes and not keep_passwords:
            positions = [outcome.position for outcome in outcomes]
            stored._blank_ended(job, min(positions), max(positions))

    @api.model
    def _job_env(self, job):
        """The environment of the job's owner, as an RPC call of theirs would have had it."""
        context = dict(job["run_context"] or {})
        user = self.env["res.users"].browse(job["user_id"]).sudo()
        if "allowed_company_ids" not in context:
            others = [one for one in user._get_company_ids() if one != job["company_id"]]
            context["allowed_company_ids"] = [job["company_id"], *others]
        return self.env(user=job["user_id"], su=False, context=context)

    # RPC `execute`

    @api.model
    def _execute_now(self, job):
        """Run a stored job inside the caller's transaction."""
        started = time.monotonic()
        stored = self.env["batch.job.operation"]
        operations = stored._pending(job["id"], 0, job["total"] - 1)
        try:
            outcomes = self._outcomes_now(job, operations)
        except TransactionEnded as error:
            with self.env.registry.cursor() as cr:
                text = self.with_env(self.env(cr=cr))._fail_now(job, operations, started)
            raise UserError(text) from error
        except TransientError as error:
            # Odoo's `retrying` does the whole call again
            raise ConcurrencyError(_reason(error)) from error
        self._land_now(job, complete(outcomes, operations), started)

    @api.model
    def _fail_now(self, job, operations, started) -> str:
        """An operation has ended the caller's transaction and committed the job with it: nothing of
        it may be done again unseen. Gives the reason."""
        text = self.env._(
            "An operation ended the transaction. What was kept of this call is not known: look "
            "before you repeat it."
        )
        row = self.env["batch.job"].browse(job["id"])._locked_row()
        if row and row["state"] == "running":
            failure = Failure("error", text)
            outcomes = [Outcome(o.position, "failed", failure=failure) for o in operations]
            self._land_now(job, complete(outcomes, operations), started)
        return text

    @api.model
    def _land_now(self, job, outcomes, started):
        self._write_outcomes(job, outcomes)
        tally = count(outcomes)
        counts = {name: getattr(tally, name) for name in ("succeeded", "failed", "skipped")}
        self.env["batch.job.chunk"]._cut(
            job,
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
        self.env["batch.job"].browse(job["id"])._finish_now(job, counts, tally.causes, started)

    @api.model
    def _outcomes_now(self, job, operations) -> list[Outcome]:
        run = self.sudo()._new_run(job, operations, Knowledge())
        locks = self._lock_keys_beside(run, operations) if job["has_keys"] else None
        if job["policy"] == "all":
            outcomes = run_strict(run, operations, "rolled_back")
        else:
            outcomes = [one for step, _ends in run_isolated(run, operations) for one in step]
        if locks:
            locks.refuse_made_beside(run.job_env, _created_by_key(run, operations, outcomes))
        return outcomes

    @api.model
    def _lock_keys_beside(self, run, operations):
        """Lock keys for a call whose transaction has begun, on a connection of its own.

        The call may not see what was committed since it began; if that matters, it is done again.
        """
        locks = self._open_locks_beside()
        if locks:
            locks.take_beside(
                run.job_env, run.references.resolve_known(operations), MOST_KEYS_OF_A_CALL
            )
        return locks

    @api.model
    def _open_locks_beside(self) -> LocksBeside | None:
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


def _reason(error) -> str:
    while error is not None:
        if isinstance(error, KeysTaken):
            return str(error)
        code = getattr(error, "pgcode", None)
        if code:
            return str(getattr(error.diag, "message_primary", None) or error).strip()
        last, error = error, error.__cause__ or error.__context__
    return str(last) or type(last).__name__
