"""The list of jobs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from rich.markup import escape
from rich.table import Table

from .._sync import Client
from ._show import clock

COUNTED = ("id", "name", "state", "total", "succeeded", "failed", "skipped", "progress")
TIMES = ("eta", "started_at")


def latest_jobs(client: Client, limit: int, state: str | None) -> list[dict[str, Any]]:
    """Return jobs, the latest first, with the names that ``status`` has for their values."""
    found = client.call(
        "batch.job",
        "search_read",
        {
            "domain": [["state", "=", state]] if state else [],
            "fields": [*COUNTED, "remaining", "rate", "dry_run", "create_date", *TIMES],
            "limit": limit,
            "order": "id desc",
        },
        repeatable=True,
    )
    for job in found:
        job["created_at"] = _utc(job.pop("create_date"))
        for name in TIMES:
            job[name] = _utc(job[name]) if job[name] else None
    return list(found)


def columns_of(job: dict[str, Any]) -> dict[str, str]:
    """Return what people see of a job."""
    columns = {name: str(job[name]) for name in COUNTED}
    return {**columns, "dry run": "dry run" if job["dry_run"] else "", "eta": job["eta"] or ""}


def table_of(jobs: list[dict[str, Any]]) -> Table:
    """Return a table that fits a terminal of 80 columns."""
    table = Table()
    for heading in ("Id", "Name", "State", "Succeeded", "Failed", "%"):
        table.add_column(heading, no_wrap=heading != "Name", overflow="fold")
    for job in jobs:
        state = f"{job['state']} (dry run)" if job["dry_run"] else job["state"]
        if job["eta"] and job["state"] in ("draft", "queued", "paused") and not job["started_at"]:
            state += f"\nuntil {clock(datetime.fromisoformat(job['eta']))[5:16]}"  # day and minute
        succeeded = f"{job['succeeded']:,} of {job['total']:,}"
        numbers = (f"{job['failed']:,}", f"{job['progress']:.0f}")
        # a name may look like markup
        table.add_row(str(job["id"]), escape(job["name"]), state, succeeded, *numbers)
    return table


def _utc(moment: str) -> str:
    """Write a time of Odoo's, which is UTC and does not say so, as ``status`` does."""
    return f"{moment.replace(' ', 'T')}+00:00"
