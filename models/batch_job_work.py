import json
import logging
import time

from odoo import api, models
from odoo.exceptions import ConcurrencyError
from odoo.tools import SQL

from ..engine.operations import Operation
from ..engine.outcomes import Failure, Outcome, Tally, count_causes
from ..engine.states import COUNTED_AS
from ..execution.chunk_run import StopAll, run_all, run_isolated, run_strict
from ..execution.guards import TransientError, is_transient
from ..execution.knowledge import Knowledge
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
        :param deadline: `Deadline` of the worker, for policy `all`
        """
        cr, chunks = self.env.cr, self.env["batch.job.chunk"]
        try:
            if not chunks._is_ours(claim.chunk_id, claim.attempt):
                cr.rollback()
            elif claim.job["policy"] == "all":
                self._run_all(claim, deadline)
            else:
                self._run_chunk(claim, knowledge)
        except Exception as error:
            if cr.closed:
                raise
            self._abandon(claim, error)
        finally:
            if not cr.closed:
                chunks._let_go(claim.chunk_id)
                cr.commit()  # pylint: disable=invalid-commit

    @api.model
    def _abandon(self, claim, error):
        """The transaction came to nothing: put the chunk back, if it is still ours."""
        self.env.cr.rollback()
        self.env.transaction.reset()
        self.env.registry.reset_changes()
        transient = is_transient(error)
        reason = _reason(error) if transient else f"{type(error).__name__}: {error}"
        # the text of an unexpected error may hold customer data: the log gets its type
        log = _logger.info if transient else _logger.warning
        log(
            "job %s chunk %s is put back: %s", claim.job["id"], claim.chunk_id, type(error).__name__
        )
        self.env["batch.job.claim"]._postpone(claim, reason)

    @api.model
    def _run_chunk(self, claim, knowledge):
        operations = self.env["batch.job.operation"]._pending(
            claim.job["id"], claim.first, claim.last
        )
        job_env = self._job_env(claim.job)
        started = time.monotonic()
        if claim.job["policy"] == "isolate" and operations:
            steps = run_isolated(job_env, operations, knowledge)
        elif operations:
            mates = "pending" if claim.job["policy"] == "stop" else "rolled_back"
            steps = [(run_strict(job_env, operations, mates), True)]
        else:
            steps = [([], True)]
        for outcomes, ends in steps:
            # what was just executed is committed before anything else is: outcomes and effects
            # are never in two transactions
            self._land(claim, operations, outcomes, started, ends)
            started = time.monotonic()
            if not ends and not self.env["batch.job.chunk"]._is_ours(claim.chunk_id, claim.attempt):
                return

    @api.model
    def _land(self, claim, operations, outcomes, started, ends):
        """Write outcomes and counts and commit them with the effects."""
        chunks = self.env["batch.job.chunk"]
        halted = claim.job["policy"] == "stop" and any(o.state == "failed" for o in outcomes)
        if halted:
            outcomes = [outcome for outcome in outcomes if outcome.state == "failed"]
            chunks._update(claim.chunk_id, culprit_position=outcomes[0].position)
        self._write_outcomes(claim.job, operations, outcomes)
        tally = count(outcomes)
        seconds = time.monotonic() - started
        causes = json.dumps(tally.causes)
        chunks._add_counts(claim.chunk_id, tally, causes, len(outcomes), seconds)
        if ends:
            chunks._update(claim.chunk_id, state="halted" if halted else "done")
            chunks._hand_over(claim.chunk_id)
        self._commit(claim)

    @api.model
    def _commit(self, claim):
        """Commit, run every commit hook, then tell other processes of invalidated caches.

        The hooks belong to many operations: one that fails neither undoes the commit, which is
        done by then, nor keeps the mail of the others.
        """
        cr, committed = self.env.cr, []
        cr.postcommit._funcs.appendleft(lambda: committed.append(True))
        finish = cr.commit
        while finish:
            try:
                finish = finish()  # pylint: disable=invalid-commit
            except Exception as error:
                if not committed or cr.closed:
                    raise
                # its text may hold customer data: the log gets its type
                _logger.warning(
                    "job %s chunk %s: after the commit a hook failed: %s",
                    claim.job["id"],
                    claim.chunk_id,
                    type(error).__name__,
                )
                finish = cr.postcommit.run
        self.env.registry.signal_changes()

    @api.model
    def _write_outcomes(self, job, operations: list[Operation], outcomes: list[Outcome]):
        stored = self.env["batch.job.operation"]
        stored._record(job["id"], outcomes)
        if job["has_passwords"]:
            ended = {outcome.position for outcome in outcomes if outcome.state != "pending"}
            stored._blank_passwords(job["id"], [o for o in operations if o.position in ended])

    @api.model
    def _job_env(self, job):
        """The environment of the job's owner, as an RPC call of theirs would have had it."""
        context = dict(job["run_context"] or {})
        user = self.env["res.users"].browse(job["user_id"]).sudo()
        if "allowed_company_ids" not in context:
            others = [one for one in user.company_ids._ids if one != job["company_id"]]
            context["allowed_company_ids"] = [job["company_id"], *others]
        return self.env(user=job["user_id"], su=False, context=context)

    # Policy `all`

    @api.model
    def _run_all(self, claim, deadline):
        job, started = claim.job, time.monotonic()
        operations = self.env["batch.job.operation"]._pending(job["id"], claim.first, claim.last)
        with self.env.registry.cursor() as side:
            try:
                outcomes = run_all(
                    self._job_env(job),
                    operations,
                    lambda position: self._before_step(side, job["id"], position, deadline),
                )
            except StopAll as stop:
                self.env.cr.rollback()
                self.env.transaction.reset()
                self.env.registry.reset_changes()
                self._land_stopped(claim, operations, stop, started)
                return
        self._land(claim, operations, outcomes, started, ends=True)

    @api.model
    def _before_step(self, side, job_id, position, deadline):
        """Publish how far it is and read the cancel flag, on a second cursor that touches no row
        the work transaction locks."""
        side.execute(
            SQL(
                "UPDATE batch_job SET step_position = %s WHERE id = %s RETURNING state",
                position,
                job_id,
            )
        )
        state = side.fetchone()[0]
        job = self.env(cr=side)["batch.job"].browse(job_id)
        job._bus_send("batch_job/progress", {"id": job_id, "state": state})
        side.commit()
        if state == "cancelled":
            raise StopAll(position, None)
        if deadline.is_near():
            text = self.env._(
                "The job reached operation %(index)s and stopped itself before the worker's time "
                "limit (%(limit)s); nothing was kept. Raise the limit, or use another policy.",
                index=position,
                limit=deadline.describe(),
            )
            raise StopAll(position, Failure("time_limit", text))

    @api.model
    def _land_stopped(self, claim, operations, stop, started):
        """Nothing of it is kept but the reason."""
        chunks = self.env["batch.job.chunk"]
        if not chunks._is_ours(claim.chunk_id, claim.attempt):
            return
        if stop.failure is None:
            chunks._update(claim.chunk_id, state="queued")
            chunks._hand_over(claim.chunk_id)
            self._commit(claim)
            return
        outcomes = [
            Outcome(o.position, "failed", failure=stop.failure)
            if o.position == stop.position
            else Outcome(o.position, "rolled_back")
            for o in operations
        ]
        self._land(claim, operations, outcomes, started, ends=True)

    # RPC `execute`

    @api.model
    def _execute_now(self, job):
        """Run a stored job inside the caller's transaction."""
        started = time.monotonic()
        stored = self.env["batch.job.operation"]
        operations = stored._pending(job["id"], 0, job["total"] - 1)
        job_env = self.sudo()._job_env(job)
        try:
            if job["policy"] == "all":
                outcomes = run_strict(job_env, operations, "rolled_back")
            else:
                steps = run_isolated(job_env, operations, Knowledge())
                outcomes = [outcome for step, _ends in steps for outcome in step]
        except TransientError as error:
            # Odoo's `retrying` does the whole call again
            raise ConcurrencyError(_reason(error)) from error
        self._write_outcomes(job, operations, outcomes)
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
        self.env["batch.job"].browse(job["id"])._finish_now(counts, tally.causes, started)


def count(outcomes: list[Outcome]) -> Tally:
    tally = Tally(causes=count_causes([o.failure for o in outcomes if o.failure]))
    for outcome in outcomes:
        counter = COUNTED_AS.get(outcome.state)
        if counter:
            setattr(tally, counter, getattr(tally, counter) + 1)
    return tally


def _reason(error) -> str:
    while error is not None:
        code = getattr(error, "pgcode", None)
        if code:
            return str(getattr(error.diag, "message_primary", None) or error).strip()
        last, error = error, error.__cause__ or error.__context__
    return str(last) or type(last).__name__
