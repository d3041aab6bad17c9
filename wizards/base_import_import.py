import os
from collections.abc import Sequence
from datetime import date

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL
from odoo.tools.mimetypes import guess_mimetype

from odoo.addons.base_import.models.base_import import MIMETYPE_TO_READER, ImportValidationError

from ..dispatch.file_import import FileImport
from ..engine import file_rows
from ..engine.options import LONGEST_KEY
from ..engine.spreadsheet import ZIP_BEGINS, Problem, is_binary, problem_of
from .base_import_words import problem_in_words

ZIPPED = ("xlsx", "xlsm", "ods")  # formats that are a zip
TAKE_DATES = ("date", "datetime", "char", "text", "html", "properties")
# what the dialog gives to Odoo's `load()` by the context
OPTIONS_OF_LOAD = {
    "name_create_enabled_fields": dict,
    "import_set_empty_fields": list,
    "import_skip_records": list,
}


class BaseImportImport(models.TransientModel):
    """Submits the file of Odoo's import dialog as a job."""

    _inherit = "base_import.import"

    # a plain number: the job may be deleted before
    batch_job_number = fields.Integer(readonly=True, help="The job that was made of the file")

    def import_in_background(
        self,
        fields: list[str | bool],
        columns: list[str | bool],
        options: dict,
        dryrun: bool = False,
        key: Sequence[str] = (),
    ) -> dict:
        """Do what `execute_import` does, up to Odoo's `load()`; a job loads all rows.

        A second call for the same file gives the job of the first.

        :param fields: the path of each column's field, false for a column that is not imported
        :param columns: the titles of the columns
        :param options: those of `execute_import`; there are no batches, so `limit` does not count
        :param dryrun: the job keeps nothing but its outcomes
        :param key: paths of columns by which existing records are found and updated
        :returns: `id` of the job, or 0, and `messages` as `execute_import` gives them
        """
        self.ensure_one()
        if job_id := self._submitted():
            return {"id": job_id, "messages": []}
        try:
            paths, rows = self._rows_for_job(fields, options)
        except ImportValidationError as error:
            return {"id": 0, "messages": [error.__dict__]}
        choices = {name: options.get(name) or kind() for name, kind in OPTIONS_OF_LOAD.items()}
        env = self.with_context(import_file=True, **choices).env
        job_id = FileImport(env, self._first_row(options)).submit(
            rows, self.res_model, paths, list(key), name=self._job_name(), dry_run=dryrun
        )
        if options.get("has_headers"):
            self._remember(columns, fields)
        # the rows are in the job now: nobody needs the file
        self.write({"file": False, "batch_job_number": job_id})
        return {"id": job_id, "messages": []}

    def write(self, vals):
        if vals.get("file"):
            vals = {**vals, "batch_job_number": 0}
        return super().write(vals)

    def _submitted(self) -> int:
        """The id of the job that the file has become, or 0. Lock the file: two calls at once, such
        as a double click makes, submit one job."""
        if not self.exists():
            raise UserError(self.env._("The file is not there any more. Choose it again."))
        self.check_access("write")
        self.flush_recordset()
        query = SQL(
            "SELECT batch_job_number FROM base_import_import WHERE id = %s FOR UPDATE", self.id
        )
        # Odoo repeats the call after a conflict with an equal one
        self.env.cr.execute(query, log_exceptions=False)
        return self.env.cr.fetchone()[0] or 0

    def _first_row(self, options) -> int:
        return file_rows.first_row(options.get("has_headers"), options.get("skip") or 0)

    def _job_name(self) -> str:
        name = (self.file_name or "").replace("\0", "")[:LONGEST_KEY]
        return name or self.env._("Import")

    # Rows

    def _rows_for_job(self, fields, options) -> tuple[list[str], list[list]]:
        """Paths of columns, and converted rows: what `execute_import` gives to `load()`.

        :raises ImportValidationError: Odoo's words, with the row where it can be told
        """
        rows, paths = self._file_rows(fields, options)
        if not rows:
            raise ImportValidationError(self.env._("The file has no rows to import."))
        self._refuse_misplaced_dates(rows, paths, options)
        try:
            rows = self._parse_import_data(rows, paths, options)
        except ImportValidationError as error:
            self._refuse_row(error, fields, options)
        if any(map(any, self._extract_binary_filenames(paths, rows).values())):
            raise ImportValidationError(
                self.env._(
                    "The file names files, such as pictures, which your browser sends after the "
                    "import. Use Import, or leave this column out."
                )
            )
        # as `execute_import` does; `paths` has each path once after that
        importer = self.with_context(import_options=options)
        paths, rows = importer._handle_multi_mapping(paths, rows)
        if options.get("fallback_values"):
            rows = self._handle_fallback_values(paths, rows, options["fallback_values"])
        return paths, rows

    def _file_rows(self, fields, options):
        try:
            return self._convert_import_data(fields, options)
        except IndexError:
            _length, rows = self._read_file(options)
            width = 1 + max(at for at, field in enumerate(fields) if field)
            first = file_rows.first_row(False, 0)
            short = [first + at for at in file_rows.short_rows(rows, width)]
            raise ImportValidationError(
                self.env._(
                    "The rows %(rows)s have fewer than the %(width)s cells that are imported. "
                    "Complete them; a quote or a separator may be missing.",
                    rows=file_rows.named(short),
                    width=width,
                )
            ) from None

    def _refuse_misplaced_dates(self, rows, paths, options):
        """Refuse the dates of a spreadsheet in columns that take none: Odoo's import breaks."""
        places = [at for at, path in enumerate(paths) if self._type_of(path) not in TAKE_DATES]
        for number, row in enumerate(rows, self._first_row(options)):
            for at in places:
                if isinstance(row[at], date):
                    raise ImportValidationError(
                        self.env._(
                            "Row %(row)s: the spreadsheet has a date (%(value)s) in the column of "
                            "%(field)s, which takes none. Format the column as text or number, or "
                            "choose another field.",
                            row=number,
                            value=row[at],
                            field=paths[at],
                        ),
                        field=paths[at],
                    )

    def _type_of(self, path) -> str:
        """The type of the field at the end of a path; empty for what finds a record."""
        model, kind = self.env[self.res_model], ""
        for step in path.split("/"):
            field = model._fields.get(step.partition(".")[0])
            if field is None or step == "id":
                return ""
            model, kind = self.env[field.comodel_name] if field.relational else model, field.type
        return kind

    def _refuse_row(self, error, fields, options):
        """Raise the error of a conversion again, with the number of the row."""
        if error.field_type == "binary":
            raise error  # to find the row would mean to fetch pictures again
        rows, paths = self._file_rows(fields, options)

        def is_refused(start, end):
            try:
                self._parse_import_data([list(row) for row in rows[start:end]], paths, options)
            except ImportValidationError:
                return True
            return False

        at = file_rows.first_refused(len(rows), is_refused)
        if at is not None:
            error.message = self.env._(
                "Row %(row)s: %(problem)s",
                row=self._first_row(options) + at,
                problem=error.message,
            )
        raise error

    def _remember(self, columns, fields):
        """Remember which column became which field, as `execute_import` does."""
        known = self.env["base_import.mapping"].search([("res_model", "=", self.res_model)])
        by_column = {one.column_name: one for one in reversed(known)}
        for column, field in zip(columns, fields, strict=False):
            mapping = by_column.get(column)
            if not column or mapping and mapping.field_name == field:
                continue
            if mapping:
                mapping.field_name = field
            else:
                values = {"res_model": self.res_model, "column_name": column, "field_name": field}
                by_column[column] = known.create(values)

    # The file

    def _read_file(self, options):
        """Refuse what would cost the server its memory, before it is read. Odoo's own preview and
        import come through here as well."""
        if problem := self._file_problem(options):
            raise ImportValidationError(problem_in_words(self.env, problem))
        try:
            length, rows = super()._read_file(options)
        except UserError as error:
            if error.__cause__ is None:
                raise
            damaged = problem_in_words(self.env, Problem("damaged"))
            raise ImportValidationError(damaged) from error
        if not rows:
            raise ImportValidationError(self.env._("Import file has no content or is corrupt"))
        if len(rows) == 1 and options.get("has_headers"):
            raise ImportValidationError(
                self.env._(
                    "The file has one row only, and it is taken for the titles of the columns. Add "
                    "rows, or do not use the first row as header."
                )
            )
        return length, rows

    def _file_problem(self, options) -> Problem | None:
        content = self.file or b""
        if problem := problem_of(content):
            return problem
        reader = self._reader_of(content)
        if reader in ZIPPED and not content.startswith(ZIP_BEGINS):
            return Problem("damaged")
        # who has chosen an encoding knows that it is a text
        if reader == "csv" and not options.get("encoding") and is_binary(content):
            return Problem("damaged")
        return None

    def _reader_of(self, content) -> str:
        """The reader that Odoo tries first."""
        _stem, extension = os.path.splitext(self.file_name or "")
        return (
            MIMETYPE_TO_READER.get(guess_mimetype(content))
            or MIMETYPE_TO_READER.get(self.file_type)
            or extension.removeprefix(".")
        )
