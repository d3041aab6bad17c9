"""How a job ends, and what becomes of a job that was paused or cancelled."""

import time

from odoo.tools import SQL

from ..engine.states import end_state
from .base import NOW
from .locked_job import LockedJob
from .slots import Slots


def end(job: LockedJob):
    """Nothing is left to do: say how the job ended."""
    state = end_state(job["succeeded"], job["failed"], job["skipped"])
    values = {"finished_at": NOW, "needs_runner": False}
    operations = job.env["batch.job.operation"]
    if state == "failed":
        values["error"] = operations._error_in_words(job.id)
    if job["policy"] == "stop":
        # a culprit keeps its password as long as resume may run it again
        operations._blank_ended(job.row, 0, job["total"] - 1)
    if not job["dry_run"]:
        job.blank_context()
    job.move(state, **values)


def settle_or_wake(job: LockedJob):
    """After pause or cancel: close the job now, or leave that to the runner of a running chunk.

    No chunk can begin without the lock on the row; a running chunk lands and closes the job.
    """
    chunks = job.env["batch.job.chunk"]
    if chunks._running_chunks(job.id) or chunks._has_unfolded(job.id):
        job.set(needs_runner=True)
        # now, whatever its eta
        Slots(job.env).wake()
    else:
        close_stopped(job)


def close_stopped(job: LockedJob):
    """Close a paused or cancelled job; none of its chunks runs any more."""
    left = job["total"] - job["succeeded"] - job["failed"] - job["skipped"]
    if job["state"] == "paused" and not left and job["culprit_position"] is None:
        end(job)
    else:
        _settle(job)


def _settle(job):
    """Make the counters of a paused or cancelled job final."""
    skipped = job["skipped"]
    if job["state"] == "cancelled":
        operations = job.env["batch.job.operation"]
        moved = operations._change_state(job.id, ["pending"], "cancelled")
        # a dry run too has ended for good
        operations._blank_ended({**job.row, "dry_run": False}, 0, job["total"] - 1)
        job.blank_context()
        job.env["batch.job.chunk"]._drop_queued(job.id)
        skipped += sum(moved.values())
    job.set(needs_runner=False, skipped=skipped)


def end_call(job: LockedJob, counts: dict[str, int], causes: list[dict], started: float):
    """The end of `execute`.

    :param started: monotonic seconds
    """
    job.blank_context()
    seconds = time.monotonic() - started
    job.set(
        state=end_state(**counts),
        **counts,
        causes=causes,
        rate=sum(counts.values()) / seconds if seconds else 0.0,
        started_at=SQL("%s - make_interval(secs => %s)", NOW, seconds),
        finished_at=NOW,
    )
