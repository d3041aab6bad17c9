"""Fifty files: the dialog's own import and the one in the background make the same records."""

import os
from datetime import date, datetime

from odoo.tests import tagged

from .import_cases import File, ImportCase, csv_file, xlsx_file
from .row_cases import MODULE

NAMED = [["name", "code"], ["Ärger", "Ä1"], ["Öl, roh", "Ö2"], ["Übel", "Ü3"]]
TYPED = [
    ["name", "code", "note", "number", "ratio", "flag", "kind"],
    ["a", "001", "one\ntwo", "7", "1.5", "true", "a"],
    ["b", " 002 ", 'say "x"', "-0", "0", "no", "First Kind"],
    ["c", "", "", "", "", "", ""],
]
LINES = [
    ["id", "name", "line_ids/name", "line_ids/amount", "line_ids/country_id"],
    [f"{MODULE}.a", "a", "a1", "1.5", "Belgique"],
    ["", "", "a2", "2", ""],
    [f"{MODULE}.b", "b", "", "", ""],
    [f"{MODULE}.c", "c", "c1", "", "Germany"],
    ["", "", "c2", "", "Belgique"],
    ["", "", "c3", "", ""],
]
UTF_8 = {"encoding": "utf-8"}  # so small a file may be taken for another encoding
FALL_BACK = {
    "flag": {"fallback_value": "true", "field_model": "test.batch.row", "field_type": "boolean"},
    "kind": {"fallback_value": "b", "field_model": "test.batch.row", "field_type": "selection"},
}


def named(column, *cells):
    return [["name", column], *([f"row {at}", cell] for at, cell in enumerate(cells))]


GOOD = {
    # separators and quotes
    "comma": csv_file(TYPED),
    "semicolon": csv_file(TYPED, delimiter=";"),
    "tab": csv_file(TYPED, delimiter="\t"),
    "pipe": csv_file(TYPED, delimiter="|"),
    "separator chosen": csv_file(NAMED, delimiter="^", separator="^"),
    "text delimiter": csv_file(NAMED, quotechar="'", quoting="'"),
    "line ends": File(b"name,code\r\nx,1\r\ny,2\r\n"),
    "empty rows": File(b"name,code\n\n , \nx,1\n,\n\ny,2\n\n"),
    # encodings
    "utf-8 mark": csv_file(NAMED, "utf-8-sig"),
    "utf-16 mark": csv_file(NAMED, "utf-16"),
    "utf-16 big": File("\ufeffname,code\nÄ,1\nÖ,2\n".encode("utf-16-be")),
    "utf-32 mark": csv_file(NAMED, "utf-32"),
    "windows-1252": csv_file([*NAMED, ["€", "4"]], "windows-1252", {"encoding": "windows-1252"}),
    "latin2": File("name,code\nŁódź,1\n".encode("latin2"), options={"encoding": "latin2"}),
    "shift_jis": File("name,code\n東京,1\n".encode("shift_jis"), options={"encoding": "shift_jis"}),
    "right to left": csv_file([["name", "note"], ["مرحبا", "😀 שלום"]], chosen=UTF_8),
    # titles and columns
    "no titles": csv_file(NAMED[1:], fields=["name", "code"], has_headers=False),
    "columns left out": csv_file(TYPED, fields=["name", False, "note"] + [False] * 4),
    "rows without": csv_file([["a", "b"], ["", "1"], ["x", ""]], fields=["name", False]),
    "200 columns": csv_file(
        [[f"c{at}" for at in range(200)], ["x", *(f"v{at}" for at in range(199))]],
        fields=["name", *["note"] * 199],
    ),
    "two for a char": csv_file(
        [["a", "b", "c"], ["x", "1 ", " 2"], ["y", "", "3"]], fields=["name", "code", "code"]
    ),
    "start at line": csv_file(named("code", "1", "2", "3"), skip=1),
    # dates
    "iso": csv_file(named("day", "2026-01-31", "", "1999-12-01")),
    "day first": csv_file(named("day", "31/01/2026", "01/02/2026"), date_format="%d/%m/%Y"),
    "without marks": csv_file(named("day", "01312026"), date_format="%m%d%Y"),
    "moments": csv_file(
        named("moment", "31.01.2026 14:05", "01.07.2026 00:00"), datetime_format="%d.%m.%Y %H:%M"
    ),
    "moment as day": csv_file(named("moment", "31.01.2026"), date_format="%d.%m.%Y"),
    # numbers
    "decimal comma": csv_file(
        named("ratio", "1.234,56", "-0,5", "7"),
        float_thousand_separator=".",
        float_decimal_separator=",",
    ),
    "thousands": csv_file(named("ratio", "1,234.56", "1e3", "(12)", "")),
    "currency": csv_file(named("ratio", "$ 12.50", "12.50 $")),
    "integers": csv_file(named("number", "7", " 8 ", "-0")),
    # relations
    "by name": csv_file(named("country_id", "Belgique", "France", "")),
    "by external id": csv_file(named("country_id/id", "base.be", "base.fr", "")),
    "many by name": csv_file(named("tag_ids", "Rouge,Bleu", "Bleu", "")),
    "several for many": csv_file(
        [["n", "t", "u"], ["a", "Rouge", "Bleu"], ["b", "", "Bleu"], ["c", "Rouge", ""]],
        fields=["name", "tag_ids", "tag_ids"],
    ),
    "own model": csv_file([["id", "name", "parent_id/id"], ["p", "p", ""], ["c", "c", "p"]]),
    "own model by name": csv_file([["name", "parent_id"], ["p", ""], ["c", "p"], ["d", "c"]]),
    "twice by external id": csv_file([["id", "name", "code"], ["x", "a", "1"], ["x", "b", "2"]]),
    "lines": csv_file(LINES),
    # what to do with what does not fit
    "fall back": csv_file(
        [["name", "flag", "kind"], ["a", "maybe", "zzz"], ["b", "0", "a"], ["c", "1", "b"]],
        fallback_values=FALL_BACK,
    ),
    "leave a selection": csv_file(
        named("kind", "zzz", "a"),
        fallback_values={"kind": {**FALL_BACK["kind"], "fallback_value": "skip"}},
    ),
    "set empty": csv_file(
        [["name", "country_id", "kind"], ["a", "Nowhere", "zzz"], ["b", "Belgique", "a"]],
        import_set_empty_fields=["country_id", "kind"],
    ),
    "set many empty": csv_file(
        named("tag_ids", "Rouge,Nowhere", "Nope"), import_set_empty_fields=["tag_ids"]
    ),
    "skip": csv_file(
        [["name", "country_id"], ["a", "Nowhere"], ["b", "Belgique"], ["c", ""]],
        import_skip_records=["country_id"],
    ),
    "skip others": csv_file(
        [["name", "flag", "kind", "tag_ids"], ["a", "maybe", "a", ""], ["b", "1", "zzz", ""],
         ["c", "1", "a", "Nope"], ["d", "1", "a", "Rouge"]],
        import_skip_records=["flag", "kind", "tag_ids"],
    ),
    "create": csv_file(
        named("tag_ids", "Neuf,Rouge", "Neuf", "Vieux"),
        name_create_enabled_fields={"tag_ids": True},
    ),
    # spreadsheets
    "spreadsheet": xlsx_file([["name", "code", "number", "ratio", "flag"], ["a", 7, 3, 1.25, True],
                              [12, "x", ("=1+1", 2), ("=1/4", 0.25), False]]),
    "formulas": xlsx_file([["name", "note"], [("=A9&B9", "text of it"), ("=NOW()", "")],
                           ["b", ("=REPT(1,3)", "111")]]),
    "days of a sheet": xlsx_file(
        [["name", "day"], ["a", date(2026, 1, 31)], ["b", date(1999, 12, 1)]],
        formats={1: "yyyy-mm-dd"},
    ),
    "moments of a sheet": xlsx_file(
        [["name", "moment", "note"], ["a", datetime(2026, 1, 31, 14, 5), datetime(2026, 7, 1, 1)]],
        formats={1: "yyyy-mm-dd hh:mm", 2: "yyyy-mm-dd hh:mm"},
    ),
    "empty rows of a sheet": xlsx_file([["name"], ["a"], [""], [" "], ["b"], [""]]),
}  # fmt: skip

ALL = bool(os.environ.get("BATCH_JOB_IMPORT_FILES"))  # as in `scripts/test long`
MOST_TELLING = (
    "semicolon", "empty rows", "utf-16 mark", "200 columns", "day first", "decimal comma",
    "several for many", "own model by name", "lines", "fall back", "set empty", "skip others",
    "create", "spreadsheet", "moments of a sheet",
)  # fmt: skip
# the middle row of three is bad
BAD_ROWS = {
    "unknown country": named("country_id", "Belgique", "Nowhere", ""),
    "unknown external id": named("country_id/id", "base.be", "base.nowhere", ""),
    "number of no record": named("country_id/.id", "", "999999999", ""),
    "unknown tag": named("tag_ids", "Rouge", "Rouge,Nope", ""),
    "selection": named("kind", "a", "zzz", "b"),
    "boolean": named("flag", "1", "maybe", "0"),
    "integer": named("number", "1", "x", "2"),
    "rule of the model": named("number", "1", "-1", "2"),
    "rule of the database": named("number", "1", "1000", "2"),
    "required": [["name", "code"], ["a", "1"], ["", "2"], ["c", "3"]],
    "unique": named("code", "1", "1", "2"),
}
MOST_TELLING_BAD = ("unknown country", "selection", "rule of the database", "required")
BETTER = {"required": "is required on test.batch.row, and no value was given"}
# the whole file is refused, with the number of the row if one is to blame
BAD_FILES = {
    "date": (csv_file(named("day", "2026-01-31", "yesterday")), 3),
    "float": (csv_file(named("ratio", "1.5", "2.5", "a lot")), 4),
    "encoding": (File("name\nÄ\n".encode("latin1"), options={"encoding": "utf-8"}), None),
    "no field": (csv_file(NAMED, fields=[False, False]), None),
    "other titles": (csv_file(NAMED, fields=["name"]), None),
    "text delimiter": (csv_file(NAMED, quoting="ab", separator=","), None),
}


@tagged("post_install", "-at_install")
class TestImportDialog(ImportCase):
    def test_the_same_records(self):
        """Each of fifty odd and legal files makes the same records, field by field."""
        self.assertGreaterEqual(len(GOOD), 50)
        for name in GOOD if ALL else MOST_TELLING:
            file = GOOD[name]
            with self.subTest(name):
                refusals, expected = self.by_odoo(file)
                self.assertEqual(refusals, [])
                self.assertTrue(expected["rows"])
                answer, job = self.in_background(file)
                self.assertEqual(answer["messages"], [])
                self.assertEqual((job.state, self.failures(job)), ("done", {}))
                self.assertEqual(self.all_rows(), expected)
                self.remove_all()

    def test_the_same_refusals_of_rows(self):
        """What Odoo refuses of a row is refused in its words; the other rows are imported."""
        for name in BAD_ROWS if ALL else MOST_TELLING_BAD:
            rows = BAD_ROWS[name]
            with self.subTest(name):
                refusals, records = self.by_odoo(csv_file(rows))
                self.assertIsNone(records)
                _answer, job = self.in_background(csv_file(rows))
                (failure,) = self.failures(job).items()
                self.assertEqual(failure[0], 1)
                words = [BETTER.get(name, one) for one in refusals]
                self.assertTrue(
                    any(one in failure[1]["message"] for one in words), (words, failure[1])
                )
                self.assertEqual(job.succeeded, 2)
                self.remove_all()

    def test_the_same_refusals_of_files(self):
        """What cannot be read or converted is refused in Odoo's words, with the row of the file,
        and nothing is stored."""
        for name, (file, row) in BAD_FILES.items():
            with self.subTest(name):
                refusals, records = self.by_odoo(file)
                self.assertIsNone(records)
                answer, job = self.in_background(file)
                (message,) = answer["messages"]
                self.assertEqual(message["message"].removeprefix(f"Row {row}: "), refusals[0])
                self.assertEqual(message["message"].startswith("Row "), row is not None)
                self.assertFalse(job)
                self.assertFalse(self.env["batch.job"].search([]))
                self.remove_all()
