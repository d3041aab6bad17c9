"""From a draft to a job in the queue."""

from dataclasses import asdict

from odoo.exceptions import UserError

from ..engine.pace import Pace
from ..engine.states import is_in_stages
from .locked_job import LockedJob
from .slots import Slots
from .submission import Parsed

LARGE_ALL = 10_000  # operations; a larger job of policy `all` holds its row locks for long


def append_part(job: LockedJob, parsed: Parsed):
    """Store one more part of a draft."""
    if not parsed.count:
        raise UserError(job.env._("operations is empty; a part has at least one."))
    job.env["batch.job.operation"]._store(job.row, parsed.text, job["total"])
    hashes = job["part_hashes"] or []
    job.set(
        total=job["total"] + parsed.count,
        parts=len(hashes) + 1,
        part_hashes=[*hashes, parsed.digest],
        **{name: job[name] or has for name, has in parsed.has.items()},
    )


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
