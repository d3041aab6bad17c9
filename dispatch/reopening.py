"""Make operations pending again.

`resume` reopens the culprit, `retry` what failed, and `start` all operations of a dry run.
"""

from odoo import fields
from odoo.exceptions import UserError

from ..engine.outcomes import without_cause
from ..engine.passwords import holds_blanked
from ..engine.retried import Wanted
from ..engine.states import OPERATION_STATES
from .admission import Admission
from .locked_job import LockedJob
from .on_end import wait_for_next_end
from .retry_part import refuse_cancelled, reopen_part, runs_nothing
from .slots import Slots
from .starting import prepare


def run_for_real(job: LockedJob):
    """Queue an ended dry run again, now as a real job."""
    Admission(job.env).readmit(job)
    _keep_report(job)
    if job.env["batch.job.operation"]._forget_outcomes(job.id) < job["total"]:
        _refuse_deleted(job)
    _refuse_blanked(job)
    job.env["batch.job.chunk"]._drop_all(job.id)
    counts = dict.fromkeys(("succeeded", "failed", "skipped", "cancelled"), 0)
    fresh = {**counts, "cause_counts": [], "error": None}
    fresh |= {"untried": 0, "tried_apart": False}
    times = {"started_at": None, "finished_at": None, "last_folded_at": None}
    job.move(
        "queued",
        dry_run=False,
        next_position=0,
        step_position=0,
        rate=0.0,
        queued_at=fields.Datetime.now(),
        **fresh,
        **times,
    )
    job.note("start", by=job.env.uid, again=job["total"])
    prepare(job)


def _keep_report(job):
    """Keep the outcomes of a dry run as an attachment of the job."""
    job.env["ir.attachment"].sudo().create(
        {
            "name": job.env._("Dry run of %s.csv", job["name"]),
            "res_model": "batch.job",
            "res_id": job.id,
            "mimetype": "text/csv",
            "raw": job.env["batch.job.operation"]._report(job.id),
        }
    )


def culprit_index(job: LockedJob) -> int | None:
    """The index of the operation at which policy `stop` paused the job."""
    position = job["culprit_position"]
    if position is None:
        return None
    return job.env["batch.job.operation"]._index_at(job.id, position)


def reopen_culprit(job: LockedJob) -> int:
    """Make the culprit pending again, with its followers; give their number."""
    position, causes = job["culprit_position"], job["cause_counts"]
    operations = job.env["batch.job.operation"]
    end = operations._record_end(job.id, position + 1, job["total"])
    reopened = operations._reopen(job.id, position, end - 1)
    for cause in reopened:
        causes = without_cause(causes, cause)
    job.set(failed=job["failed"] - len(reopened), cause_counts=causes)
    return len(reopened)


def reopen_failed(job: LockedJob, wanted: Wanted):
    """Queue a job again, with the operations that a retry runs again.

    Of a dry run whose time was over these are the operations that were not tried.
    """
    operations = job.env["batch.job.operation"]
    check_retry(job, wanted.cause)
    refuse_cancelled(job, wanted)
    if runs_nothing(job, wanted, _wanted_states(job, wanted)):
        return
    Admission(job.env).readmit(job)
    rest, causes, among = 0, [], None
    if wanted.is_part:
        moved, causes, among = reopen_part(job, wanted)
    elif job["untried"] and (rest := operations._reopen_untried(job.id)):
        moved, causes = {"skipped": rest}, job["cause_counts"]
    else:
        moved = reopen_all(job, wanted.cancelled)
    if moved:
        marks = {"retried": wanted.mark, "tried_apart": bool(rest)}
        queue_again(job, moved, causes, "retry", among, _which(job, wanted), **marks)


def reopen_all(job: LockedJob, cancelled: bool = False) -> dict[str, int]:
    """Make all operations pending that a retry of the whole job runs again.

    :returns: old state -> how many operations were moved
    """
    states = _reopened_states(job, cancelled)
    return job.env["batch.job.operation"]._change_state(job.id, states, "pending")


def queue_again(
    job: LockedJob,
    moved: dict[str, int],
    causes: list[dict],
    event: str,
    among: list[int] | None = None,
    reason: str | None = None,
    **values,
):
    """Queue an ended job whose operations were made pending again.

    :param moved: old state -> how many operations were moved
    :param causes: of the failures that stay
    :param event: for the history, as is the reason
    :param among: the indexes among which the pending operations are; None: all
    """
    again = sum(moved.values())
    failed = moved.pop("failed", 0)
    succeeded = moved.pop("done", 0)
    job.move(
        "queued",
        failed=job["failed"] - failed,
        succeeded=job["succeeded"] - succeeded,
        skipped=job["skipped"] - sum(moved.values()),
        cancelled=(job["cancelled"] or 0) - moved.get("cancelled", 0),
        untried=0,
        cause_counts=causes,
        error=None,
        finished_at=None,
        culprit_position=None,
        next_position=job["total"],
        step_position=0,
        rate=0.0,
        last_folded_at=None,
        needs_runner=True,
        queued_at=fields.Datetime.now(),
        **values,
    )
    wait_for_next_end(job)
    job.note(event, by=job.env.uid, again=again, reason=reason)
    job.env["batch.job.chunk"]._cut_for_retry(job.row, among)
    Slots(job.env).wake_for(job.record)


def _which(job, wanted) -> str | None:
    """Which operations run again, for the history."""
    if wanted.cause is None:
        return None
    words = job.record._cause_in_words(wanted.cause)
    return job.env._("Only what failed of the cause: %s", words)


def check_retry(job: LockedJob, cause: dict | None = None):
    """Refuse to run operations of a job again whose end is not final, or which lacks something.

    :param cause: only its operations run again
    """
    operations = job.env["batch.job.operation"]
    if job["on_end_state"] == "pending":
        raise UserError(
            job.env._("Job %s has not yet called its on_end; retry in a moment.", job.id)
        )
    if job["needs_runner"]:
        # The job was cancelled and is not closed yet. Its pending operations are not yet
        # cancelled, and a retry would run them.
        raise UserError(
            job.env._("The last chunk of job %s has not landed yet; retry in a moment.", job.id)
        )
    if not job["queued_at"]:
        raise UserError(
            job.env._(
                "Job %s was cancelled before it was started, so parts of it may be missing; submit "
                "all operations as a new job.",
                job.id,
            )
        )
    # the clean-up deletes the first ones first; a retry of a cause does not count a million others
    is_whole = (
        operations._first_index(job.id) == 0
        if cause
        else operations._count_stored(job.id) == job["total"]
    )
    if not is_whole:
        _refuse_deleted(job)
    _refuse_blanked(job)


def _wanted_states(job, wanted) -> tuple[str, ...]:
    """The states of the operations that a retry runs again."""
    if wanted.state:
        return (wanted.state,)
    return wanted.states if wanted.is_part else tuple(_reopened_states(job, wanted.cancelled))


def _reopened_states(job, cancelled) -> list[str]:
    """The states of the operations that a retry runs again.

    In a real job, a done operation never runs again. A job of policy `all` may have committed
    before the cancel.

    A retry of a job of policy `all` always takes the cancelled operations: all of them are kept, or
    nothing.
    """
    if job["dry_run"]:
        return [state for state in OPERATION_STATES if state != "pending"]
    states = ["failed", "rolled_back", "skipped"]
    return [*states, "cancelled"] if cancelled or job["policy"] == "all" else states


def _refuse_deleted(job):
    raise UserError(
        job.env._("The operations of job %s have been deleted since; submit them anew.", job.id)
    )


def _refuse_blanked(job):
    if holds_blanked(job["run_context"]):
        raise UserError(
            job.env._(
                "The context of job %s held a password, which was blanked when the job ended and "
                "cannot be used again: submit the operations anew.",
                job.id,
            )
        )
