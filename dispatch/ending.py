"""How a job ends, and how a paused or cancelled job is closed."""

import time

from odoo.tools import SQL
from odoo.tools.misc import formatLang

from ..engine.history import with_skipped
from ..engine.states import end_state
from ..execution.worker.deadline import Deadline
from .base import NOW
from .locked_job import LockedJob
from .on_end import queue_on_end
from .slots import Slots


def end(job: LockedJob):
    """End a job that has nothing left to do. The counts decide its state."""
    state = end_state(job["succeeded"], job["failed"], job["skipped"])
    values = {"finished_at": NOW, "needs_runner": False}
    operations = job.env["batch.job.operation"]
    if job["dry_run"] and (job["untried"] or job["tried_apart"]):
        values["error"] = _how_far(job.for_owner())
    elif state == "failed":
        values |= operations._error_in_words(job.id)
    if job["policy"] == "stop":
        # resume cannot run a culprit any more: blank its password too
        operations._blank_ended(job.row, 0, job["total"] - 1)
    if not job["dry_run"]:
        job.blank_context()
    job.move(state, **values)
    job.note("end", reason=values.get("error"))
    _follow_end(job)


def _follow_end(job):
    """After the end of a job: tell its owner, unless it was a draft, and queue its `on_end`."""
    if job["queued_at"]:
        keys = ("id", "name", "state", "total", "succeeded", "failed", "skipped", "dry_run")
        # to the channel of the owner's partner, which nobody else can ask for
        owner = job.env["res.users"].sudo().browse(job["user_id"])
        owner._bus_send("batch_job/ended", {key: job[key] for key in keys})
    queue_on_end(job)


def _how_far(job) -> str:
    """What a dry run says for which the time of one transaction did not suffice."""
    apart = job["tried_apart"] and job.env._(
        "Tried in several transactions, each rolled back: an operation did not see what those of "
        "an earlier transaction would have made. So two of them with one key may both seem good, "
        "and one that names a record of an earlier transaction may fail, though the real run would "
        "do it."
    )
    rest = job["untried"] and job.env._(
        "The dry run came near its worker's time limit (%(limit)s) and ended itself; nothing was "
        "kept. Operations that were tried: %(tried)s of %(total)s; skipped: %(untried)s. A retry "
        "tries the rest in a new transaction, which does not see what the first ones would have "
        "made. To try all in one, raise the limit.",
        limit=Deadline().describe(job.env),
        tried=formatLang(job.env, job["total"] - job["untried"], digits=0),
        total=formatLang(job.env, job["total"], digits=0),
        untried=formatLang(job.env, job["untried"], digits=0),
    )
    return " ".join(filter(None, (rest, apart)))


def close_or_wake(job: LockedJob):
    """After a pause or a cancel: close the job, or wake a runner to close it.

    While a chunk runs, the job cannot be closed: a runner closes it after the chunk has landed.
    No chunk can begin before this transaction commits, because a claim needs the lock on the job's
    row.
    """
    chunks = job.env["batch.job.chunk"]
    if chunks._running_chunks(job.id) or chunks._has_unfolded(job.id):
        job.set(needs_runner=True)
        # now, also if the job's eta lies in the future
        Slots(job.env).wake()
    else:
        close_stopped(job)
        if job["needs_runner"]:  # to call `on_end`
            Slots(job.env).wake(most=1)


def close_stopped(job: LockedJob):
    """Close a paused or cancelled job. None of its chunks is running."""
    # nothing is left if, for example, the chunk that ran during the pause was the job's last
    left = job["total"] - job["succeeded"] - job["failed"] - job["skipped"]
    if job["state"] == "paused" and not left and job["culprit_position"] is None:
        job.set(error=None)  # it said why the job was paused
        end(job)
    else:
        _release_from_runners(job)


def _release_from_runners(job):
    """Release a paused or cancelled job from the runners.

    If the job was cancelled, cancel its pending operations, blank its passwords, and drop its
    queued chunks.
    """
    values = {"needs_runner": False}
    if job["state"] == "cancelled":
        operations = job.env["batch.job.operation"]
        moved = operations._change_state(job.id, ["pending"], "cancelled")
        # a cancelled dry run cannot be started for real, so blank its passwords too
        operations._blank_ended({**job.row, "dry_run": False}, 0, job["total"] - 1)
        job.blank_context()
        job.env["batch.job.chunk"]._drop_queued(job.id)
        count = sum(moved.values())
        values["skipped"] = job["skipped"] + count
        # empty in a job that is older than the column
        values["cancelled"] = (job["cancelled"] or 0) + count
        values["unrecorded"] = with_skipped(job["unrecorded"], count)
    job.set(**values)
    if job["state"] == "cancelled":
        job.note("end")
        _follow_end(job)
    elif job["unrecorded"]:
        job.note("landed", reason=job["error"])


def end_call(job: LockedJob, counts: dict[str, int], causes: list[dict], started: float):
    """End a job of `execute`.

    :param started: monotonic seconds: when the call began to execute operations
    """
    job.blank_context()
    seconds = time.monotonic() - started
    job.set(
        state=end_state(**counts),
        **counts,
        cause_counts=causes,
        rate=sum(counts.values()) / seconds if seconds else 0.0,
        work_seconds=seconds,
        started_at=SQL("%s - make_interval(secs => %s)", NOW, seconds),
        finished_at=NOW,
    )
    landed = {**counts, "seconds": seconds, "causes": causes}
    job.env["batch.job.event"]._record({**job.row, "unrecorded": landed}, "end")
