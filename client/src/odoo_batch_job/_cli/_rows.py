"""Rows of a file, a line at a time: CSV, JSON Lines, or operations as JSON Lines."""

from __future__ import annotations

import bisect
import codecs
import csv
import io
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any, TextIO

from ._settings import InputError
from ._transfer import TransferLine

Row = dict[str, Any]

OWN = ("__job", "__index", "__error", "__state", "__ids")  # columns that `results` adds
DELIMITERS = ",;\t|"
NOT_UTF8 = re.compile("[\udc80-\udcff]+")  # bytes, as `surrogateescape` reads them
WORKBOOKS = ("PK\x03\x04", "\udcd0\udccf\x11")  # how .xlsx, .ods and .xls begin

csv.field_size_limit(sys.maxsize)


class Lines:
    """Which line of a file an operation was made of; as small as its lines are regular."""

    def __init__(self) -> None:
        self._indexes: list[int] = []  # where the distance of line and index changes
        self._distances: list[int] = []

    def note(self, index: int, line: int) -> None:
        """Note the line of the next operation."""
        if not self._distances or self._distances[-1] != line - index:
            self._indexes.append(index)
            self._distances.append(line - index)

    def of(self, index: int | None) -> int | None:
        """Return the line of an operation; None where none was noted."""
        if index is None or not self._indexes:
            return None
        return index + self._distances[bisect.bisect_right(self._indexes, index) - 1]


@contextmanager
def open_rows(
    name: str, kind: str | None, encoding: str | None, sending: TransferLine
) -> Iterator[tuple[str, int, Iterator[tuple[int, Row]]]]:
    """Open a file, ``-`` for standard input, and give its kind, first line and numbered rows.

    :param kind: ``csv`` or ``jsonl``; None finds out by the name, or else by the first character
    :param encoding: a name that Python knows; None is UTF-8
    :param sending: shows how much of the file was read
    :raises InputError: it cannot be read
    """
    title = title_of(name)
    codec = _codec(encoding)
    try:
        binary = sys.stdin.buffer if name == "-" else open(name, "rb")  # noqa: SIM115 - closed below
    except OSError as error:
        raise InputError(f"cannot read {name}: {error.strerror}") from error
    try:
        size = os.fstat(binary.fileno()).st_size if name != "-" else None
        watched = sending.reading(binary, size)
        with io.TextIOWrapper(watched, codec, "surrogateescape", newline="") as text:
            lines = _checked(text, title, encoding)
            blank, first = _first_line(lines)
            kind = kind or _kind(name, first)
            lines = chain([first] if first else [], lines)
            read = _read_csv if kind == "csv" else _read_jsonl
            yield kind, blank + 1, read(lines, first, blank, title)
    finally:
        binary.close()


def first_rows(
    rows: Iterator[tuple[int, Row]], limit: int, continues: Callable[[Row], bool]
) -> Iterator[tuple[int, Row]]:
    """Yield the first rows; a record that goes on over further rows is not cut.

    :param continues: whether a row continues the record of the row before
    """
    count = 0
    for line, row in rows:
        if not count or not continues(row):
            if count == limit:
                return
            count += 1
        yield line, row


def title_of(name: str) -> str:
    """Return what people call a file."""
    return "standard input" if name == "-" else name


def _first_line(lines: Iterator[str]) -> tuple[int, str]:
    """Return the first line that is not blank, and how many are before it."""
    return next(((number, line) for number, line in enumerate(lines) if line.strip()), (0, ""))


def _kind(name: str, first: str) -> str:
    ending = name.rpartition(".")[2].lower()
    if ending in ("jsonl", "ndjson", "json"):
        return "jsonl"
    if ending in ("csv", "tsv", "txt"):
        return "csv"
    return "jsonl" if first.lstrip().startswith("{") else "csv"


def _codec(encoding: str | None) -> str:
    """Return the name of the codec that reads a file of an encoding.

    :raises InputError: there is no such encoding of texts
    """
    if encoding is None:
        return "utf-8-sig"
    try:
        io.TextIOWrapper(io.BytesIO(), encoding)
    except LookupError as error:
        raise InputError(
            f"there is no encoding “{encoding}”: give one such as cp1252, latin-1 or utf-16."
        ) from error
    name = codecs.lookup(encoding).name
    return "utf-8-sig" if name == "utf-8" else name


def _checked(text: TextIO, name: str, encoding: str | None) -> Iterator[str]:
    """Yield the lines; refuse one that is not in the encoding.

    :raises InputError: names the line and what is before the bytes
    """
    number = 0
    try:
        for number, line in enumerate(text, 1):
            if number == 1:
                _refuse_workbook(line, name)
                line = line.removeprefix("\ufeff")  # of utf-16-le and the like
            if not line.isascii() and (found := NOT_UTF8.search(line)):
                _refuse_bytes(line, found, f"{name} is not {encoding or 'UTF-8'}: line {number}")
            yield line
    except UnicodeError as error:  # of encodings whose characters have several bytes
        reason = getattr(error, "reason", error)
        wrong = f"{name} is not {encoding}, after line {number}: {reason}"
        raise InputError(f"{wrong}; give another --encoding.") from error


def _refuse_workbook(line: str, name: str) -> None:
    if line.startswith(WORKBOOKS):
        raise InputError(
            f"{name} is a workbook, and no text: save it as “CSV UTF-8” in the spreadsheet, "
            "and submit that file."
        )


def _refuse_bytes(line: str, found: re.Match[str], where: str) -> None:
    before = line[: found.start()][-20:]
    wrong = found[0][:4].encode(errors="surrogateescape").hex(" ")
    place = f"after “{before}”" if before else "at its beginning"
    raise InputError(
        f"{where} has the bytes {wrong} {place}; save it as UTF-8 (“CSV UTF-8” in a spreadsheet), "
        "or give its encoding, such as --encoding cp1252."
    )


def _read_csv(lines: Iterator[str], first: str, blank: int, name: str) -> Iterator[tuple[int, Row]]:
    delimiter = max(DELIMITERS, key=first.count)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    line = blank + 1
    try:
        header = next(reader, [])
        _check_header(header, name)
        line = blank + reader.line_num + 1
        for cells in reader:
            if any(cells):
                if len(cells) != len(header):
                    problem = f"has {len(cells)} cells, the header {len(header)}"
                    raise InputError(f"{name}, line {line}: the row {problem}.")
                yield line, _without_own(dict(zip(header, cells, strict=True)), line, name)
            line = blank + reader.line_num + 1
    except csv.Error as error:
        reason = str(error)
        if reason == "unexpected end of data":
            reason = "a quotation mark of the row that begins here is not closed"
        raise InputError(f"{name}, line {line}: {reason}.") from error


def _check_header(header: list[str], name: str) -> None:
    if not any(header):
        raise InputError(f"{name} is empty; the first line names the columns.")
    if not all(header):
        raise InputError(f"{name}: column {header.index('') + 1} has no name.")
    double = {column for column in header if header.count(column) > 1}
    if double:
        raise InputError(f"{name}: column {min(double)} is there twice.")


def _read_jsonl(
    lines: Iterator[str], first: str, blank: int, name: str
) -> Iterator[tuple[int, Row]]:
    for number, line in enumerate(lines, blank + 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            where = str(error)
            if isinstance(error, json.JSONDecodeError):
                where = f"{error.msg} (character {error.pos + 1})"
            raise InputError(f"{name}, line {number}: not JSON: {where}.") from error
        if not isinstance(row, dict):
            raise InputError(f"{name}, line {number}: a line is an object, {{…}}.")
        yield number, _without_own(row, number, name)


def _without_own(row: Row, line: int, name: str) -> Row:
    if row.get("__state") == "done":
        raise InputError(
            f"{name}, line {line}: the row is done already, says its column __state. Take the rows "
            "of `results --failed`, or remove the column to do it again."
        )
    return {column: value for column, value in row.items() if column not in OWN}
