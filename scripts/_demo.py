"""The job of scripts/demo: the subdivisions of ISO 3166-2 into res.country.state, from outside.

Reads ODOO_URL, ODOO_DB and ODOO_API_KEY of the environment, as ``.odoo/demo.env`` sets them. All
rates are outcomes by the seconds since the first request: Odoo's own follows the latest chunks, and
beside the end's it would be another truth.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any
from urllib.parse import urljoin

import pycountry
from odoo_batch_job import BatchJobError, Client, JobStatus, Operation, OperationResult
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

NAMED = 5  # failed operations to show
POLL = 0.25  # seconds
TIMEOUT = 900.0  # seconds

WIDTH = None if sys.stdout.isatty() else 120  # characters; a terminal knows its own

console = Console(width=WIDTH, highlight=False, markup=False)


def main() -> int:
    """Run the job, say what happened and return the exit code."""
    subdivisions = list(pycountry.subdivisions)
    with Client.from_env() as client:
        begin = time.perf_counter()
        countries = country_ids(client)
        job = client.submit(
            (operation(row, countries) for row in subdivisions),
            name="ISO 3166-2 subdivisions",
            policy="isolate",
            max_parallel=2,
        )
        console.print(f"Job {job.id}: {job.total:,} operations submitted")
        job = follow(client, job, begin)
        seconds = time.perf_counter() - begin
        failed = list(client.results(job.id, state="failed"))
    report(job, failed, subdivisions, seconds)
    return 0 if job.ended and not job.remaining else 1


def country_ids(client: Client) -> dict[str, int]:
    """Return the id of each country in Odoo by its ISO code."""
    arguments = {"domain": [], "fields": ["code"]}
    found = client.call("res.country", "search_read", arguments, repeatable=True)
    return {country["code"]: country["id"] for country in found}


def operation(row: Any, countries: dict[str, int]) -> Operation:
    """Return the operation that creates a subdivision, with the code as Odoo has it."""
    values = {
        "name": row.name,
        "code": own_code(row),
        "country_id": countries.get(row.country_code, False),
    }
    return {"op": "create", "model": "res.country.state", "values": values}


def own_code(row: Any) -> str:
    """Return the code without the country: ISO says BE-VAN, Odoo VAN."""
    return str(row.code).removeprefix(f"{row.country_code}-")


def follow(client: Client, job: JobStatus, begin: float) -> JobStatus:
    """Show progress until the job is at rest; return its last status."""
    watching = client.watch(job.id, interval=POLL, timeout=TIMEOUT)
    if console.is_terminal:
        return follow_with_bar(watching, job, begin)
    return follow_with_lines(watching, begin)


def follow_with_bar(watching: Iterator[JobStatus], job: JobStatus, begin: float) -> JobStatus:
    """Show a bar, for a terminal."""
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("", total=job.total)
        for job in watching:
            bar.update(task, completed=done(job), description=words(job, begin))
    return job


def follow_with_lines(watching: Iterator[JobStatus], begin: float) -> JobStatus:
    """Print a line at each change, for a pipe."""
    for job in watching:
        progress = f"{done(job):,} of {job.total:,} ({job.progress:.0f} %)"
        console.print(f"{progress}  {words(job, begin)}")
    return job


def done(job: JobStatus) -> int:
    """Return how many operations have an outcome."""
    return job.total - job.remaining


def words(job: JobStatus, begin: float) -> str:
    """Return state, failures, rate and time left in a line; the rate of all is said at the end."""
    parts = [job.state, f"{job.failed:,} failed"]
    if done(job) and not job.ended:
        parts.append(f"{done(job) / (time.perf_counter() - begin):,.0f}/s")
    if job.time_left is not None and not job.ended:
        parts.append(f"{job.time_left:.0f} s left")
    if job.error:
        parts.append(job.error)
    return "  ".join(parts)


def report(
    job: JobStatus, failed: list[OperationResult], subdivisions: list[Any], seconds: float
) -> None:
    """Say what became of the operations and what to look at next."""
    console.print()
    console.print(summary(job, failed))
    if failed:
        console.print(examples(failed, subdivisions))
    rate = f"{done(job) / seconds:,.0f} operations/s"
    console.print(f"{seconds:.1f} s from the first request to the last outcome, {rate}")
    if not job.succeeded and causes(failed).keys() == {"unique"}:
        console.print("Nothing was left to create: every subdivision exists since an earlier run.")
    if not job.ended or job.remaining:
        console.print(f"The job is {job.state}. {job.error or ''}")
    print_next_steps(job)


def causes(failed: list[OperationResult]) -> Counter[str]:
    """Count failed operations by the type of their error."""
    return Counter(result.error.type for result in failed if result.error)


def summary(job: JobStatus, failed: list[OperationResult]) -> Table:
    """Return the table of what happened, failures by cause."""
    table = Table(title=f"{job.name}: {job.state}", title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("What happened")
    table.add_column("Operations", justify="right")
    table.add_column("For instance")
    table.add_row("created", f"{job.succeeded:,}", "")
    for cause, count in causes(failed).most_common():
        first = next(r.error.message for r in failed if r.error and r.error.type == cause)
        table.add_row(f"failed: {cause}", f"{count:,}", first)
    if job.skipped:
        table.add_row("skipped", f"{job.skipped:,}", "")
    table.add_row("all", f"{job.total:,}", "", style="bold")
    return table


def examples(failed: list[OperationResult], subdivisions: list[Any]) -> Table:
    """Return a table that names a few of the failed operations."""
    shown = min(NAMED, len(failed))
    title = f"{shown} of the {len(failed):,} that failed"
    table = Table(
        "Index",
        "Country",
        "Code",
        "Name",
        "Why",
        title=title,
        title_justify="left",
        box=box.SIMPLE_HEAD,
    )
    for result in islice(failed, NAMED):
        row = subdivisions[result.index]
        why = result.error.message if result.error else ""
        table.add_row(str(result.index), row.country_code, own_code(row), row.name, why)
    return table


def print_next_steps(job: JobStatus) -> None:
    """Say where to look and what to try."""
    url = urljoin(os.environ["ODOO_URL"] + "/", job.url)
    name = os.environ["ODOO_DB"]
    console.print(
        f"""
The job's form:     {url}
Login, password:    admin, admin

Next:
  scripts/demo                    the same again: every subdivision exists then
  scripts/odoo shell -d {name}      Odoo's shell on this database
  . .odoo/{name}.env                URL, database and API key for programs of your own:
  .venv/bin/python -c 'from odoo_batch_job import Client; print(Client.from_env().status({job.id}))'
  scripts/stop                    stop the server and PostgreSQL""",
        soft_wrap=True,
    )


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]  # a stream, not a mock
    try:
        sys.exit(main())
    except BatchJobError as error:
        sys.exit(f"demo: {error}")
    except KeyboardInterrupt:
        sys.exit("demo: stopped watching; a job that was submitted goes on, see Batch Jobs in Odoo")
