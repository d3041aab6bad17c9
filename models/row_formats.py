"""Lines of texts as XLSX or CSV: written for people who correct them, and read again."""

import csv
import io
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime, time

from odoo.exceptions import UserError

from ..engine.row_cells import escaped, shortened, unescaped

MOST_LINES = 1_048_576  # of a sheet of XLSX, the header among them
COLUMN_WIDTH = 25  # characters
DELIMITERS = ",;\t|"
TYPES = {
    "csv": "text/csv;charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

csv.field_size_limit(sys.maxsize)


def write_csv(file, columns: list[str], lines: Iterable[list]):
    """Write CSV of which a spreadsheet program makes no formulas.

    Excel knows UTF-8 only by the mark at the beginning.

    :param file: a binary file
    :param lines: texts, and numbers
    """
    text = io.TextIOWrapper(file, "utf-8-sig", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow(map(escaped, columns))
    for line in lines:
        writer.writerow([escaped(cell) if isinstance(cell, str) else cell for cell in line])
    text.flush()
    text.detach()  # the file stays open


def write_xlsx(file, columns: list[str], lines: Iterable[list]):
    """Write XLSX in which every text stays a text: 007, =1+1 and 1e5, whatever is typed.

    The sheet goes to a temporary file line by line.
    """
    import xlsxwriter

    book = xlsxwriter.Workbook(file, {"constant_memory": True})
    sheet = book.add_worksheet()
    bold, plain = book.add_format({"bold": True}), book.add_format({"num_format": "@"})
    sheet.set_column(0, len(columns) - 1, COLUMN_WIDTH, plain)
    sheet.freeze_panes(1, 0)
    sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{MOST_LINES}"})
    for place, column in enumerate(columns):
        sheet.write_string(0, place, column, bold)
    for number, line in enumerate(lines, 1):
        for place, cell in enumerate(line):
            if isinstance(cell, int):
                sheet.write_number(number, place, cell)
            elif cell:
                sheet.write_string(number, place, shortened(cell), plain)
    book.close()


WRITERS = {"csv": write_csv, "xlsx": write_xlsx}


def read_lines(env, content: bytes) -> Iterator[tuple[int, list[str]]]:
    """(number of the line, texts of its cells) of CSV or XLSX; which of both, the content says.

    :raises UserError: it is neither, or a cell holds something that is no plain value
    """
    if content.startswith(b"PK\x03\x04"):
        return _read_xlsx(env, content)
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise UserError(env._("This is the old .xls format: save the file as .xlsx or as CSV."))
    return _read_csv(env, content)


def _read_csv(env, content: bytes) -> Iterator[tuple[int, list[str]]]:
    is_utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = content.decode("utf-16" if is_utf16 else "utf-8-sig")
    except UnicodeDecodeError:
        raise UserError(
            env._("The file is no UTF-8: save it as “CSV UTF-8”, or as .xlsx.")
        ) from None
    if "\0" in text:
        raise UserError(env._("The file is neither CSV nor XLSX."))
    first = text.lstrip("\r\n").partition("\n")[0]
    delimiter = max(DELIMITERS, key=lambda one: len(next(csv.reader([first], delimiter=one), [])))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    # the command line escapes no formulas
    plain = str if "__index" in first else unescaped
    before = 0
    try:
        for cells in reader:
            yield before + 1, list(map(plain, cells))
            before = reader.line_num
    except csv.Error as error:
        raise UserError(
            env._("Line %(line)s: the file is no CSV: %(error)s.", line=before + 1, error=error)
        ) from error


def _read_xlsx(env, content: bytes) -> Iterator[tuple[int, list[str]]]:
    """The first sheet. A formula counts as what the spreadsheet program has computed."""
    computed = None
    for number, row in enumerate(_sheet(env, content, data_only=False), 1):
        is_formula = [cell.data_type == "f" for cell in row]
        if any(is_formula):
            computed = computed or enumerate(_sheet(env, content, data_only=True), 1)
            row = next(cells for at, cells in computed if at == number)
        yield (
            number,
            [
                _text_of_cell(env, number, cell, flag)
                for cell, flag in zip(row, is_formula, strict=True)
            ],
        )


def _sheet(env, content: bytes, data_only: bool) -> Iterator[tuple]:
    import openpyxl

    try:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=data_only)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # some programs write wrong ones
        yield from sheet.rows
    except Exception as error:
        raise UserError(env._("The file cannot be read as XLSX: %s", error)) from error


def _text_of_cell(env, number: int, cell, is_formula: bool) -> str:
    value = cell.value
    if value is None and is_formula or cell.data_type == "e":
        raise UserError(
            env._(
                "Line %(line)s: a cell holds a formula without a value, or an error (%(value)s). "
                "Write the value itself.",
                line=number,
                value=value or "=",
            )
        )
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime):
        is_day = value.time() == time.min
        return value.strftime("%Y-%m-%d" if is_day else "%Y-%m-%d %H:%M:%S")
    return str(value).replace("_x000D_", "").replace("\r\n", "\n")
