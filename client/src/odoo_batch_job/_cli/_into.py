"""``odoo-batch submit FILE --into JOB``: corrected rows go back into the job that they are of."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from .._models import Correction
from .._sync import Client
from ._results_file import LINES
from ._rows import OWN
from ._settings import InputError

BESIDE_INTO = {"file", "into", "no_wait", "timeout", "json", "url", "db", "api_key", "profile"}


def refuse_other_options() -> None:
    """Refuse options that say what a new job is like.

    :raises InputError: names the options
    """
    context = click.get_current_context()
    given = [
        parameter.opts[0]
        for parameter in context.command.params
        if parameter.name not in BESIDE_INTO
        and context.get_parameter_source(str(parameter.name)) is ParameterSource.COMMANDLINE
    ]
    if given:
        raise InputError(f"--into corrects rows of a job that is there: leave out {given[0]}.")


def correct(client: Client, job_id: int, name: str) -> Correction:
    """Correct rows of a job by a file, ``-`` for standard input.

    :raises InputError: the file cannot be read
    """
    try:
        content = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {name}: {error.strerror}") from error
    if Path(name).suffix.lower() in LINES:
        return client.correct(job_id, _rows_of(content, name, job_id))
    return client.correct_file(job_id, content)


def in_words(correction: Correction) -> str:
    """Return how the correction went, in one line."""
    left = {state: len(indexes) for state, indexes in correction.left.items()}
    parts = (
        (correction.corrected, "corrected"),
        (correction.unchanged, "not changed, and run again"),
        (correction.done, "done already"),
        (left.get("done", 0), "done, and left as they are"),
        (left.get("cancelled", 0), "cancelled, and left as they are"),
        (correction.foreign, "of other jobs, and left out"),
    )
    said = ", ".join(f"{count:,} {what}" for count, what in parts if count)
    return f"Job {correction.job.id}, {correction.rows:,} rows: {said}"


def _rows_of(content: bytes, name: str, job_id: int) -> list[dict[str, Any]]:
    """Return the operations of ``results -o failed.jsonl`` as rows to correct.

    :raises InputError: names the line that is none of the job's
    """
    rows = []
    for number, line in enumerate(content.splitlines(), 1):
        if not line.strip():
            continue
        where = f"{name}, line {number}"
        try:
            operation = json.loads(line)
            job, index = operation["__job"], operation["__index"]
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{where}: no operation with __job and __index.") from error
        if job != job_id:
            raise InputError(f"{where}: this is a row of job {job}, not of job {job_id}.")
        parts = {key: value for key, value in operation.items() if key not in OWN}
        rows.append({"index": index, **parts})
    return rows
