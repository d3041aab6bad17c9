"""The import dialog's job: once, with the rights of its user, and what only it can do."""

import threading
from datetime import date
from unittest.mock import patch

from odoo import api
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..engine import file_rows
from .import_cases import ImportCase, csv_file, xlsx_file
from .row_cases import ROW

PEOPLE = [["name", "code", "number"], ["a", "1", "7"], ["b", "2", "8"], ["c", "3", "-1"]]


@tagged("post_install", "-at_install")
class TestImportBackground(ImportCase):
    def set_limit(self, name, value):
        self.env["ir.config_parameter"].set_param(name, value)
        self.commit()
        self.addCleanup(self._unset, name)

    def _unset(self, name):
        self.renew()
        self.env["ir.config_parameter"].search([("key", "=", name)]).unlink()
        self.commit()

    def test_job_of_a_file(self):
        """A job has the file's name, an operation for each row, and keeps the good rows."""
        _answer, job = self.in_background(csv_file(PEOPLE, limit=1))
        self.assertEqual((job.name, job.user_id, job.policy), ("rows.csv", self.admin, "isolate"))
        self.assert_counters(job, "partial", succeeded=2, failed=1)
        self.assertEqual(self.named("a").number, 7)
        operation = job.sudo().operation_ids[0]
        self.assertEqual((operation.op, operation.model), ("load", ROW))
        row = {"fields": PEOPLE[0], "row": ["a", "1", "7"]}
        self.assertEqual(operation.payload, row)

    def test_record_across_parts_stays_one(self):
        """Rows are stored in parts, and a record whose rows two parts share stays one record."""
        rows = [["name", "line_ids/name"], ["a", "a1"], ["", "a2"], ["", "a3"], ["b", ""]]
        with patch.object(file_rows, "PART", 2):
            _answer, job = self.in_background(csv_file(rows))
        self.assert_counters(job, "done", succeeded=4)
        self.assertEqual(self.named("a").line_ids.mapped("name"), ["a1", "a2", "a3"])

    def test_second_call_gives_the_first_job(self):
        """A second call for a file gives the job of the first; a file that is chosen anew counts
        anew. The rows are in the job, so the file is dropped."""
        file = csv_file(PEOPLE)
        dialog = self.dialog(file)
        arguments = self.arguments(dialog, file)
        first = dialog.import_in_background(*arguments)["id"]
        self.assertFalse(dialog.file)
        self.assertEqual(dialog.import_in_background(*arguments), {"id": first, "messages": []})
        dialog.write({"file": file.content})
        self.assertNotEqual(dialog.import_in_background(*arguments)["id"], first)

    def test_second_click_waits_for_the_first(self):
        """Of two calls at once, the second waits for the first and meets a conflict, which Odoo
        repeats; then it gives the job of the first."""
        file = csv_file(PEOPLE)
        dialog = self.dialog(file)
        arguments = self.arguments(dialog, file)
        self.commit()
        first = dialog.import_in_background(*arguments)["id"]
        outcome = []

        def click():
            with self.registry.cursor() as cr:
                env = api.Environment(cr, self.admin.id, {})
                cr.execute("SELECT 1")
                begun.set()
                try:
                    outcome.append(env[dialog._name].browse(dialog.id)._submitted())
                except Exception as error:
                    outcome.append(error.pgcode)

        begun = threading.Event()
        second = threading.Thread(target=click)
        second.start()
        begun.wait(10)
        self.commit()
        second.join(10)
        self.assertEqual(outcome, ["40001"])
        self.assertEqual(dialog._submitted(), first)

    def test_dry_run_keeps_nothing(self):
        """A test goes over the whole file and keeps nothing; then it may be run for real."""
        _answer, job = self.in_background(csv_file(PEOPLE), dryrun=True)
        self.assertTrue(job.dry_run)
        self.assert_counters(job, "partial", succeeded=2, failed=1)
        self.assertFalse(self.env[ROW].search([]))
        job.with_user(self.admin).start()
        self.run_jobs()
        self.assert_counters(job, "partial", succeeded=2, failed=1)
        self.assertEqual(self.named("b").number, 8)

    def test_update_by_a_column(self):
        """Rows update the record that has their key, and create the others."""
        self.in_background(csv_file(PEOPLE))
        again = [["name", "code"], ["B", "2"], ["new", "9"]]
        _answer, job = self.in_background(csv_file(again), key=["code"])
        self.assertEqual([one["value"] for one in self.outcomes(job)], ["updated", "created"])
        rows = self.env[ROW].search([], order="code")
        self.assertEqual(rows.mapped("name"), ["a", "B", "new"])

    def test_refused_rows_have_the_numbers_of_the_file(self):
        """What the submission refuses names rows of the file, not operations; nothing is stored."""
        rows = csv_file([["name", "code"], ["a", "1"], ["b", ""], ["c", ""]])
        dialog = self.dialog(rows)
        with self.assertRaisesRegex(UserError, "Row 3: the key 'code'.*\nRow 4: the key"):
            dialog.import_in_background(*self.arguments(dialog, rows), key=["code"])
        self.renew()
        self.assertFalse(self.env["batch.job"].search([]))

    def test_skipped_row_says_so(self):
        """A row that was to be left out is done, without a record, with a note."""
        rows = [["name", "country_id"], ["a", "Nowhere"], ["b", "Belgique"]]
        file = csv_file(rows, import_skip_records=["country_id"])
        _answer, job = self.in_background(file)
        self.assert_counters(job, "done", succeeded=2)
        skipped, kept = job.sudo().operation_ids
        self.assertEqual((skipped.record_ids, kept.note), ([], False))
        self.assertIn("country_id", skipped.note)
        self.assertEqual(self.env[ROW].search([]).ids, kept.record_ids)

    def test_skip_for_lines(self):
        """A record is left out for a line without a match, and only then."""
        rows = [
            ["name", "line_ids/name", "line_ids/country_id"],
            ["a", "a1", "Belgique"],
            ["b", "b1", "Belgique"],
            ["", "b2", "Nowhere"],
            ["c", "", ""],
        ]
        file = csv_file(rows, import_skip_records=["line_ids/country_id", "kind"])
        _answer, job = self.in_background(file)
        self.assert_counters(job, "done", succeeded=4)
        self.assertEqual(self.env[ROW].search([], order="name").mapped("name"), ["a", "c"])

    def test_what_one_field_may_leave_empty_another_may_not(self):
        """A value without a match is an error in the column that has no choice for it, though a
        column of the same kind before it has one."""
        columns = ["name", "country_id", "line_ids/name", "line_ids/country_id"]
        file = csv_file([columns, ["a", "Nowhere", "a1", "Nowhere"]])
        file = file._replace(options={"import_set_empty_fields": ["country_id"]})
        _answer, job = self.in_background(file)
        self.assertIn("'Nowhere'", self.failures(job)[0]["message"])

    def test_columns_are_remembered(self):
        """The next file with these titles is mapped the same, as after Odoo's import."""
        file = csv_file([["Nom du machin", "Rien"], ["a", "1"]], fields=["name", False])
        self.in_background(file)
        known = self.env["base_import.mapping"].search([("res_model", "=", ROW)])
        self.addCleanup(lambda: (known.exists().unlink(), self.commit()))
        found = [(one.column_name, one.field_name) for one in known]
        self.assertIn(("nom du machin", "name"), found)

    def test_files_in_a_column(self):
        """A column of file names is refused: only the browser has the files."""
        file = csv_file([["name", "image_1920"], ["a", "logo.png"]])
        answer, job = self.in_background(file, model="res.partner")
        self.assertIn("your browser sends", answer["messages"][0]["message"])
        self.assertFalse(job)

    def test_date_in_a_number(self):
        """A date of a spreadsheet in a column that takes none is refused with its row; Odoo's
        import breaks."""
        rows = [["name", "ratio"], ["a", date(2026, 1, 31)]]
        answer, _job = self.in_background(xlsx_file(rows, formats={1: "yyyy-mm-dd"}))
        self.assertIn("Row 2: the spreadsheet has a date", answer["messages"][0]["message"])

    def test_short_rows_are_named(self):
        """Rows with too few cells are named; Odoo's import breaks."""
        rows = [["name", "code"], ["a", "1"], ["b"], ["c"]]
        answer, _job = self.in_background(csv_file(rows, fields=["name", "code"]))
        self.assertIn("The rows 3, 4 have fewer", answer["messages"][0]["message"])

    def test_too_large_file_is_refused(self):
        """A file with more rows than a job may have, or without room for it, is refused."""
        file = csv_file(PEOPLE)
        for parameter, words in (
            ("batch_job.largest_job", "A job may have"),
            ("batch_job.open_per_user", "A job may have"),
        ):
            self.set_limit(parameter, 2)
            dialog = self.dialog(file)
            with self.assertRaisesRegex(UserError, words):
                dialog.import_in_background(*self.arguments(dialog, file))
            self._unset(parameter)
        self.assertFalse(self.env["batch.job"].search([]))

    def test_nobody_imports_beyond_their_rights(self):
        """Who may not import in the dialog may not in the background; nobody sees or submits
        another's file."""
        user = self.new_user("importer")
        other = self.new_user("nosy")
        file = csv_file([["name"], ["a"]])
        dialog = self.dialog(file, user, "res.country")
        arguments = self.arguments(dialog, file)
        with self.assertRaisesRegex(AccessError, "Row 2: "):
            dialog.import_in_background(*arguments)
        self.renew()
        own = self.dialog(file, user)
        self.commit()
        with self.assertRaises(AccessError):
            own.with_user(other).read(["file"])
        with self.assertRaises(AccessError):
            own.with_user(other).import_in_background(*arguments)
        with self.assertRaisesRegex(UserError, "cannot be changed by a batch job"):
            cron = self.dialog(file, self.admin, "ir.cron")
            cron.import_in_background(*arguments)
