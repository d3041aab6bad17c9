"""From a draft to a job in the queue."""

from dataclasses import asdict

from odoo import fields
from odoo.exceptions import UserError

from ..engine.outline import joined_outlines
from ..engine.pace import Pace
from ..engine.states import is_in_stages
from .admission import Admission, is_stale
from .base import NOW
from .locked_job import LockedJob
from .slots import Slots
from .submission import Parsed

LARGE_ALL = 10_000  # operations; a larger job of policy `all` holds its row locks for long


def append_part(job: LockedJob, parsed: Parsed):
    """Store one more part of a draft."""
    if not parsed.count:
        raise UserError(job.env._("operations is empty; a part has at least one."))
    Admission(job.env).check_size(job["total"] + parsed.count)
    hashes = job["part_hashes"] or []
    add_operations(
        job,
        parsed,
        parts=len(hashes) + 1,
        part_hashes=[*hashes, parsed.digest],
        write_date=NOW,
    )


def add_operations(job: LockedJob, parsed: Parsed, **values):
    """Store more operations of a job, and write the job's columns that tell of them.

    :param values: further columns
    """
    operations = job.env["batch.job.operation"]
    operations._store(job.row, parsed.text, job["total"], parsed.subjects)
    job.set(
        total=job["total"] + parsed.count,
        outline=joined_outlines(job["outline"], parsed.outline),
        **{name: job[name] or has for name, has in parsed.has.items()},
        **values,
    )


def touch(job: LockedJob):
    """A part was sent again: somebody is still at work on the draft."""
    if job["state"] == "draft":
        job.set(write_date=NOW)


def refuse_append(job: LockedJob):
    """Refuse a part for a job that is no draft; if nobody has cancelled it, say what has."""
    text = job.env._("Job %s is no draft any more; submit a new one.", job.id)
    if job["state"] == "cancelled" and not job["queued_at"] and job["error"]:
        text = job.env._("Job %(job)s is no draft any more. %(why)s", job=job.id, why=job["error"])
    raise UserError(text)


def start_draft(job: LockedJob):
    """Queue a draft. A draft that counted no more counts again, so there must be room."""
    if not job["total"]:
        raise UserError(job.env._("Job %s is empty; append operations first.", job.id))
    if is_stale(job):
        Admission(job.env).readmit(job)
    job.move("queued", queued_at=fields.Datetime.now())
    job.note("start", by=job.env.uid)
    prepare(job)


def prepare(job: LockedJob):
    """Make a job that has just been queued ready for claims, and wake the runners."""
    values = {"needs_runner": True}
    if job["max_parallel"] > 1:
        # parallel chunks run wave by wave: order the positions so
        values["wave_ends"] = job.env["batch.job.operation"]._order_by_wave(job.id)
    elif is_in_stages(job.row):
        values["pace"] = asdict(Pace())
        if job["has_references"]:
            job.env["batch.job.operation"]._order_in_stages(job.id)
    if job["policy"] == "all" and job["total"] > LARGE_ALL:
        values["error"] = job.env._(
            "Warning: %s operations in one transaction keep every touched record locked until the "
            "end.",
            job["total"],
        )
    job.set(**values)
    Slots(job.env).wake_for(job.record)
