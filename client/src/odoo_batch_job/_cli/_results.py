"""``odoo-batch results``: what became of each operation, on the screen or in a file."""

from __future__ import annotations

from collections.abc import Iterator

import click

from .._models import OPERATION_STATES, JobStatus, OperationResult
from .._sync import Client
from ._command import command
from ._part import Part, part_options
from ._results_file import (
    NOT_DONE,
    Kind,
    count_of,
    outcomes,
    prints_to_terminal,
    write_results,
)
from ._settings import APP, InputError, Settings
from ._show import after_dry_run, as_json, what_came_of
from ._transfer import TransferLine


@command(job=True)
@click.option("--failed", is_flag=True, help="Only what failed or was given up.")
@part_options(OPERATION_STATES)
@click.option(
    "-o",
    "--output",
    type=click.Path(allow_dash=True),
    metavar="FILE",
    help="Original columns, __index and __error; CSV or .jsonl.",
)
def results(
    client: Client,
    settings: Settings,
    job_id: int,
    failed: bool,
    part: Part,
    output: str | None,
    json: bool,
) -> None:
    """Say what became of each operation, in the order of submission.

    A line is index, state, op, model, ids, and the reason of a failure or else “created” or
    “updated” of an upsert and a load with a key, with tabs between.

    With -o the rows that were submitted are written to a file, with __index and __error beside:
    correct them and submit that file again. After a dry run nothing is in, so correct your own
    file instead and submit the whole of it.
    """
    if failed and part.state:
        raise InputError("--failed and --state: give one of them.")
    job = client.status(job_id)
    if job.remaining:
        click.echo(f"{job.remaining:,} operations are still to come.", err=True)
    states = NOT_DONE if failed else (part.state,) if part.state else ()
    reading = TransferLine(f"Reading job {job_id}", is_shown=not prints_to_terminal(output))
    with reading:
        found = outcomes(client, job_id, states, part.indexes)
        found = reading.counting(found, count_of(job, states, part.indexes))
        if output:
            failed = bool(states) and set(states) <= set(NOT_DONE)
            count, kinds = write_results(client, job_id, found, output, failed=failed)
        else:
            _print_results(found, json)
    if output:
        rows = "row" if count == 1 else "rows"
        hint = _what_next(job, output, count, kinds) if failed and count else ""
        click.echo(f"{count:,} {rows} in {output}.{hint}", err=True)


def _print_results(found: Iterator[OperationResult], json: bool) -> None:
    for result in found:
        if json:
            click.echo(as_json(result))
        else:
            ids = ",".join(map(str, result.ids))
            words = [result.index, result.state, result.op, result.model, ids, what_came_of(result)]
            click.echo("\t".join(map(str, words)))


def _what_next(job: JobStatus, output: str, count: int, kinds: set[Kind]) -> str:
    """Return what to do with the file of the rows that failed."""
    if job.dry_run:
        return f" {after_dry_run(job)}" if job.ended else ""
    again = " ".join(
        " ".join([f"--op {op} --model {model}", *(f"--key {name}" for name in key)])
        for op, model, key in kinds
    )
    said = f" Correct {'it' if count == 1 else 'them'} and: {APP} submit {output}"
    rest = f" ({APP} retry {job.id} --cancelled runs what was cancelled)"
    said += f" --into {job.id}{rest * (job.state == 'cancelled')}"
    return f"{said}, or as a new job: {APP} submit {output} {again}"
