from ..engine.failure_limit import counts_rolled_back, failures_of, is_reached
from ..engine.history import seconds_of, with_landed
from ..engine.outcomes import merge_causes
from ..engine.progress import PUBLISH_EVERY, next_rate
from ..engine.states import LIVE_STATES
from .base import NOW, Dispatch
from .locked_job import LockedJob
from .side_by_side import SideBySide


class Fold(Dispatch):
    """What a claim updates in a job, and who hears of it.

    The claim adds the counts of ended chunks, pauses the job for a culprit or for too many
    failures, and sends counters to open forms.
    """

    def fold(self, job: LockedJob):
        """Add the counts of ended chunks to the counts of the job."""
        ended = self.env["batch.job.chunk"]._take_counts(job.id)
        if not ended:
            return
        counts = {
            name: job[name] + sum(chunk[name] for chunk in ended)
            for name in ("succeeded", "failed", "skipped")
        }
        untried = sum(chunk["untried"] or 0 for chunk in ended)
        processed = sum(counts.values()) - sum(job[name] for name in counts) - untried
        seconds = job.seconds_since(job["last_folded_at"] or job["started_at"])
        causes = merge_causes(job["cause_counts"], *(chunk["causes"] for chunk in ended))
        rate = next_rate(job["rate"], processed, seconds)
        untried += job["untried"] or 0
        landed = with_landed(job["unrecorded"], ended)
        values = {"untried": untried, "cause_counts": causes, "rate": rate, "unrecorded": landed}
        values["work_seconds"] = (job["work_seconds"] or 0.0) + seconds_of(ended)
        job.set(**counts, **values, last_folded_at=NOW)
        SideBySide(job).note_calm(len(ended))
        for chunk in ended:
            if chunk["state"] == "halted":
                self._pause_for_culprit(job, chunk)
        self._pause_at_limit(job)

    def _pause_at_limit(self, job):
        """Pause a job of which as many operations have failed as `max_failures` says."""
        failures, ended = failures_of(job.row)
        is_over = job["total"] == job["succeeded"] + job["failed"] + job["skipped"]
        if not is_reached(job["max_failures"], failures, ended) or is_over:
            return
        if job["state"] in LIVE_STATES:
            error = self._too_many(job, failures, ended)
            job.move("paused", error=error)
            job.note("pause", reason=error)

    def _too_many(self, job, failures, ended) -> str:
        counted = {"failures": failures, "ended": ended, "limit": job["max_failures"]}
        if counts_rolled_back(job.row):
            return self.env._(
                "Paused because too many operations failed: %(failures)s of %(ended)s failed or "
                "were rolled back with their chunk; max_failures is %(limit)s. Look at the errors. "
                "Then resume the job, and it counts anew, or cancel it.",
                **counted,
            )
        return self.env._(
            "Paused because too many operations failed: %(failures)s of %(ended)s; max_failures is "
            "%(limit)s. Look at the errors. Then resume the job, and it counts anew, or cancel it.",
            **counted,
        )

    def _pause_for_culprit(self, job, chunk):
        """Policy `stop`: pause the job, and queue the halted chunk again.

        A chunk runs only its pending operations. The culprit is failed, so the chunk does not run
        the culprit again.
        """
        position = chunk["culprit_position"]
        why = self.env["batch.job.operation"]._error_in_words(job.id, position)
        self.env["batch.job.chunk"]._update(
            chunk["id"],
            state="queued",
            folded=False,
            succeeded=0,
            failed=0,
            skipped=0,
            cause_counts=None,
            # Recovery may have given up this chunk. After `resume` the chunk has all its tries
            # again.
            lost=0,
            conflicts=0,
            suspect=False,
            duration=0.0,  # the history has these seconds
        )
        if job["state"] in LIVE_STATES:
            job.move("paused", culprit_position=position, **why)
            job.note("pause", reason=why["error"])
        else:
            job.set(culprit_position=position, **why)

    def _publish(self, job, is_last):
        """Send the counters to the people who watch the job, at most once in `PUBLISH_EVERY`.

        :param is_last: the job does not go on, so send these last counters in any case
        """
        last = job["published_at"]
        # a negative time: the clock was set back, maybe by hours
        recently = last and 0 <= job.seconds_since(last) < PUBLISH_EVERY
        if recently and not is_last:
            return
        job.set(published_at=NOW)
        job.publish()
