"""The commands that do something to a job: ``retry``, ``resume``, ``start`` and so on."""

from __future__ import annotations

from typing import Any

import click

from .._sync import Client
from ._after import go_on, show_status
from ._command import command
from ._part import Part, part_options
from ._results_file import NOT_DONE
from ._settings import APP, InputError, Settings
from ._show import cause_line
from ._wait import Wait, wait_options


@command(job=True)
@click.option("--cancelled", is_flag=True, help="The cancelled operations too.")
@click.option(
    "--cause",
    type=click.IntRange(1),
    metavar="N",
    help="Only what failed of this cause; `status` numbers them.",
)
@part_options(NOT_DONE)
@wait_options
def retry(
    client: Client,
    settings: Settings,
    job_id: int,
    cancelled: bool,
    cause: int | None,
    part: Part,
    wait: Wait,
    json: bool,
) -> int | None:
    """Run what failed, and what was skipped for it, again.

    With --state, --index or --cause only that, what it refers to and what was skipped for it.
    """
    if part.state and part.indexes:
        raise InputError("--state and --index: give one of them.")
    if cause:
        if cancelled or part.state or part.indexes:
            raise InputError("Give --cause alone, without --cancelled, --state or --index.")
        job = client.retry(job_id, cause=_cause_at(client, job_id, cause))
    else:
        indexes = part.indexes or None
        job = client.retry(job_id, cancelled=cancelled, state=part.state, indexes=indexes)
    return go_on(client, job, wait, json)


def _cause_at(client: Client, job_id: int, number: int) -> dict[str, Any]:
    """Return the cause with a number in `status`, and say which one that is."""
    found = client.status(job_id).causes
    if number > len(found):
        many = {0: "no cause of failures", 1: "one cause"}.get(len(found), f"{len(found)} causes")
        raise InputError(f"Job {job_id} has {many}; see: {APP} status {job_id}")
    click.echo(f"Retrying {cause_line(found[number - 1])}", err=True)
    return found[number - 1]


@command(job=True)
@click.option("--skip", is_flag=True, help="Leave the operation that stopped the job as it is.")
@wait_options
def resume(
    client: Client, settings: Settings, job_id: int, skip: bool, wait: Wait, json: bool
) -> int | None:
    """Go on with a paused job."""
    return go_on(client, client.resume(job_id, skip=skip), wait, json)


@command(job=True)
@wait_options
def start(client: Client, settings: Settings, job_id: int, wait: Wait, json: bool) -> int | None:
    """Queue a draft, or run for real what was a dry run."""
    return go_on(client, client.start(job_id), wait, json)


@command(job=True)
def pause(client: Client, settings: Settings, job_id: int, json: bool) -> None:
    """Let the chunks that are running land and take no more."""
    show_status(client.pause(job_id), json)


@command(job=True)
def cancel(client: Client, settings: Settings, job_id: int, json: bool) -> None:
    """End a job after the chunks that are running; what they did stays."""
    show_status(client.cancel(job_id), json)


@command(job=True)
def duplicate(client: Client, settings: Settings, job_id: int, json: bool) -> None:
    """Make a draft with the operations, options and context of a job of yours.

    `start` begins the draft. Each call makes one more.
    """
    job = client.duplicate(job_id)
    show_status(job, json)
    if not json:
        click.echo(f"Start it: {APP} start {job.id}")
