"""Files that are no import: a clear sentence, nothing stored, for Odoo's own preview as well."""

import io
import sys
import tracemalloc
import zipfile
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .import_cases import OPTIONS, READER, XLSX, File, ImportCase, xlsx_file

ODS = "application/vnd.oasis.opendocument.spreadsheet"
PROGRAM = b"\x7fELF\x02\x01\x01" + bytes(range(256)) * 400


def wide_sheet(name="xl/worksheets/sheet1.xml"):
    """Some hundred bytes that a reader makes 17 billion cells of."""
    file = io.BytesIO()
    cells = '<c r="A1"><v>1</v></c><c r="XFD1048576"><v>2</v></c>'
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, f"<worksheet><sheetData><row>{cells}</row></sheetData></worksheet>")
        archive.writestr("[Content_Types].xml", "<Types/>")
    return file.getvalue()


def repeated_cells():
    file = io.BytesIO()
    row = (
        '<t:table-row><t:table-cell t:number-columns-repeated="90000000"/><t:table-cell/>'
        "</t:table-row>"
    )
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mimetype", ODS)
        archive.writestr("content.xml", f'<t:table xmlns:t="t">{row}</t:table>')
    return file.getvalue()


def open_document(*rows):
    """An ODS file with rows of texts."""
    cell = "<t:table-cell><x:p>{}</x:p></t:table-cell>"
    lines = ("".join(map(cell.format, row)) for row in rows)
    table = "".join(f"<t:table-row>{line}</t:table-row>" for line in lines)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mimetype", ODS)
        archive.writestr("content.xml", f'<t:table xmlns:t="t" xmlns:x="x">{table}</t:table>')
    return File(file.getvalue(), "a.ods", ODS)


def large_sheet():
    """A sheet that says that it unpacks to 4 GB. (tests/unit/test_spreadsheet.py has real ones.)"""
    content = wide_sheet()
    size = content.index(b"PK\1\2") + 24
    return content[:size] + b"\0\0\0\xf0" + content[size + 4 :]


BAD = {
    "empty": (File(b""), "The file is empty"),
    "only blanks": (File(b" \r\n\t\n"), "The file is empty"),
    "only commas": (File(b",,\n,,\n"), "no content or is corrupt"),
    "only titles": (File(b"name,code\n"), "has one row only"),
    "empty sheet": (xlsx_file([[""]]), "no content or is corrupt"),
    "program": (File(PROGRAM, "customers.xlsx", XLSX), "no spreadsheet"),
    "program as text": (File(PROGRAM, "customers.csv"), "damaged, or no spreadsheet"),
    "text as sheet": (File(b"name\na\n", "customers.xlsx", XLSX), "no spreadsheet"),
    "page as xls": (File(b"<html>" * 9, "a.xls", "application/vnd.ms-excel"), "no spreadsheet"),
    "other zip": (File(wide_sheet()[:-40], "a.xlsx", XLSX), "damaged"),
    "far cells": (File(wide_sheet(), "a.xlsx", XLSX), "last column XFD: that makes 17,179,869,184"),
    "repeated cells": (File(repeated_cells(), "a.ods", ODS), "more than 3,000,000 cells"),
    "unpacks": (File(large_sheet(), "a.xlsx", XLSX), "unpacks to 3.75 Gb, and 512.00 Mb"),
}


@tagged("post_install", "-at_install")
class TestImportFiles(ImportCase):
    def test_bad_files_are_refused_cheaply(self):
        """A bad file is refused with a sentence by the preview, by Odoo's own import and in the
        background, and costs no more memory than a good one."""
        peaks = {}
        for name, (file, words) in BAD.items():
            with self.subTest(name), mute_logger(READER):
                tracemalloc.start()
                dialog = self.dialog(file, lang="en_US")
                preview = dialog.parse_preview(dict(OPTIONS))
                self.assertRegex(preview["error"], words)
                call = (["name"], ["name"], dict(OPTIONS))
                (own,) = dialog.execute_import(*call)["messages"]
                self.assertRegex(own["message"], words)
                answer = dialog.import_in_background(*call)
                self.assertRegex(answer["messages"][0]["message"], words)
                self.assertEqual(answer["id"], 0)
                peaks[name] = tracemalloc.get_traced_memory()[1] / 2**20
                tracemalloc.stop()
        told = {name: round(peak, 1) for name, peak in peaks.items()}
        sys.stdout.write(f"\nMiB of memory: {told}\n")
        self.assertLess(max(peaks.values()), 30)
        self.assertFalse(self.env["batch.job"].search([]))

    def test_ods_is_refused_without_its_reader(self):
        """Where Odoo has no reader for ODS, the file is refused with the name of what is missing,
        and nothing is stored; where it has one, the rows become a job."""
        rows = [["name", "code"], ["a", "1"], ["b", "2"]]
        file, ods = open_document(*rows), self.registry["base_import.import"]
        call = (rows[0], rows[0], dict(OPTIONS))
        missing = ImportError("No module named 'odf'", name="odf")
        with patch.object(ods, "_read_ods", side_effect=missing, autospec=True):
            dialog = self.dialog(file, lang="en_US")
            words = 'Unable to load "ods" file: requires Python module "odf"'
            self.assertEqual(dialog.parse_preview(dict(OPTIONS))["error"], words)
            with self.assertRaisesRegex(UserError, words):
                dialog.import_in_background(*call)
        self.assertFalse(self.env["batch.job"].search([]))
        with patch.object(ods, "_read_ods", return_value=(3, rows), autospec=True):
            answer = self.dialog(file, lang="en_US").import_in_background(*call)
        job = self.env["batch.job"].browse(answer["id"])
        self.run_jobs()
        self.assert_counters(job, "done", succeeded=2)
        self.assertEqual(self.named("b").code, "2")

    def test_gone_file_is_asked_for_again(self):
        """A file that was cleaned away is asked for again."""
        file = File(b"name,code\na,1\n")
        dialog = self.dialog(file)
        dialog.sudo().unlink()
        with self.assertRaisesRegex(UserError, "Choose it again"):
            dialog.import_in_background(["name"], ["name"], dict(OPTIONS))
