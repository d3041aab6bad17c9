"""Files of rows as a person has them: downloaded, corrected in a table, uploaded."""

import base64
import csv
import io

import openpyxl
import xlsxwriter

from .races import ITEM, ItemRaceCase


class CorrectionCase(ItemRaceCase):
    def setUp(self):
        super().setUp()
        self.prefix = self._testMethodName

    def items_where(self, bad, count=4, **options):
        """A job of creates that has ended; those at some places lack a name."""
        operations = self.creates(self.prefix, count)
        for place in bad:
            operations[place]["values"] = {"name": False, "value": place}
        job = self.submit(operations, **options)
        self.run_to_end(job)
        return job

    def download(self, job, kind="csv", state="failed", cause=None) -> list[list[str]]:
        """The lines of the file, the header first."""
        file, _name, _type = job._rows_file(kind, state, cause)
        with file:
            return table_of(file.read(), kind)

    def upload(self, job, table, kind="csv", **arguments) -> dict:
        """Correct by a file, and commit; gives the report."""
        answer = job.correct_file(file=encoded(table, kind), **arguments)
        self.commit()
        return answer["correction"]

    def correct(self, job, rows, **arguments) -> dict:
        """Correct, and commit; gives the report."""
        answer = job.correct(rows=rows, **arguments)
        self.commit()
        return answer["correction"]

    def names(self):
        """The names of this test's items, in order."""
        items = self.env[ITEM].search([("name", "=like", f"{self.prefix}%")], order="name")
        return items.mapped("name")

    def contents(self, job):
        """All that is stored of the operations of a job."""
        self.renew()
        self.cr.execute("SELECT * FROM batch_job_operation WHERE job_id = %s ORDER BY id", [job.id])
        return self.cr.dictfetchall()


def table_of(content: bytes, kind: str) -> list[list[str]]:
    """The texts of a file's cells, as a spreadsheet program shows them."""
    if kind == "csv":
        return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    return [["" if one is None else str(one) for one in row] for row in sheet.values]


def encoded(table, kind: str) -> str:
    return base64.b64encode(file_of(table, kind)).decode()


def file_of(table, kind: str) -> bytes:
    """A file with these texts, written by another program than ours."""
    if kind == "csv":
        text = io.StringIO()
        csv.writer(text, delimiter=";", quoting=csv.QUOTE_ALL).writerows(table)
        return text.getvalue().encode("utf-8-sig")
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"strings_to_formulas": False}) as book:
        sheet = book.add_worksheet()
        for number, line in enumerate(table):
            for place, cell in enumerate(line):
                sheet.write_string(number, place, str(cell))
    return content.getvalue()


def set_cells(table, column, values):
    """Write into a column, by row number of the job."""
    place, row = table[0].index(column), table[0].index("Row")
    for line in table[1:]:
        if int(line[row]) in values:
            line[place] = values[int(line[row])]
    return table


def column_of(table, column):
    place = table[0].index(column)
    return [line[place] for line in table[1:]]
