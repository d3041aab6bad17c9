"""The commands of ``odoo-batch``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from .._errors import NotFoundError, WatchTimeoutError
from .._models import OPERATION_STATES, STATES, JobStatus, OperationResult
from .._options import AS_MANY_AS_PAY
from .._sync import Client
from ._command import CODE_BY_STATE, DONE, command, exit_with
from ._command import main as main
from ._convert import Converter, field_types
from ._into import correct, in_words, refuse_other_options
from ._job_context import context_options
from ._kinds import json_object, moment
from ._listing import columns_of, latest_jobs, table_of
from ._part import Part, part_options
from ._results_file import (
    NOT_DONE,
    Kind,
    count_of,
    outcomes,
    prints_to_terminal,
    write_results,
)
from ._rows import first_rows, open_rows, title_of
from ._settings import APP, BROKEN_OFF, DEFAULT, InputError, Settings, remember_job, write_profile
from ._show import (
    after_dry_run,
    as_json,
    cause_line,
    causes,
    ending,
    event_line,
    follow,
    line,
    what_came_of,
)
from ._submission import Submission, refusal_is_noted
from ._transfer import TransferLine, beside_bars
from ._wait import Wait, wait_options

LAST_EVENTS = 3  # lines of the history that `status` shows
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
@click.option("--chunk-size", type=click.IntRange(0), default=0, help="Rows in a transaction.")
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
        return DONE if no_wait or not correction.again else _watch(client, into, timeout, json)
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
    return _watch(client, job.id, timeout, json)


@command(job=True)
@click.option("--timeout", type=float, help="Seconds to wait.")
def watch(
    client: Client, settings: Settings, job_id: int, timeout: float | None, json: bool
) -> int | None:
    """Watch a job until it has ended; Ctrl-C stops watching, not the job."""
    return _watch(client, job_id, timeout, json)


def _watch(client: Client, job_id: int, timeout: float | None, json: bool) -> int:
    try:
        status = follow(client.watch(job_id, timeout=timeout), json_lines=json)
    except (KeyboardInterrupt, WatchTimeoutError):
        click.echo(f"Job {job_id} goes on in Odoo. Watch it again: {APP} watch {job_id}", err=True)
        raise
    return CODE_BY_STATE[status.state]


@command(job=True)
def status(client: Client, settings: Settings, job_id: int, json: bool) -> None:
    """Say where a job stands, and what was done to it last; exits with 0 whatever that is."""
    _show_status(client.status(job_id), json)
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


def _show_status(job: JobStatus, json: bool) -> None:
    if json:
        click.echo(as_json(job))
    else:
        click.echo((ending(job) if job.at_rest else line(job)) + causes(job))


def _go_on(client: Client, job: JobStatus, wait: Wait, json: bool) -> int | None:
    """Watch a job that a verb has set going, if that is asked for, or say how to."""
    if wait.is_on:
        return _watch(client, job.id, wait.timeout, json)
    _show_status(job, json)
    if not job.at_rest and not json:
        click.echo(f"Watch it: {APP} watch {job.id}")
    return None


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
    return f" Correct {'it' if count == 1 else 'them'} and: {APP} submit {output} {again}"


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
    return _go_on(client, job, wait, json)


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
    return _go_on(client, client.resume(job_id, skip=skip), wait, json)


@command(job=True)
@wait_options
def start(client: Client, settings: Settings, job_id: int, wait: Wait, json: bool) -> int | None:
    """Queue a draft, or run for real what was a dry run."""
    return _go_on(client, client.start(job_id), wait, json)


@command(job=True)
def pause(client: Client, settings: Settings, job_id: int, json: bool) -> None:
    """Let the chunks that are running land and take no more."""
    _show_status(client.pause(job_id), json)


@command(job=True)
def cancel(client: Client, settings: Settings, job_id: int, json: bool) -> None:
    """End a job after the chunks that are running; what they did stays."""
    _show_status(client.cancel(job_id), json)


@main.command()
@click.option("--url", envvar="ODOO_URL", prompt="URL of the Odoo server")
@click.option("--db", envvar="ODOO_DB", prompt="Database (empty if it has only one)", default="")
@click.option("--api-key", envvar="ODOO_API_KEY", prompt="API key (not shown)", hide_input=True)
@click.option("--profile", default=DEFAULT, show_default=True, help="Name to keep it under.")
def login(url: str, db: str, api_key: str, profile: str) -> None:
    """Try an API key and keep it in a file that only you can read.

    Make the key in Odoo: Preferences, Security, Add API Key.
    """
    settings = Settings(url, db or None, api_key)

    def run() -> None:
        with settings.client() as client:
            context = client.call("res.users", "context_get", repeatable=True)
            found = client.call(
                "res.users", "read", {"ids": [context["uid"]], "fields": ["login"]}, repeatable=True
            )
        path = write_profile(profile, settings)
        click.echo(f"Logged in as {found[0]['login']}; the key is kept in {path}.")

    exit_with(run, as_json_line=False)
