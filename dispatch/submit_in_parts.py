"""A submission by server code that makes its operations while they are stored."""

from collections.abc import Iterable

from .admission import Admission
from .base import Dispatch
from .locked_job import LockedJob
from .starting import add_operations, prepare
from .submission import Submission


class SubmitInParts(Dispatch):
    """Submits a job whose operations would be too many to be in memory together."""

    def submit(self, parts: Iterable[list[dict]], count: int, **options) -> int:
        """Store a job and start it; gives its id.

        The job is seen when the transaction is committed, with all its parts.

        :param parts: lists of operations
        :param count: how many operations there are in all
        :param options: as for `submit` of `batch.job`
        """
        submission = Submission(self.env)
        checked = submission.parse_options(**options)
        Admission(self.env).admit(count)
        job = None
        for operations in parts:
            if job is None:
                parsed = submission.parse(operations, max_parallel=checked.max_parallel)
                job_id, is_new = submission.store(checked, parsed, "queued")
                if not is_new:
                    return job_id
                job = LockedJob.lock(self.env, job_id)
            else:
                more = submission.parse(operations, job["total"], job.id, checked.max_parallel)
                add_operations(job, more)
        prepare(job)
        return job.id
