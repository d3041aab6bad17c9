"""The results of a job as a file: the submitted rows, and the outcome of each row."""

from __future__ import annotations

import csv
import heapq
import json
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from .._batch_result import reason_of
from .._models import JobStatus, OperationResult
from .._sync import Client
from ._cells import cell
from ._convert import field_types, row_of
from ._settings import InputError

NOT_DONE = ("failed", "rolled_back", "skipped", "cancelled")
LINES = (".jsonl", ".ndjson", ".json")  # `submit` reads files with these endings as JSON Lines
BLANKED = {"$blanked": True}  # replaces a password when its operation has ended
HOLD_OBJECTS = ("json", "properties")  # types of fields whose values may be objects
AT_ONCE = 500  # operations whose content is read in one request

Line = tuple[OperationResult, dict[str, Any]]
Kind = tuple[str, str, tuple[str, ...]]  # op, model, fields that identify a record to upsert


def outcomes(
    client: Client, job_id: int, states: Iterable[str], indexes: Sequence[int]
) -> Iterator[OperationResult]:
    """Return results in order.

    :param states: only results in one of these states; empty: in any
    :param indexes: only results of these operations; empty: of all
    """
    named = indexes or None
    streams = [
        client.results(job_id, state=state, indexes=named) for state in (*states,) or (None,)
    ]
    return heapq.merge(*streams, key=lambda result: result.index)


def count_of(job: JobStatus, states: Sequence[str], indexes: Sequence[int]) -> int | None:
    """Return how many results there will be, None if the status does not tell."""
    if indexes:
        return None if states else len(set(indexes))
    known = {(): job.total, ("done",): job.succeeded, ("failed",): job.failed}
    known[NOT_DONE] = job.failed + job.skipped
    return known.get(tuple(states))


def prints_to_terminal(output: str | None) -> bool:
    """Whether the results themselves go to a terminal, where a bar would be in their way."""
    return output in (None, "-") and sys.stdout.isatty()


def write_results(
    client: Client, job_id: int, results: Iterable[OperationResult], name: str, *, failed: bool
) -> tuple[int, set[Kind]]:
    """Write submitted operations with their results; the file's name decides on CSV or JSON Lines.

    :returns: number of rows, and the kinds of operations among them
    :raises InputError: the operations do not fit into columns, or the user may not read them
    """
    as_rows = not _is_lines(name)
    # a temporary file first: if the reading breaks off, an older file of that name stays
    with tempfile.TemporaryFile("w+", encoding="utf-8") as spool:
        kinds: set[Kind] = set()
        count = 0
        types: dict[str, str] = {}
        columns = _first_columns(client, job_id) if as_rows else {}
        for result, operation in _with_content(client, job_id, results):
            key = tuple(operation.get("key") or ())
            kinds.add((operation["op"], operation["model"], key))
            row = operation
            if as_rows:
                row = _row(operation, kinds)
                types = types or _types(client, kinds)
                _check_cells(operation["op"], row, columns, types)
                columns |= dict.fromkeys(row)
            row = {**row, "__job": job_id, **_about(result, failed=failed)}
            spool.write(json.dumps(row, ensure_ascii=False) + "\n")
            count += 1
        spool.seek(0)
        with _opened(name) as file:
            if as_rows:
                _write_csv(file, [*columns, *_own_columns(failed=failed)], types, spool)
            else:
                shutil.copyfileobj(spool, file)
    return count, kinds


def _first_columns(client: Client, job_id: int) -> dict[str, None]:
    """Return the columns of the job's first rows.

    A column that a person has to fill in may be empty in all failed rows. Those rows then lack the
    column, so the failed rows alone do not tell all columns.
    """
    content = _content(client, job_id, list(range(AT_ONCE)))
    return dict.fromkeys(
        column for operation in content.values() for column in row_of(operation) or ()
    )


def _types(client: Client, kinds: set[Kind]) -> dict[str, str]:
    """Return the types of the fields, if the rows hold values of fields."""
    models = {model for op, model, _key in kinds if op in ("create", "write", "upsert")}
    return field_types(client, models.pop()) if models else {}


def _row(operation: dict[str, Any], kinds: set[Kind]) -> dict[str, Any]:
    row = row_of(operation)
    if row is None or len(kinds) > 1:
        raise InputError("these operations do not fit into columns; write to a name in .jsonl.")
    return row


def _check_cells(
    op: str, row: dict[str, Any], columns: dict[str, None], types: dict[str, str]
) -> None:
    """Refuse a row whose cells would mean something else when `submit` reads the file.

    :raises InputError: an empty cell would empty a field; or `submit` would leave out a field that
        is to be emptied; or a blanked password or a reference would become a text
    """
    for column, value in row.items():
        if isinstance(value, dict) and types.get(column) not in HOLD_OBJECTS:
            why = "holds a password that was blanked" if value == BLANKED else "refers to a record"
            raise InputError(
                f"the column “{column}” {why}, which a cell cannot say; write to a name in .jsonl."
            )
    if op in ("write", "load"):
        if columns and columns.keys() != row.keys():
            raise InputError(
                "the rows of this job have different columns, and an empty cell would empty a "
                "field; write to a name in .jsonl."
            )
        return
    for column, value in row.items():
        if value in (None, "") or (value is False and types.get(column) != "boolean"):
            raise InputError(
                f"the column “{column}” is to be emptied, and an empty cell would be left out; "
                "write to a name in .jsonl."
            )


def _about(result: OperationResult, *, failed: bool) -> dict[str, Any]:
    about = {"__index": result.index, "__error": str(reason_of(result) or "")}
    return about if failed else {**about, "__state": result.state, "__ids": result.ids}


def _own_columns(*, failed: bool) -> list[str]:
    own = ["__job", "__index", "__error"]
    return own if failed else [*own, "__state", "__ids"]


def _write_csv(
    file: TextIO, columns: list[str], types: dict[str, str], lines: Iterable[str]
) -> None:
    writer = csv.DictWriter(file, columns, restval="")
    writer.writeheader()
    for line in lines:
        row = json.loads(line)
        writer.writerow({name: cell(value, types.get(name, "char")) for name, value in row.items()})


def _with_content(
    client: Client, job_id: int, results: Iterable[OperationResult]
) -> Iterator[Line]:
    iterator = iter(results)
    while batch := list(islice(iterator, AT_ONCE)):
        content = _content(client, job_id, [result.index for result in batch])
        for result in batch:
            if not content.get(result.index):
                raise InputError("only the owner of a job may read what was submitted.")
            yield result, content[result.index]


def _content(client: Client, job_id: int, indexes: list[int]) -> dict[int, dict[str, Any]]:
    arguments = {
        "domain": [["job_id", "=", job_id], ["index", "in", indexes]],
        "fields": ["index", "op", "model", "ref", "payload_text"],
    }
    found = client.call("batch.job.operation", "search_read", arguments, repeatable=True)
    return {
        stored["index"]: {
            "op": stored["op"],
            "model": stored["model"],
            **({"ref": stored["ref"]} if stored["ref"] else {}),
            **json.loads(stored["payload_text"]),
        }
        for stored in found
        if stored["payload_text"]
    }


def _is_lines(name: str) -> bool:
    """Whether the name of a file asks for JSON Lines; a name without an ending asks for CSV."""
    ending = Path(name).suffix.lower()
    if ending not in ("", ".csv", ".txt", *LINES):
        raise InputError(f"{name}: the name says what to write, .csv or .jsonl.")
    return ending in LINES


@contextmanager
def _opened(name: str) -> Iterator[TextIO]:
    if name == "-":
        yield sys.stdout
        return
    try:
        with open(name, "w", encoding="utf-8", newline="") as file:
            yield file
    except OSError as error:
        raise InputError(f"cannot write {name}: {error.strerror}") from error
