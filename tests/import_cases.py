"""What tests of Odoo's import dialog have in common: files, and the dialog's two ways."""

import csv
import io
from typing import Any, NamedTuple

import xlsxwriter

from odoo.tools import mute_logger

from .row_cases import FRENCH, ROW, RowCase

READER = "odoo.addons.base_import.models.base_import"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
OPTIONS = {  # those of the dialog
    "import_skip_records": [],
    "import_set_empty_fields": [],
    "fallback_values": {},
    "name_create_enabled_fields": {},
    "encoding": "",
    "separator": "",
    "quoting": '"',
    "date_format": "",
    "datetime_format": "",
    "float_thousand_separator": ",",
    "float_decimal_separator": ".",
    "advanced": True,
    "has_headers": True,
    "keep_matches": False,
    "limit": 2000,
    "sheets": [],
    "sheet": "",
    "skip": 0,
    "tracking_disable": True,
}


class File(NamedTuple):
    """A file, and what a person chooses for it. `fields`: None takes the titles as fields."""

    content: bytes
    name: str = "rows.csv"
    type: str = "text/csv"
    fields: list | None = None
    options: dict[str, Any] = {}


def csv_file(rows, code="utf-8", chosen=None, delimiter=",", fields=None, quotechar='"', **options):
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, quotechar=quotechar).writerows(rows)
    return File(text.getvalue().encode(code), fields=fields, options=options | (chosen or {}))


def xlsx_file(rows, fields=None, formats=None, **options):
    """A cell may be a value, or (formula, its value); `formats`: column -> how its cells look."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        looks = {at: book.add_format({"num_format": one}) for at, one in (formats or {}).items()}
        for number, row in enumerate(rows):
            for at, cell in enumerate(row):
                look = looks.get(at) if number else None
                if isinstance(cell, tuple):
                    sheet.write_formula(number, at, cell[0], look, cell[1])
                elif look:
                    sheet.write_datetime(number, at, cell, look)
                else:
                    sheet.write(number, at, cell)
    return File(file.getvalue(), "rows.xlsx", XLSX, fields, options)


class ImportCase(RowCase):
    """Imports files as the dialog does, as admin in French unless told otherwise."""

    def dialog(self, file: File, user=None, model=ROW, **context):
        """The record of the dialog, with the file uploaded."""
        importer = self.env["base_import.import"].with_user(user or self.admin)
        importer = importer.with_context(**(FRENCH | context))
        values = {"res_model": model, "file": file.content, "file_name": file.name}
        return importer.create({**values, "file_type": file.type})

    def arguments(self, dialog, file: File):
        """What the dialog sends: fields, titles and options, which the preview completes."""
        options = OPTIONS | file.options
        with mute_logger(READER):
            preview = dialog.parse_preview(dict(options))
        options |= {name: preview.get("options", {}).get(name, options[name]) for name in options}
        options |= file.options
        titles = preview.get("headers") or [""] * len(file.fields or ())
        fields = file.fields or [title or False for title in titles]
        return fields, [title.strip().lower() for title in titles], options

    def by_odoo(self, file: File, **how):
        """(refusals, all records) of the dialog's own import, undone."""
        dialog = self.dialog(file, **how)
        with mute_logger("odoo.sql_db", "odoo.addons.base.models.ir_model", READER):
            found = dialog.execute_import(*self.arguments(dialog, file))
        records = None if found.get("ids") is None or found["ids"] is False else self.all_rows()
        self.remove_all()
        return [one["message"] for one in found["messages"] if one["type"] == "error"], records

    def in_background(self, file: File, user=None, model=ROW, context=None, **how):
        """(answer, job) of the same in the background; the job has ended."""
        dialog = self.dialog(file, user, model, **(context or {}))
        with mute_logger(READER):
            answer = dialog.import_in_background(*self.arguments(dialog, file), **how)
        self.commit()
        job = self.env["batch.job"].browse(answer["id"])
        if job:
            self.run_jobs()
        return answer, job

    def all_rows(self):
        """As `everything`, within the transaction."""
        self.env.flush_all()
        self.env.invalidate_all()
        return self.all_records("name, id")
