"""A file of rows, corrected by a person, on its way back into the job."""

import base64
import io
from datetime import datetime

import xlsxwriter

from odoo.exceptions import UserError
from odoo.tests import tagged

from .correction_cases import CorrectionCase, column_of, encoded, set_cells
from .races import ITEM
from .row_cases import load

KINDS = ("csv", "xlsx")
FORMULAS = ["=1+1", "+32 475 12 34 56", "-5", "@x", "'=1", "007", "1e5", "2026-01-31"]


@tagged("post_install", "-at_install")
class TestCorrectFile(CorrectionCase):
    def refused(self, job, table, *words, kind="csv"):
        """The file is refused with these words, and nothing was stored."""
        before = self.contents(job)
        with self.assertRaises(UserError) as raised:
            self.upload(job, table, kind)
        for one in words:
            self.assertIn(one, str(raised.exception))
        self.assertEqual(self.contents(job), before)

    def named(self, table, *rows):
        return set_cells(table, "name", {row: f"{self.prefix} new {row}" for row in rows})

    def test_there_and_back(self):
        """Downloaded, corrected, uploaded, run: 100 %, in both formats."""
        for kind in KINDS:
            self.remove_items()
            job = self.items_where({1, 3})
            report = self.upload(job, self.named(self.download(job, kind), 2, 4), kind)
            self.assertEqual((report["corrected"], report["again"]), (2, 2))
            self.run_to_end(job)
            self.assert_counters(job, "done", succeeded=4)
            names = [f"{self.prefix} {one}" for one in ("0", "2", "new 2", "new 4")]
            self.assertEqual(self.names(), names)
            values = self.env[ITEM].search([("value", "!=", 0)], order="name").mapped("value")
            self.assertEqual(values, [1, 3])

    def test_rows_are_those_of_the_file(self):
        """Where the job came from a file with a header, its first row is row 2, there and back."""
        job = self.items_where({1, 3})
        self.env.cr.execute("UPDATE batch_job SET first_row = 2 WHERE id = %s", [job.id])
        job.invalidate_recordset()
        table = self.download(job, "csv")
        self.assertEqual(column_of(table, "Row"), ["3", "5"])
        self.assertEqual(job.operation_ids.filtered("error_type").mapped("row"), [3, 5])
        self.upload(job, set_cells(table, "name", {3: f"{self.prefix} three"}), "csv")
        self.run_to_end(job)
        names = [f"{self.prefix} {one}" for one in ("0", "2", "three")]
        self.assertEqual(self.names(), sorted(names))

    def test_texts_survive_the_way_through_files(self):
        """A formula-like text, a number, a date stay exactly what they are, changed or not."""
        for kind in KINDS:
            self.remove_items()
            rows = [[text, "no number"] for text in FORMULAS]
            job = self.submit(load(["name", "value"], *rows, model=ITEM))
            self.run_to_end(job)
            table = self.download(job, kind)
            set_cells(table, "value", dict.fromkeys(range(1, 99), "5"))
            self.upload(job, table, kind)
            stored = [one["payload"]["row"] for one in self.contents(job)]
            self.assertEqual(stored, [[text, "5"] for text in FORMULAS])
            self.run_to_end(job)
            self.assertEqual(sorted(self.env[ITEM].search([]).mapped("name")), sorted(FORMULAS))

    def test_texts_that_a_person_types(self):
        """They are taken as they stand, with or without Odoo's quote before a formula."""
        for kind in KINDS:
            self.remove_items()
            job = self.items_where({0, 1, 2})
            table = self.download(job, kind)
            typed = {1: "=1+1", 2: "+32 475", 3: "1e5"}
            self.upload(job, set_cells(table, "name", typed), kind)
            names = [one["payload"]["values"]["name"] for one in self.contents(job)[:3]]
            self.assertEqual(names, list(typed.values()))

    def test_sorted_with_columns_moved(self):
        """Columns are found by their names, rows by their numbers."""
        job = self.items_where({1, 2, 3})
        table = self.named(self.download(job), 2, 3, 4)
        head, *lines = [line[::-1] for line in table]
        self.upload(job, [head, *lines[::-1]])
        self.run_to_end(job)
        names = [one["payload"]["values"]["name"] for one in self.contents(job)]
        self.assertEqual(
            names, [f"{self.prefix} {one}" for one in ("0", "new 2", "new 3", "new 4")]
        )

    def test_a_part_of_the_rows(self):
        """Deleted lines stay as they are, and so does what no column says."""
        job = self.items_where({1, 3})
        table = self.named(self.download(job), 2)
        report = self.upload(job, table[:2])
        self.assertEqual((report["rows"], report["again"]), (1, 1))
        self.run_to_end(job)
        self.assertEqual(self.states(job), ["done", "done", "done", "failed"])

    def test_the_same_file_twice(self):
        """The second time all is done already; at work it changes nothing."""
        job = self.items_where({1, 3})
        table = self.named(self.download(job), 2, 4)
        self.upload(job, table)
        self.assertEqual(self.upload(job, table)["again"], 0)
        self.run_to_end(job)
        report = self.upload(job, table)
        self.assertEqual((report["done"], report["again"]), (2, 0))
        self.assert_counters(job, "done", succeeded=4)

    def test_another_jobs_file(self):
        """It is refused; in a file of several jobs the rows of others are left out."""
        job, other = self.items_where({1}), self.items_where({1}, count=2)
        table, foreign = self.named(self.download(job), 2), self.download(other)
        self.refused(job, foreign, "No row of the file belongs to this job", f"of job {other.id}")
        report = self.upload(job, [*table, *foreign[1:]])
        self.assertEqual((report["rows"], report["foreign"], report["again"]), (1, 2, 1))

    def test_double_and_unknown_rows(self):
        """They are named with their lines."""
        job = self.items_where({1, 3})
        table = self.named(self.download(job), 2, 4)
        self.refused(job, [*table, table[1]], "Lines 2 and 4 are both row 2: leave out one.")
        row = table[0].index("Row")
        table[1][row] = "5"
        self.refused(job, table, "Line 2: the job has no row 5; it has rows 1 to 4.")

    def test_columns_that_are_not_the_jobs(self):
        """One added, one renamed, one deleted: each is named, and no value is lost."""
        job = self.items_where({1, 3})
        table = self.named(self.download(job), 2, 4)
        added = [[*line, "x" if number else "colour"] for number, line in enumerate(table)]
        self.refused(job, added, "Line 2, column “colour”: the job has no such column")
        place = table[0].index("value")
        renamed = [[*line] for line in table]
        renamed[0][place] = "number"
        self.refused(job, renamed, "Line 2, column “number”: the job has no such column")
        deleted = [line[:place] + line[place + 1 :] for line in table]
        self.refused(
            job, deleted, "Line 2, column “value”: it is missing, and this row has a value"
        )

    def test_bad_cells_are_all_named(self):
        """All bad cells are named, with line and column."""
        job = self.items_where({1, 3})
        for kind in KINDS:
            table = set_cells(self.download(job, kind), "value", {2: "blue", 4: "1,5"})
            self.refused(
                job,
                table,
                "Line 2, column “value”: it holds “blue”; it takes a whole number",
                "Line 3, column “value”: it holds “1,5”",
                kind=kind,
            )

    def test_what_submission_refuses_has_its_line(self):
        """A row that the checks of a submission refuse is named by its line."""
        item = self.items(f"{self.prefix} item", 1)
        call = {"op": "call", "model": ITEM, "ids": item.ids, "method": "fail"}
        job = self.submit([{**call, "kwargs": {"text": "no"}}])
        self.run_to_end(job)
        table = set_cells(self.download(job), "$method", {1: "_sign"})
        self.refused(job, table, "Line 2: Operation 0: ")

    def test_values_that_are_no_text(self):
        """Commands and references are JSON; they come back as what they were."""
        tags = self.env["res.partner.category"].create([{"name": self.prefix}])
        self.commit()
        values = {"name": False, "tag_ids": [[6, 0, tags.ids]], "country_id": {"$ref": "land"}}
        land = {"op": "create", "model": "res.country", "ref": "land"}
        job = self.submit(
            [
                {**land, "values": {"name": f"{self.prefix} land", "code": "Ÿ1"}},
                {"op": "create", "model": "test.batch.row", "values": values},
            ]
        )
        self.run_to_end(job)
        self.assert_counters(job, "partial", succeeded=1, failed=1)
        for kind in KINDS:
            table = self.download(job, kind)
            self.assertEqual(column_of(table, "tag_ids"), [f"[[6, 0, [{tags.id}]]]"])
            self.assertEqual(column_of(table, "country_id"), ['{"$ref": "land"}'])
            report = self.upload(job, self.named(table, 2), kind, check_only=True)
            self.assertEqual(report["corrected"], 1)
        self.upload(job, self.named(table, 2), kind)
        self.run_to_end(job)
        self.assert_counters(job, "done", succeeded=2)
        record = self.env["test.batch.row"].search([("name", "=", f"{self.prefix} new 2")])
        self.assertEqual((record.tag_ids, record.country_id.code), (tags, "Ÿ1"))
        country = record.country_id
        (record + record.search([("id", "=", 0)])).unlink()
        country.unlink()
        tags.unlink()
        self.commit()

    def test_a_long_text_survives_xlsx(self):
        """XLSX holds 32,767 characters in a cell; a note stands for more, and loses nothing."""
        long = "x" * 40_000
        values = {"name": False, "note": long}
        job = self.submit([{"op": "create", "model": "test.batch.row", "values": values}])
        self.run_to_end(job)
        table = self.download(job, "xlsx")
        self.assertIn("40000 characters: too long for XLSX", column_of(table, "note")[0])
        self.upload(job, self.named(table, 1), "xlsx")
        self.assertEqual(self.contents(job)[0]["payload"]["values"]["note"], long)

    def test_numbers_and_dates_that_excel_writes(self):
        """Who types into a cell of XLSX leaves numbers, dates and formulas: their values count."""
        rows = [["x", "bad", "", "", ""], ["y", "bad", "", "", ""]]
        columns = ["name", "number", "day", "moment", "ratio"]
        job = self.submit(load(columns, *rows))
        self.run_to_end(job)
        content = io.BytesIO()
        with xlsxwriter.Workbook(content, {"default_date_format": "yyyy-mm-dd"}) as book:
            sheet = book.add_worksheet()
            stamp = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
            sheet.write_row(0, 0, ["Job", "Row", *columns])
            sheet.write_row(1, 0, [job.id, 1, "x", 7])
            sheet.write_datetime(1, 4, datetime(2026, 1, 31))
            sheet.write_datetime(1, 5, datetime(2026, 1, 31, 12, 30), stamp)
            sheet.write_formula(1, 6, "=1+1.5", None, 2.5)
        job.correct_file(file=base64.b64encode(content.getvalue()).decode())
        stored = self.env["batch.job.operation"]._stored_at(job.id, [0])[0]["operation"]["row"]
        self.assertEqual(stored, ["x", "7", "2026-01-31", "2026-01-31 12:30:00", "2.5"])
        self.renew()

    def test_a_formula_without_a_value(self):
        """It is refused with its line; to take it for an empty cell would lose a value."""
        job = self.items_where({1})
        content = io.BytesIO()
        with xlsxwriter.Workbook(content) as book:
            sheet = book.add_worksheet()
            sheet.write_row(0, 0, ["Job", "Row", "name", "value"])
            sheet.write_row(1, 0, [job.id, 2])
            sheet.write_formula(1, 2, '=CONCAT("a")', None, "")
            sheet.write(1, 3, 1)
        with self.assertRaisesRegex(UserError, "^Line 2: a cell holds a formula without a value"):
            job.correct_file(file=base64.b64encode(content.getvalue()).decode())

    def test_files_that_cannot_be_read(self):
        """Each says why, and what to do."""
        job = self.items_where({1})
        cases = {
            b"": "The column “Job” is missing",
            b"\xd0\xcf\x11\xe0\xa1\xb1": "old .xls format",
            b"PK\x03\x04rubbish": "cannot be read as XLSX",
            "Job,Row,name\n1,2,\xe9".encode("latin-1"): "is no UTF-8: save it as “CSV UTF-8”",
            b'Job,Row,name\n1,2,"a"b': "Line 2: the file is no CSV",
            b"\x89PNG\r\n\0\0\0": "no UTF-8",
        }
        for content, words in cases.items():
            with self.assertRaisesRegex(UserError, words):
                job.correct_file(file=base64.b64encode(content).decode())
        for file in ("no base64!", 7, None):
            with self.assertRaisesRegex(UserError, "content of a file in base64"):
                job.correct_file(file=file)

    def test_utf16_and_other_delimiters(self):
        """As spreadsheet programs write text."""
        job = self.items_where({1})
        for encoding, delimiter in (("utf-16", "\t"), ("utf-8", ","), ("utf-8-sig", ";")):
            lines = [["Job", "Row", "name", "value"], [str(job.id), "2", "Ä", "1"]]
            content = "\r\n".join(delimiter.join(line) for line in lines).encode(encoding)
            file = base64.b64encode(content).decode()
            report = job.correct_file(file=file, check_only=True)["correction"]
            self.assertEqual(report["corrected"], 1, encoding)

    def test_the_file_of_the_command_line(self):
        """`odoo-batch results -o` counts from 0, and escapes nothing."""
        job = self.items_where({1})
        table = [
            ["name", "value", "__job", "__index", "__error"],
            ["'=1", "1", str(job.id), "1", ""],
        ]
        job.correct_file(file=encoded(table, "csv"))
        self.commit()
        values = self.contents(job)[1]["payload"]["values"]
        self.assertEqual(values, {"name": "'=1", "value": 1})

    def test_two_hundred_rows_of_four_causes(self):
        """One cause at a time, as XLSX and CSV, until the job is at 100 %."""
        operations = [
            {"op": "create", "model": "test.batch.row", "values": self.values_of(number)}
            for number in range(200)
        ]
        job = self.submit(operations)
        self.run_to_end(job)
        self.assert_counters(job, "partial", succeeded=170, failed=30)
        self.assertEqual(sorted(cause["count"] for cause in job.causes), [5, 5, 10, 10])
        for turn, cause in enumerate(list(job.causes)):
            kind = KINDS[turn % 2]
            table = self.download(job, kind, cause=cause)
            self.assertEqual(len(table), cause["count"] + 1)
            for row in map(int, column_of(table, "Row")):
                good = {"name": f"{self.prefix} {row}", "number": "5", "code": f"={row}"}
                for column, text in {**good, "ratio": "0.5"}.items():
                    set_cells(table, column, {row: text})
            self.upload(job, [table[0], *table[:0:-1]], kind)
            self.run_to_end(job)
        self.assert_counters(job, "done", succeeded=200)
        records = self.env["test.batch.row"].search([("name", "=like", f"{self.prefix} %")])
        self.assertEqual(len(records), 200)
        self.assertEqual(len(records.filtered("code")), 30)
        self.assertTrue(all(one.code == f"={one.name.split()[-1]}" for one in records if one.code))
        records.unlink()
        self.commit()

    def values_of(self, number):
        """Of 200 rows 30 are bad, for one of four causes."""
        values = {"name": f"{self.prefix} {number + 1}", "number": 5, "code": False}
        bad = {0: {"name": False}, 1: {"number": 5000}}
        bad |= {2: {"number": -1}, 3: {"ratio": "much"}}
        places = {**dict.fromkeys(range(10), 0), **dict.fromkeys(range(50, 60), 1)}
        places |= {**dict.fromkeys(range(90, 95), 2), **dict.fromkeys(range(190, 195), 3)}
        return {**values, **bad.get(places.get(number), {})}
