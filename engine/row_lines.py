"""The lines of a file of corrected rows: which row of which job each one is."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from .errors import BadRequest
from .messages import _lt, joined, message_of
from .row_columns import ERROR, JOB, OWN, ROW

# the columns of `odoo-batch results -o`: its rows count from 0
_OF_THE_COMMAND_LINE = {"__job": JOB, "__index": ROW, "__error": ERROR}
_LEFT_OUT = {ERROR, "__state", "__ids"}
MOST_NAMED = 20  # bad lines in one refusal


class BadFile(BadRequest):
    """Something in a file is wrong; the message names the lines. Nothing was stored."""


@dataclass(frozen=True)
class Line:
    """A line of the file: its number there, the index of its operation, texts by column."""

    number: int
    index: int
    texts: dict[str, str]


@dataclass
class Sheet:
    """The lines of a file that are rows of a job, and the number of lines of other jobs."""

    columns: list[str]
    lines: dict[int, Line] = field(default_factory=dict)
    foreign: int = 0


def read_sheet(
    rows: Iterable[tuple[int, list[str]]], job_id: int, total: int, first_row: int = 1
) -> Sheet:
    """Read a file whose first line names the columns, which may stand in any order.

    :param rows: (number of the line, texts of its cells)
    :param total: operations of the job
    :param first_row: the number of the job's first row
    :raises BadFile: a column is missing or twice, a line is no row, or a row is there twice
    """
    rows = iter(rows)
    head = _Head(next((cells for _number, cells in rows if any(cells)), []), first_row)
    sheet, problems = Sheet(head.columns), []
    others: set[int] = set()
    for number, cells in rows:
        try:
            if (line := head.line(number, cells)) is None:
                continue
            if (job := line[0]) != job_id:
                others.add(job)
                sheet.foreign += 1
                continue
            _add(sheet, line[1], total, head.first_row)
        except BadFile as error:
            problems.append(message_of(error))
            if len(problems) > MOST_NAMED:
                break
    refuse(problems)
    if not sheet.lines:
        raise BadFile(_nothing_in_it(others))
    return sheet


def refuse(problems: list[str]) -> None:
    """Refuse a file for its problems, if there are some."""
    if len(problems) > MOST_NAMED:
        more = _lt("These are the first %(count)s; there are more.", count=MOST_NAMED)
        problems = [*problems[:MOST_NAMED], more]
    if problems:
        raise BadFile(joined("\n", problems))


def _nothing_in_it(others: set[int]) -> str:
    if not others:
        return _lt("The file has no rows.")
    return _lt(
        "No row of the file belongs to this job: they are rows of job %(jobs)s.",
        jobs=", ".join(map(str, sorted(others)[:5])),
    )


def _add(sheet: Sheet, line: Line, total: int, first_row: int) -> None:
    row = line.index + first_row
    if not 0 <= line.index < total:
        raise BadFile(
            _lt(
                "Line %(line)s: the job has no row %(row)s; it has rows %(first)s to %(last)s.",
                line=line.number,
                row=row,
                first=first_row,
                last=first_row + total - 1,
            )
        )
    if line.index in sheet.lines:
        raise BadFile(
            _lt(
                "Lines %(first)s and %(second)s are both row %(row)s: leave out one.",
                first=sheet.lines[line.index].number,
                second=line.number,
                row=row,
            )
        )
    sheet.lines[line.index] = line


class _Head:
    """The line with the names of the columns."""

    def __init__(self, cells: list[str], first_row: int):
        names = [cell.strip() for cell in cells]
        self.first_row = 0 if "__index" in names else first_row
        self._names = [_OF_THE_COMMAND_LINE.get(name, name) for name in names]
        is_of_command_line = not _OF_THE_COMMAND_LINE.keys().isdisjoint(names)
        self._job_name, self._row_name = ("__job", "__index") if is_of_command_line else (JOB, ROW)
        for name, shown in ((JOB, self._job_name), (ROW, self._row_name)):
            if name not in self._names:
                raise BadFile(
                    _lt(
                        "The column “%(name)s” is missing: it says which row a line is. Take a "
                        "file that was downloaded from the job.",
                        name=shown,
                    )
                )
        for name in self._names:
            if name and self._names.count(name) > 1:
                raise BadFile(
                    _lt("The column “%(name)s” is there twice: leave out one.", name=name)
                )
        self._job, self._row = self._names.index(JOB), self._names.index(ROW)
        left_out = {*OWN, *_LEFT_OUT, ""}
        self.columns = [name for name in self._names if name not in left_out]

    def line(self, number: int, cells: list[str]) -> tuple[int, Line] | None:
        """(job, line), or None for a line without a value."""
        if not any(cells):
            return None
        cells = [*cells, *[""] * (len(self._names) - len(cells))]
        for place, cell in enumerate(cells):
            if cell and (place >= len(self._names) or not self._names[place]):
                at = {"line": number, "cell": place + 1}
                raise BadFile(_lt("Line %(line)s: cell %(cell)s has a value and no column.", **at))
        job = _whole(number, self._job_name, cells[self._job])
        index = _whole(number, self._row_name, cells[self._row]) - self.first_row
        texts = dict(zip(self._names, cells, strict=False))
        return job, Line(number, index, {name: texts[name] for name in self.columns})


def _whole(number: int, column: str, text: str) -> int:
    if not (match := re.fullmatch(r"([0-9]{1,18})(\.0+)?", text.strip())):
        raise BadFile(
            _lt(
                "Line %(line)s: the column “%(column)s” holds “%(text)s”; leave it as it was.",
                line=number,
                column=column,
                text=text[:40],
            )
        )
    return int(match[1])


def with_lines(text: str, indexes: Iterable[int], lines: dict[int, Line]) -> str:
    """The text of an error that names operations, with the lines of the file."""
    named = _numbers(indexes, lines)
    words = {"lines": ", ".join(named), "text": text}
    if len(named) == 1:
        return _lt("Line %(lines)s: %(text)s", **words)
    return _lt("Lines %(lines)s:\n%(text)s", **words)


def _numbers(indexes: Iterable[int], lines: dict[int, Line]) -> list[str]:
    return [str(lines[index].number) for index in indexes if index in lines]
