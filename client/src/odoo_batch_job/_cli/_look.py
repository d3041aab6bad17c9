"""The commands that look at jobs: ``watch``, ``status``, ``history``, ``list``."""

from __future__ import annotations

from contextlib import suppress

import click
from rich.console import Console

from .._errors import NotFoundError
from .._models import STATES
from .._sync import Client
from ._after import show_status, watch_to_end
from ._command import command
from ._listing import columns_of, latest_jobs, table_of
from ._settings import Settings
from ._show import as_json, event_line

LAST_EVENTS = 3  # lines of the history that `status` shows


@command(job=True)
@click.option("--timeout", type=float, help="Seconds to wait.")
def watch(
    client: Client, settings: Settings, job_id: int, timeout: float | None, json: bool
) -> int | None:
    """Watch a job until it has ended; Ctrl-C stops watching, not the job."""
    return watch_to_end(client, job_id, timeout, json)


@command(job=True)
def status(client: Client, settings: Settings, job_id: int, json: bool) -> None:
    """Say where a job stands, and what was done to it last; exits with 0 whatever that is."""
    show_status(client.status(job_id), json)
    if json:
        return
    with suppress(NotFoundError):  # an older module has no history
        for event in client.history(job_id, limit=LAST_EVENTS):
            click.echo(event_line(event))


@command(job=True)
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True)
def history(client: Client, settings: Settings, job_id: int, limit: int, json: bool) -> None:
    """Say who did what to a job when, and what landed in between, oldest first."""
    for event in client.history(job_id, limit=limit):
        click.echo(as_json(event) if json else event_line(event))


@command(name="list")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True)
@click.option("--state", type=click.Choice(STATES), help="Only jobs in this state.")
def list_(client: Client, settings: Settings, limit: int, state: str | None, json: bool) -> None:
    """List the jobs that you may see, the latest first.

    Into a pipe: lines of id, name, state, total, succeeded, failed, skipped, progress, "dry run" or
    nothing, and the eta or nothing, with tabs between. --json has the names of `status`.
    """
    jobs = latest_jobs(client, limit, state)
    if json:
        for job in jobs:
            click.echo(as_json(job))
        return
    console = Console()
    if not console.is_terminal:
        for job in jobs:
            click.echo("\t".join(columns_of(job).values()))
        return
    console.print(table_of(jobs))
