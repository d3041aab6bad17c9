"""A job and a loop on the same work, in turn."""

from __future__ import annotations

import gc
from statistics import median

from jobs import owner_env, run_job
from machine import measured

TABLES = ("res_partner", "res_country_state", "batch_job_operation", "batch_job_chunk")


def compare(registry, user_id: int, work, repeat: int) -> dict:
    """Measure `repeat` times each side, the first one changing; give the rows of the report."""
    rounds = []
    for number in range(repeat + 1):
        sides = [("job", _job), ("loop", _loop)]
        results = {}
        for name, side in sides if number % 2 else reversed(sides):
            results[name] = _prepared(registry, user_id, work, side)
        if number:  # the first round warms caches and is not counted
            rounds.append({**results["job"], **results["loop"]})
    return {"name": work.name, "rounds": rounds, **_summary(rounds)}


def _prepared(registry, user_id, work, side) -> dict:
    with registry.cursor() as cr:
        data = work.prepare(owner_env(cr, user_id))
        cr.commit()
    _vacuum(registry)
    gc.collect()
    result = side(registry, user_id, work, data)
    with registry.cursor() as cr:
        work.clean(owner_env(cr, user_id))
    return result


def _job(registry, user_id, work, data) -> dict:
    run = run_job(registry, user_id, work.operations(data), chunk_size=work.chunk_size)
    total = run.status["total"]
    expected = {"total": len(data), "remaining": 0, "skipped": 0}
    if any(run.status[key] != value for key, value in expected.items()):
        raise AssertionError(f"the job did not end as it should: {run.status}")
    return {
        "operations": total,
        "job_failed": run.status["failed"],
        "job": total / run.net,
        "job_with_submission": total / (run.submission.wall + run.run.wall),
        "job_cpu": run.run.cpu,
        "submission_us": 1e6 * run.submission.wall / total,
        "submission_cpu_us": 1e6 * run.submission.cpu / total,
    }


def _loop(registry, user_id, work, data) -> dict:
    with registry.cursor() as cr, registry.cursor() as watch:
        env = owner_env(cr, user_id)
        with measured(watch) as spent:
            work.loop(env, data)
    failed = getattr(work, "failed", 0)
    return {"loop": len(data) / spent.wall, "loop_cpu": spent.cpu, "loop_failed": failed}


def _summary(rounds: list[dict]) -> dict:
    summary = {key: median(one[key] for one in rounds) for key in rounds[0]}
    summary["ratio"] = median(one["job"] / one["loop"] for one in rounds)
    summary["ratio_with_submission"] = median(
        one["job_with_submission"] / one["loop"] for one in rounds
    )
    summary["cpu_ratio"] = median(one["loop_cpu"] / one["job_cpu"] for one in rounds)
    return {"median": summary}


def _vacuum(registry) -> None:
    """Every round begins with tables without dead rows."""
    with registry.cursor() as cr:
        cr.commit()
        cr._cnx.autocommit = True
        for table in TABLES:
            cr.execute(f"VACUUM ANALYZE {table}")
        cr._cnx.autocommit = False
