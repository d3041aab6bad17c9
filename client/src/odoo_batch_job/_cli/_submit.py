"""``odoo-batch submit``: the rows of a file become a job, or correct one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .._options import AS_MANY_AS_PAY
from .._sync import Client
from ._after import watch_to_end
from ._command import DONE, command
from ._convert import Converter, field_types
from ._into import correct, in_words, refuse_other_options
from ._job_context import context_options
from ._kinds import json_object, moment
from ._rows import first_rows, open_rows, title_of
from ._settings import BROKEN_OFF, InputError, Settings, remember_job
from ._show import as_json
from ._submission import Submission, refusal_is_noted
from ._transfer import TransferLine, beside_bars

DOUBLES = (
    "These rows name no record: a second run of this file would make each of them again. To update "
    "what is there, add a column “id” (external ids), or say --key COLUMN."
)


@command()
@click.argument("file", type=click.Path(allow_dash=True))
@click.option("--model", help="Model of the rows, such as res.partner.")
@click.option(
    "--op",
    type=click.Choice(["load", "create", "write", "upsert", "unlink"]),
    help="What to do with a row. [default: load for CSV, create for JSON Lines]",
)
@click.option(
    "--key",
    multiple=True,
    metavar="FIELD",
    help="Of load and upsert: the column that identifies a record; once for each column.",
)
@click.option("--format", "kind", type=click.Choice(["csv", "jsonl"]), help="Of the file.")
@click.option("--encoding", help="Of the file, such as cp1252; UTF-8 unless given.")
@click.option(
    "--limit",
    type=click.IntRange(1),
    metavar="N",
    help="Only the first N rows, and those that continue the record of the last.",
)
@click.option("--name", help="What people call the job; the name of the file unless given.")
@click.option("--dry-run", is_flag=True, help="Try everything, keep nothing.")
@click.option(
    "--policy",
    type=click.Choice(["isolate", "chunk", "stop", "all"]),
    default="isolate",
    show_default=True,
    help="What a failure does to its neighbours.",
)
@click.option(
    "--chunk-size",
    type=click.IntRange(0),
    default=0,
    help="Rows in a transaction; 0: the server chooses.",
)
@click.option("--max-parallel", type=click.IntRange(0), default=1, help="Chunks at once.")
@click.option(
    "--parallel",
    is_flag=True,
    help="As many chunks at once as pay: faster, but rows of two chunks do not see each other.",
)
@click.option("--priority", type=int, default=10, help="Lower comes first.")
@click.option(
    "--eta",
    type=moment,
    metavar="TIME",
    help="Begin no earlier, such as 2030-01-31T18:00 (your clock) or 2030-01-31T17:00Z.",
)
@click.option(
    "--on-end",
    type=json_object,
    metavar="JSON",
    help="What Odoo calls with your rights when the job has ended, as JSON:"
    ' {"model": …, "method": …, "ids": […], "kwargs": {…}}.',
)
@click.option(
    "--idempotency-key", help="Names the submission: the same again is the same job, never twice."
)
@click.option(
    "--max-failures",
    metavar="N|P%",
    help="Pause the job when so many rows have failed, or such a share (5%).",
)
@click.option(
    "--into",
    type=int,
    metavar="JOB",
    help="Correct the rows of this job: FILE is what was downloaded from it (CSV, XLSX or .jsonl).",
)
@context_options
@click.option("--no-wait", is_flag=True, help="Do not wait for the end.")
@click.option("--timeout", type=float, help="Seconds to wait.")
def submit(
    client: Client,
    settings: Settings,
    file: str,
    model: str | None,
    op: str | None,
    key: tuple[str, ...],
    kind: str | None,
    encoding: str | None,
    limit: int | None,
    no_wait: bool,
    timeout: float | None,
    json: bool,
    parallel: bool,
    into: int | None,
    **options: Any,
) -> int | None:
    """Submit the rows of FILE (CSV or JSON Lines; - is standard input) as a job.

    The first line of a CSV file names the columns. With --op load these are as in Odoo's own
    import (id, name, country_id/code …); otherwise names of fields. A line of JSON is a row too, or
    an operation such as {"op": "create", "model": …, "values": {…}}. write and unlink take
    the record's number from the column “id”; upsert takes an external id from there, or --key.
    load with --key updates the record of that key, or creates it; lines need a key too
    (--key ref --key child_ids/ref).
    The columns __job, __index and __error of `results --failed` are left out; with --into JOB they
    say which rows of that job are replaced, and run again.
    """
    if into is not None:
        refuse_other_options()
        correction = correct(client, into, file)
        click.echo(as_json(correction.job) if json else in_words(correction))
        if no_wait or not correction.again:
            return DONE
        return watch_to_end(client, into, timeout, json)
    if options["idempotency_key"] == "":
        raise InputError("--idempotency-key is empty: give a name, or leave it out.")
    if parallel and options["max_parallel"] > 1:
        raise InputError("--parallel leaves the number to Odoo: leave --max-parallel out.")
    if parallel:
        options["max_parallel"] = AS_MANY_AS_PAY
    remember_job(settings, BROKEN_OFF)  # --last must not find an older job meanwhile
    options["default_name"] = Path(file).name if file != "-" else None
    with (
        refusal_is_noted(settings),
        TransferLine(f"Sending {Path(title_of(file)).name}", counts_bytes=True) as sending,
        open_rows(file, kind, encoding, sending) as (kind, first, rows),
    ):
        op = op or ("load" if kind == "csv" else "create")
        options["first_row"] = first + (kind == "csv")  # below the header
        if kind == "csv" and not model:
            raise InputError("which model? Give --model, such as --model res.partner.")
        if key and op not in ("load", "upsert"):
            raise InputError("--key says what identifies a record: add --op load or --op upsert.")
        fields = field_types(client, model) if model and op != "unlink" else None
        converter = Converter(op, model, key, kind, fields)
        rows = first_rows(rows, limit, converter.continues) if limit else rows
        submission = Submission(client, settings, json)
        job = submission.send(converter, converter.operations(rows, file, first), file, options)
        if converter.doubles:
            with beside_bars():
                click.echo(DOUBLES, err=True)
    if no_wait:
        return DONE
    return watch_to_end(client, job.id, timeout, json)
