import json
import tempfile
from collections.abc import Iterator
from functools import cache, partial
from urllib.parse import urlencode

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import SQL
from odoo.tools.misc import formatLang

from ..engine.retried import NOT_KEPT
from ..engine.row_columns import ERROR, JOB, ROW, as_line, required_column, texts_of
from ..engine.states import OPERATION_STATES
from .field_kinds import kinds_of
from .operation_lookup import at_indexes, failed_of, of_cause
from .row_formats import MOST_LINES, TYPES, WRITERS

STATES_OF_FILE = {
    "failed": ("failed",),
    "not_done": (*NOT_KEPT, "cancelled"),
    "cancelled": ("cancelled",),
    "all": tuple(OPERATION_STATES),
}
AT_ONCE = 1_000  # operations read together
FIRST_ROWS = 500  # of a job: their columns are in the file, also those that no row of it has


class BatchJobRowsFile(models.AbstractModel):
    """The rows of a job as a file: what people sent, with the reason of each failure."""

    _name = "batch.job.rows.file"
    _description = "Batch Job Rows as a File"

    def _rows_file(self, kind: str, state: str, cause: dict | None = None):
        """Write rows into a temporary file.

        Who may not see the content gets the number of each row, the kind of its error and the
        field.

        :param kind: csv or xlsx
        :param state: failed, not_done, cancelled or all
        :param cause: only rows of this cause: type, model, field and constraint
        :returns: (the file, to be read from its beginning; its name; its MIME type)
        """
        self._check_named()
        self._check_state(state)
        wanted = self._wanted_rows(state, cause)
        sees_content = self._is_own() or self._is_administrator()
        with tempfile.TemporaryFile("w+", encoding="utf-8") as spool:
            write = self._spool_content if sees_content else self._spool_kinds
            count, columns = write(spool, wanted)
            self._check_count(kind, count)
            spool.seek(0)
            file = tempfile.TemporaryFile("w+b")
            WRITERS[kind](file, columns, self._lines(spool, columns))
        file.seek(0)
        return file, f"{self._file_name(state, cause)}.{kind}", TYPES[kind]

    def _file_name(self, state, cause) -> str:
        """Files of one job lie in one folder: the name says which rows a file has."""
        rows = {
            "failed": self.env._("Failed rows"),
            "not_done": self.env._("All that was not done"),
            "cancelled": self.env._("Cancelled rows"),
            "all": self.env._("All rows"),
        }
        return self.env._(
            "%(name)s (job %(job)s) – %(rows)s",
            name=self.sudo().name,
            job=self.id,
            rows=self.env._("Failed rows of one cause") if cause else rows[state],
        )

    def rows_address(self, kind: str, state: str = "failed", cause: dict | None = None) -> str:
        """The address of a file of rows, for a screen: a browser would not say why it got no file.

        :param kind: csv or xlsx
        :param state: failed, not_done, cancelled or all
        :param cause: only the failed rows of this cause: type, model, field and constraint
        :returns: a path of this server, with its query
        :raises UserError: 422: an argument is wrong, the job has no such rows, or it has more than
            a sheet holds
        """
        self._check_named()
        # a tuple, here and for the state: a list that somebody sends has no place in a dict
        if kind not in tuple(WRITERS):
            raise UserError(self.env._("kind is one of %s.", ", ".join(WRITERS)))
        self._check_state(state)
        parts = self._checked_cause(cause) if cause else {}
        self._check_count(kind, self._count_rows(kind, state, parts or None))
        query = urlencode({"state": state, **{key: value or "" for key, value in parts.items()}})
        return f"/batch_job/{self.id}/rows.{kind}?{query}"

    def _check_state(self, state):
        if state not in tuple(STATES_OF_FILE):
            raise UserError(self.env._("state is one of %s.", ", ".join(STATES_OF_FILE)))

    def _count_rows(self, kind, state, cause) -> int:
        """How many rows a file has; of one that surely has room for them whether it has any."""
        total = self.sudo().total
        if state == "failed":
            wanted = failed_of(self.id, cause)
        else:
            wanted = SQL(
                "%s AND %s", at_indexes(self.id, 0, total - 1), self._wanted_rows(state, cause)
            )
        limit = SQL("LIMIT 1") if kind == "csv" or total < MOST_LINES else SQL()
        rows = SQL("SELECT FROM batch_job_operation WHERE %s %s", wanted, limit)
        [(count,)] = self.env.execute_query(SQL("SELECT count(*) FROM (%s) found", rows))
        return count

    def _wanted_rows(self, state, cause) -> SQL:
        wanted = SQL("state IN %s", STATES_OF_FILE[state])
        return SQL("%s AND %s", wanted, of_cause(cause)) if cause else wanted

    def _check_count(self, kind, count):
        if not count:
            raise UserError(
                self.env._("The job has no such rows: there are none, or they were deleted since.")
            )
        if kind == "xlsx" and count >= MOST_LINES:
            raise UserError(
                self.env._(
                    "These are %(count)s rows, and a sheet of XLSX has %(most)s lines: take the "
                    "CSV file, or the rows of one cause.",
                    count=formatLang(self.env, count, digits=0),
                    most=formatLang(self.env, MOST_LINES, digits=0),
                )
            )

    def _lines(self, spool, columns) -> Iterator[list]:
        for text in spool:
            row, error, texts = json.loads(text)
            own = {JOB: self.id, ROW: row, ERROR: error}
            yield [own.get(column, texts.get(column, "")) for column in columns]

    def _spool_content(self, spool, wanted: SQL) -> tuple[int, list[str]]:
        """Keep the lines of the file until all columns are known.

        :returns: the number of lines, and the columns
        """
        columns = dict.fromkeys((JOB, ROW, ERROR))
        columns |= self._first_columns()
        count, states, first = 0, self._labels("state"), self.sudo().first_row or 1
        kinds = cache(partial(kinds_of, self.env))
        for index, state, op, model, payload, message, field, kind in self._content_of(wanted):
            texts = texts_of(op, payload, kinds(model))
            columns |= dict.fromkeys(texts)
            columns |= dict.fromkeys(required_column(op, payload, kind, field))
            error = message or ("" if state == "done" else states[state])
            spool.write(as_line(index + first, error, texts))
            count += 1
        return count, list(columns)

    def _spool_kinds(self, spool, wanted: SQL) -> tuple[int, list[str]]:
        kind_title, field_title = self.env._("Kind of Error"), self.env._("Field")
        count, kinds, first = 0, self._labels("error_type"), self.sudo().first_row or 1
        for index, kind, field in self._kinds_of_errors(wanted):
            texts = {kind_title: kinds.get(kind, ""), field_title: field or ""}
            spool.write(as_line(index + first, "", texts))
            count += 1
        return count, [JOB, ROW, kind_title, field_title]

    def _labels(self, field) -> dict[str, str]:
        described = self.env["batch.job.operation"]._fields[field]._description_selection(self.env)
        return dict(described)

    def _first_columns(self) -> dict[str, None]:
        """The columns of the job's first rows.

        A column that a person has to fill in may be in none of the failed rows.
        """
        self.env.cr.execute(
            SQL(
                "SELECT op, payload FROM batch_job_operation WHERE %s ORDER BY index",
                at_indexes(self.id, 0, FIRST_ROWS - 1),
            )
        )
        return dict.fromkeys(
            column for op, payload in self.env.cr.fetchall() for column in texts_of(op, payload, {})
        )

    def _content_of(self, wanted: SQL):
        columns = "index, state, op, model, payload, error_message, error_field, error_type"
        return self._read_in_parts(SQL(columns), wanted)

    def _kinds_of_errors(self, wanted: SQL):
        return self._read_in_parts(SQL("index, error_type, error_field"), wanted)

    def _read_in_parts(self, columns: SQL, wanted: SQL) -> Iterator[tuple]:
        """Columns of the wanted operations, in order, some at a time."""
        for first in range(0, self.sudo().total, AT_ONCE):
            self.env.cr.execute(
                SQL(
                    "SELECT %s FROM batch_job_operation WHERE %s AND %s ORDER BY index",
                    columns,
                    at_indexes(self.id, first, first + AT_ONCE - 1),
                    wanted,
                )
            )
            yield from self.env.cr.fetchall()
