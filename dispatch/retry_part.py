"""A retry of a part of what was not kept: the operations in a state, or those that are named."""

from odoo.exceptions import UserError

from ..engine.errors import BadRequest
from ..engine.outcomes import without_cause
from ..engine.retried import Wanted, check_indexes, with_linked
from ..engine.states import LIVE_STATES, is_one_transaction
from .locked_job import LockedJob
from .submission_check import refused


def wanted_of(env, cancelled: bool, state, indexes, cause=None) -> Wanted:
    """
    :raises UserError: an argument is not what it should be
    """
    try:
        return Wanted.parse(cancelled, state, indexes, cause)
    except BadRequest as error:
        raise refused(env, error) from error


def check_part(job: LockedJob, wanted: Wanted):
    """Refuse a retry that the job cannot have.

    A job that is at work for a retry takes the same retry again, and no other one: what the other
    one asks for would be left out without a word.
    """
    env = job.env
    if wanted.is_part and is_one_transaction(job.row):
        raise UserError(
            env._(
                "Job %s is one transaction: retry all of it, without state, indexes and cause.",
                job.id,
            )
        )
    _check_named(env, job.row, wanted.indexes or ())
    if job["state"] in LIVE_STATES and wanted.mark != job["retried"]:
        raise UserError(
            env._("Job %s is at work; retry these operations when it has ended.", job.id)
        )
    _check_cause(job, wanted)


def _check_cause(job, wanted):
    """Refuse a cause that no failure of the job has, unless the retry has mended the failures."""
    if wanted.cause is None or wanted.mark == job["retried"]:
        return
    if not job.env["batch.job.operation"]._has_cause(job.id, wanted.cause):
        raise UserError(
            job.env._(
                "No operation of job %(job)s has failed of the cause “%(cause)s”. Its status gives "
                "its causes.",
                job=job.id,
                cause=job.record._cause_in_words(wanted.cause),
            )
        )


def indexes_of(env, job, indexes) -> tuple[int, ...]:
    """The indexes that a call names, in order, each once.

    :param job: has id and total
    :raises UserError: no list of indexes, or an index of no operation
    """
    try:
        named = check_indexes(indexes)
    except BadRequest as error:
        raise refused(env, error) from error
    _check_named(env, job, named)
    return named


def runs_nothing(job: LockedJob, wanted: Wanted, states) -> bool:
    """Whether the job has no operation that a retry wants: such a retry needs no room.

    :param states: those of the operations that may run again
    """
    operations = job.env["batch.job.operation"]
    if wanted.cause:
        return not operations._has_cause(job.id, wanted.cause)
    return not operations._has_any(job.id, states, wanted.indexes)


def reopen_part(
    job: LockedJob, wanted: Wanted
) -> tuple[dict[str, int], list[dict], list[int] | None]:
    """Make operations pending again.

    :returns: old state -> how many operations were moved; the causes of the failures that stay;
        the indexes among which the operations are, None: all
    """
    operations = job.env["batch.job.operation"]
    states, indexes = wanted.states, wanted.indexes
    if indexes is None:
        if wanted.cause:
            indexes = operations._indexes_of_cause(job.id, wanted.cause)
        elif job["has_references"]:
            indexes = operations._indexes_in(job.id, wanted.state)
        else:
            states = (wanted.state,)
    if indexes is not None:
        indexes = with_company(job, indexes, states)
    return *reopen_at(job, indexes, states), indexes


def reopen_at(job: LockedJob, indexes, states) -> tuple[dict[str, int], list[dict]]:
    """Make the operations with some indexes that are in some states pending.

    :returns: old state -> how many operations were moved; the causes of the failures that stay
    """
    operations = job.env["batch.job.operation"]
    moved, causes = {}, job["cause_counts"]
    for group in operations._reopen_at(job.id, indexes, states):
        state, count = group.pop("state"), group.pop("count")
        moved[state] = moved.get(state, 0) + count
        if state == "failed":
            causes = without_cause(causes, group, count)
    return moved, causes


def with_company(job: LockedJob, indexes, states) -> list[int]:
    """Operations, with the other rows of their records and those that references link to them."""
    operations = job.env["batch.job.operation"]
    found = set(indexes)
    if job["has_followers"]:
        found |= operations._rows_of_records(job.id, found)
    if job["has_references"]:
        found = with_linked(found, operations._linked(job.id, states))
        if job["has_followers"]:
            found |= operations._rows_of_records(job.id, found)
    return sorted(found)


def refuse_cancelled(job: LockedJob, wanted: Wanted):
    """Refuse a retry that names cancelled operations and does not say so."""
    if wanted.cancelled or wanted.indexes is None:
        return
    cancelled = job.env["batch.job.operation"]._indexes_in(job.id, "cancelled", wanted.indexes)
    if cancelled:
        raise UserError(
            job.env._(
                "Operation %s was cancelled; retry cancelled operations with cancelled=true.",
                cancelled[0],
            )
        )


def _check_named(env, job, indexes):
    if indexes and indexes[-1] >= job["total"]:
        raise UserError(
            env._(
                "Job %(job)s has no operation %(index)s; it has operations 0 to %(last)s.",
                job=job["id"],
                index=indexes[-1],
                last=job["total"] - 1,
            )
        )
