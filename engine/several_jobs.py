"""What a verb does to each of several jobs, before it is done."""

from .states import ENDED_STATES, is_one_transaction, verb_acts


def rows_moved(verb: str, job: dict) -> int | None:
    """The rows that a verb stops, or that it lets run; None if it does nothing to the job.

    >>> job = {"state": "paused", "policy": "isolate", "dry_run": False, "total": 10}
    >>> job |= {"succeeded": 6, "failed": 1, "skipped": 0, "cancelled": 0, "untried": 0}
    >>> rows_moved("resume", job), rows_moved("cancel", job), rows_moved("pause", job)
    (3, 3, None)
    >>> rows_moved("retry", {**job, "state": "partial", "skipped": 3, "cancelled": 3})
    1
    """
    if not verb_acts(verb, job["state"]) or (verb == "pause" and is_one_transaction(job)):
        return None
    if verb != "retry":
        return job["total"] - job["succeeded"] - job["failed"] - job["skipped"]
    return _rows_retried(job) or None


def _rows_retried(job) -> int:
    if job["dry_run"]:
        return job["untried"] or job["total"]
    if job["policy"] == "all":
        return job["total"] - job["succeeded"]
    return job["failed"] + job["skipped"] - job["cancelled"]


def rows_kept(job: dict) -> int:
    """The rows that are done and stay, if the job is cancelled now."""
    return 0 if is_one_transaction(job) else job["succeeded"]


def why_left(verb: str, state: str) -> str:
    """Why a verb did nothing to a job, by the state of the job.

    >>> why_left("pause", "done"), why_left("retry", "partial"), why_left("resume", "queued")
    ('ended', 'nothing', 'at_work')
    """
    if verb == "retry" and state in ENDED_STATES:
        return "nothing"
    if state in ENDED_STATES:
        return "ended"
    if state == "paused":
        return "not_ended" if verb == "retry" else "paused"
    return "draft" if state == "draft" else "at_work"
