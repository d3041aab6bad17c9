"""What a command does with a job at its end: watch the job, or say where it stands."""

from __future__ import annotations

import click

from .._errors import WatchTimeoutError
from .._models import JobStatus
from .._sync import Client
from ._command import CODE_BY_STATE
from ._settings import APP
from ._show import as_json, causes, ending, follow, line
from ._wait import Wait


def watch_to_end(client: Client, job_id: int, timeout: float | None, json: bool) -> int:
    """Watch a job until it has ended; return the exit code of its state."""
    try:
        status = follow(client.watch(job_id, timeout=timeout), json_lines=json)
    except (KeyboardInterrupt, WatchTimeoutError):
        click.echo(f"Job {job_id} goes on in Odoo. Watch it again: {APP} watch {job_id}", err=True)
        raise
    return CODE_BY_STATE[status.state]


def show_status(job: JobStatus, json: bool) -> None:
    """Print where a job stands."""
    if json:
        click.echo(as_json(job))
    else:
        click.echo((ending(job) if job.at_rest else line(job)) + causes(job))


def go_on(client: Client, job: JobStatus, wait: Wait, json: bool) -> int | None:
    """Watch a job that a verb has set going, if that is asked for, or say how to."""
    if wait.is_on:
        return watch_to_end(client, job.id, wait.timeout, json)
    show_status(job, json)
    if not job.at_rest and not json:
        click.echo(f"Watch it: {APP} watch {job.id}")
    return None
