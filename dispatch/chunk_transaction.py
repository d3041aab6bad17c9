"""The base class of `Work`, `OneTransaction` and `ExecuteNow`."""

import dataclasses
import json
import time
from collections.abc import Sequence

from odoo.tools import SQL

from ..engine.chunk_size import handed_back
from ..engine.operations import Operation, complete
from ..engine.outcomes import Outcome, count
from ..engine.pace import chunks_at_once
from ..engine.references import references_of
from ..execution.checks.lessons import Lessons
from ..execution.chunk_run import Run
from ..execution.references import TRIED_APART, References
from ..execution.transaction.commit import commit_and_run_hooks
from .base import Dispatch
from .chunk_lock import ChunkLocks
from .claim import Claim
from .slots import Slots

YIELD_AFTER = 200  # milliseconds that the later of two chunks waits for a lock


class ChunkTransaction(Dispatch):
    """Reads the operations of a chunk, and commits their effects and outcomes together."""

    has_ended = False  # the last part has landed: the chunk's lock is given back

    def operations(self, claim: Claim) -> list[Operation]:
        return self.env["batch.job.operation"]._pending(claim.job["id"], claim.first, claim.last)

    def new_run(self, job: dict, operations: list[Operation], lessons: Lessons) -> Run:
        """The run for some operations, in the environment of the job's owner.

        The run knows the outcomes of the operations that a `$ref` names.
        """
        stored = None
        if job["has_references"]:
            names = {name for one in operations for name in references_of(one.payload)}
            stored = self.env["batch.job.operation"]._referred(job["id"], names)
            if job["dry_run"]:
                stored = {
                    name: (TRIED_APART if state == "done" else state, ids, index)
                    for name, (state, ids, index) in stored.items()
                }
        env = self._job_env(job)
        return Run(env, lessons, References(env, stored))

    def is_ours(self, claim: Claim) -> bool:
        """Pass the fence: lock the row of the chunk if the chunk is still ours."""
        ours = self.env["batch.job.chunk"]._is_ours(claim.chunk_id, claim.attempt)
        if ours and claim.yields:
            self.env.cr.execute(SQL("SET LOCAL lock_timeout = %s", YIELD_AFTER))
        return ours

    def land(
        self,
        claim: Claim,
        operations: list[Operation],
        outcomes: list[Outcome],
        started: float,
        ends: bool,
        rest: Sequence[Operation] = (),
    ):
        """Write outcomes and counts, and commit them together with the effects.

        :param started: monotonic seconds: when these operations began
        :param ends: these are the last outcomes of the chunk
        :param rest: the operations without an outcome; if the chunk ends, they are handed back
        """
        chunks = self.env["batch.job.chunk"]
        stops = claim.job["policy"] == "stop" and not claim.job["dry_run"]
        halted = stops and any(outcome.state == "failed" for outcome in outcomes)
        if halted:
            # store only the culprit's outcome: the mates stay pending
            outcomes = [outcome for outcome in outcomes if outcome.state == "failed"]
            chunks._update(claim.chunk_id, culprit_position=outcomes[0].position)
        outcomes = complete(outcomes, operations)
        if claim.job["dry_run"]:
            outcomes = [dataclasses.replace(outcome, ids=None) for outcome in outcomes]
        self.write_outcomes(claim.job, outcomes, keep_passwords=halted)
        tally = count(outcomes)
        seconds = time.monotonic() - started
        causes = json.dumps(tally.causes)
        state = ("halted" if halted else "done") if ends else "running"
        chunks._add_counts(claim.chunk_id, tally, causes, len(outcomes), seconds, state)
        if ends:
            self._hand_back(claim, operations, rest)
            self._commit_end(claim, halted)
        else:
            self.commit(claim)
        self.has_ended = ends

    def _commit_end(self, claim, halted):
        """Commit the last outcomes, and release the chunk's lock.

        The lock outlasts a COMMIT that fails: until the chunk is put back, it is not an orphan. A
        halted chunk gives its lock back within the commit, because a resume may queue it at once.
        """
        locks = ChunkLocks(self.env)
        if halted:
            locks.hand_over(claim.chunk_id)
        self.commit(claim)
        if not halted:
            locks.release(claim.chunk_id)

    def _hand_back(self, claim, operations, rest):
        """Queue what the chunk had no time for, as new chunks without attempts or conflicts."""
        if not rest:
            return
        chunks = self.env["batch.job.chunk"]
        chunk = chunks._chunk(claim.chunk_id)
        untried = {one.position for one in rest}
        last = max(one.last_position for one in operations if one.position not in untried)
        chunks._update(claim.chunk_id, last_position=last)
        for piece in handed_back(rest, chunk["size"], chunk["duration"]):
            place = {"wave": chunk["wave"], "suspect": chunk["suspect"]}
            chunks._cut(claim.job, piece[0].position, piece[-1].last_position, **place)
        at_once = chunks_at_once(claim.job)
        if at_once > 1:
            # other runners may have left because there was no second chunk; now there is
            Slots(self.env).wake(most=at_once)

    def commit(self, claim: Claim):
        """Commit, then tell the other processes which caches they have to drop."""
        commit_and_run_hooks(self.env.cr, f"job {claim.job['id']} chunk {claim.chunk_id}")
        self.env.registry.signal_changes()

    def write_outcomes(self, job, outcomes: list[Outcome], keep_passwords=False):
        stored = self.env["batch.job.operation"]
        stored._record(job["id"], outcomes)
        if outcomes and not keep_passwords:
            positions = [outcome.position for outcome in outcomes]
            stored._blank_ended(job, min(positions), max(positions))

    def _job_env(self, job):
        """The environment that an RPC call of the job's owner would have."""
        context = dict(job["run_context"] or {})
        user = self.env["res.users"].browse(job["user_id"]).sudo()
        if "allowed_company_ids" not in context:
            others = [one for one in user._get_company_ids() if one != job["company_id"]]
            context["allowed_company_ids"] = [job["company_id"], *others]
        return self.env(user=job["user_id"], su=False, context=context)
