"""Jobs run to their end inside this process, through the scheduled action of the first runner."""

from __future__ import annotations

from dataclasses import dataclass

from machine import Spent, measured

from odoo import SUPERUSER_ID, api

ENDED = ("done", "partial", "failed", "cancelled")


@dataclass
class JobRun:
    """What a job took; `net`: from its first claim to its last commit, by the database's clock."""

    net: float
    submission: Spent
    run: Spent
    status: dict


def run_job(registry, user_id: int, operations: list[dict], **options) -> JobRun:
    """Submit operations and drive the runner until the job has ended."""
    with registry.cursor() as cr, registry.cursor() as watch:
        env = owner_env(cr, user_id)
        with measured(watch) as submission:
            job_id = env["batch.job"].submit(operations, **options)["id"]
            cr.commit()
        job = env["batch.job"].browse(job_id)
        with measured(watch) as run:
            while (status := _drive(cr, job))["state"] not in ENDED:
                pass
        return JobRun(net_seconds(cr, job_id), submission, run, status)


def owner_env(cr, user_id: int):
    """The environment that an RPC call of the user has: the loops get the same as the job."""
    user = api.Environment(cr, SUPERUSER_ID, {})["res.users"].browse(user_id)
    context = {"lang": user.lang, "tz": user.tz, "allowed_company_ids": user.company_ids.ids}
    return api.Environment(cr, user_id, context)


def _drive(cr, job):
    runner = job.env.ref("batch_job.batch_job_runner_1").sudo()
    runner.method_direct_trigger()
    cr.commit()
    return job.status()


def net_seconds(cr, job_id: int) -> float:
    """From the first claim to the fold that follows the last commit at once."""
    cr.execute(
        "SELECT extract(epoch FROM j.last_folded_at - min(c.started_at))"
        "  FROM batch_job j JOIN batch_job_chunk c ON c.job_id = j.id"
        " WHERE j.id = %s GROUP BY j.id",
        [job_id],
    )
    return float(cr.fetchone()[0])
