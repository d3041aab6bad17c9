"""When a job calls its `on_end`, and what becomes of the call.

The call has a chunk without operations, so it is claimed, proved alive and rescued as all chunks.
A job whose call is pending keeps `needs_runner`, although the job has ended.
"""

import random
from datetime import timedelta

from ..engine.outcomes import Failure, Outcome
from ..engine.retry import CONFLICT_BUDGET, after_conflict, after_lost_worker, back_off
from ..engine.states import LIVE_STATES
from ..execution.worker.deadline import Deadline
from .locked_job import LockedJob


def queue_on_end(job: LockedJob):
    """Queue the call of `on_end` after an end of the job. A dry run does not call `on_end`, and
    neither does a job that was cancelled before it began."""
    if not job["on_end"]:
        return
    if not job["dry_run"] and job["started_at"]:
        place = job["total"], job["total"] - 1
        job.env["batch.job.chunk"]._cut(job.row, *place, on_end=True, folded=True)
        job.set(on_end_state="pending", needs_runner=True)
    elif job["state"] == "cancelled":
        job.set(on_end_state="skipped")


def wait_for_next_end(job: LockedJob):
    """Forget the outcome of `on_end`: the job was queued again, and will end again."""
    if job["on_end"]:
        job.set(on_end_state="waiting", on_end_value=None, on_end_error=None)


def chunk_of_on_end(job: LockedJob, deadline: Deadline) -> dict | None:
    """The chunk that calls `on_end`, if the call may begin now. First, rescue the chunk."""
    chunks = job.env["batch.job.chunk"]
    for orphan in chunks._orphans(job.id):
        _rescue(job, orphan)
    if job["on_end_state"] != "pending":
        return None
    for chunk in chunks._queued_chunks(job.id, 1):
        # nothing of a call can be handed back, so the call needs most of the worker's time
        if not chunk["waits"] and deadline.allows_to_begin():
            return chunk
    return None


def settle_on_end(job: LockedJob, chunk_id: int, outcome: Outcome, **values):
    """Store the outcome of `on_end`. The caller commits the outcome with the effect.

    :param values: columns of the chunk
    """
    failure = outcome.failure
    job.set(
        on_end_state="failed" if failure else "done",
        on_end_value=outcome.value,
        on_end_error=failure.message if failure else outcome.note,
        needs_runner=False,
    )
    job.env["batch.job.chunk"]._update(chunk_id, state="done", **values)
    # open forms read the job again
    job.record._bus_send("batch_job/progress", {"id": job.id, "state": job["state"]})


def fail_on_end(job: LockedJob, chunk_id: int, kind: str, text: str, **values):
    outcome = Outcome(job["total"], "failed", failure=Failure(kind, text))
    settle_on_end(job, chunk_id, outcome, trouble=text, **values)


def set_aside(job: LockedJob, text: str):
    """Stop a job whose claim fails: pause the job, or if only its `on_end` is left, fail that."""
    if job["on_end_state"] == "pending":
        job.set(needs_runner=False, on_end_state="failed", on_end_error=text)
        return
    job.set(needs_runner=False, error=text)
    if job["state"] in LIVE_STATES:
        job.move("paused")
        job.note("pause", reason=text)


def put_back_on_end(job: LockedJob, chunk_id: int, reason: str, counted: bool):
    """Queue the call again after a transaction that failed, or give up after too many conflicts.

    :param counted: count it as a conflict
    """
    chunk = job.env["batch.job.chunk"]._chunk(chunk_id)
    conflicts = chunk["conflicts"] + counted
    if counted and after_conflict(conflicts, 1, whole=True) == "fail":
        text = job.env._(
            "It met a conflict %(count)s times: %(reason)s", count=conflicts, reason=reason
        )
        fail_on_end(job, chunk["id"], "conflict", text, conflicts=conflicts)
        return
    wait = back_off(conflicts if counted else CONFLICT_BUDGET, random.random())
    not_before = job.env.cr.now() + timedelta(seconds=wait)
    values = {"conflicts": conflicts, "trouble": reason, "not_before": not_before}
    job.env["batch.job.chunk"]._update(chunk["id"], state="queued", **values)


def _rescue(job, chunk):
    """Queue the call again after the death of its worker, or give up after too many deaths."""
    lost = chunk["lost"] + 1
    if after_lost_worker(lost, 1, whole=True) == "fail":
        text = job.env._(
            "Its worker died %(lost)s times, at the last within %(seconds)s s (the time limit: "
            "%(limit)s). Nothing of it was kept in the database.",
            lost=lost,
            seconds=round(chunk["seconds_since"] or 0),
            limit=Deadline().describe(job.env),
        )
        fail_on_end(job, chunk["id"], "worker_lost", text, lost=lost)
        return
    trouble = job.env._("Its worker died.")
    job.env["batch.job.chunk"]._update(chunk["id"], state="queued", lost=lost, trouble=trouble)
