import time

from ..engine.operations import Operation
from ..engine.outcomes import Failure, Outcome
from ..execution.checks.lessons import Lessons
from ..execution.chunk_run import run_strict
from .chunk_transaction import ChunkTransaction
from .claim import Claim
from .locked_job import LockedJob, in_language_of_owner
from .on_end import settle_on_end
from .owner import Owner

JOB_KEY = "batch_job_id"  # in the context of the call


class OnEndCall(ChunkTransaction):
    """The work transaction of `on_end`: calls the method, and commits the method's effect together
    with the outcome."""

    def run(self, claim: Claim):
        started = time.monotonic()
        outcome = self.outcome(claim.job)
        # Lock the row only now: the method may take long, and its job may be renamed meanwhile.
        # Then this transaction meets a conflict, and is done again.
        job = LockedJob.lock(self.env, claim.job["id"])
        settle_on_end(job, claim.chunk_id, outcome, duration=time.monotonic() - started)
        self._commit_end(claim, halted=False)
        self.has_ended = True

    def outcome(self, job: dict) -> Outcome:
        """Call the method.

        :param job: the row of the job
        """
        position = job["total"]
        if Owner(self.env).problem(job):
            text = in_language_of_owner(self.env, job)._(
                "It was not called: the owner of the job is archived, or has lost a company of the "
                "job."
            )
            return Outcome(position, "failed", failure=Failure("access", text))
        payload = {**job["on_end"], "context": {JOB_KEY: job["id"]}}
        operation = Operation(position, position, "call", job["on_end"]["model"], payload)
        run = self.new_run(job, [operation], Lessons())
        (outcome,) = run_strict(run, [operation], "rolled_back")
        return outcome
