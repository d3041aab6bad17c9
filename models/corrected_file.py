"""A file of rows that a person has corrected, as the argument of `correct`."""

from functools import cache, partial

from odoo.exceptions import UserError

from ..dispatch.submission_check import refusal, refused
from ..engine.errors import BadRequest
from ..engine.messages import message_of
from ..engine.row_columns import BadCell, cells_of, corrected, missing, required_column
from ..engine.row_lines import MOST_NAMED, Line, Sheet, read_sheet, refuse, with_lines
from ..execution.in_words import in_words
from .field_kinds import kinds_of
from .row_formats import read_lines


class CorrectedFile:
    """The lines of a file that are rows of a job.

    :ivar rows: for `correct`: an object for each line, with its index and what its cells change
    :ivar foreign: lines of other jobs, which are left out
    """

    def __init__(self, job, content: bytes):
        """
        :raises UserError: the file is not one of this job, or a line of it is wrong; the message
            names the lines
        """
        self._job = job
        self._env = job.env
        self._kinds_of = cache(partial(kinds_of, job.env))
        try:
            known = job.sudo()
            place = job.id, known.total, known.first_row or 1
            self._sheet: Sheet = read_sheet(read_lines(job.env, content), *place)
            self.rows = self._changes()
        except BadRequest as error:
            raise refused(self._env, error) from error
        self.foreign = self._sheet.foreign

    def in_its_words(self, error: UserError) -> UserError:
        """An error of `correct`, with the lines of the file."""
        indexes = (getattr(error, "context", None) or {}).get("indexes") or []
        if not any(index in self._sheet.lines for index in indexes):
            return error
        text = in_words(self._env, with_lines(str(error), indexes, self._sheet.lines))
        return refusal(type(error), text, indexes)

    def _changes(self) -> list[dict]:
        lines = self._sheet.lines
        stored = self._env["batch.job.operation"]._stored_at(self._job.id, list(lines))
        known = self._known_columns(stored)
        rows, problems = [], []
        for one in stored:
            line = lines[one["index"]]
            try:
                changed = self._change(line, one["operation"], known)
                rows.append({"index": line.index, **changed})
            except BadCell as error:
                problem = in_words(self._env, message_of(error))
                words = {"line": line.number, "problem": problem}
                text = self._env._("Line %(line)s, %(problem)s", **words)
                problems.append((line.number, text))
        refuse([text for _number, text in sorted(problems)][: MOST_NAMED + 1])
        return rows

    def _known_columns(self, stored) -> set[str]:
        known = set(self._job._first_columns())
        for one in stored:
            operation = one["operation"]
            known.update(cells_of(operation["op"], operation))
            failure = one["error_type"], one["error_field"]
            known.update(required_column(operation["op"], operation, *failure))
        return known

    def _change(self, line: Line, operation: dict, known: set[str]) -> dict:
        op = operation["op"]
        for column, text in line.texts.items():
            if text and column not in known:
                text = self._env._(
                    "the job has no such column; give the column its name, or delete it."
                )
                raise BadCell(column, text)
        if column := missing(op, operation, line.texts):
            text = self._env._(
                "it is missing, and this row has a value there. Put it back; to have no value, "
                "empty the cell."
            )
            raise BadCell(column, text)
        return corrected(op, operation, line.texts, self._kinds_of(operation["model"]))
