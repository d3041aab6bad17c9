"""The dialogs: a file of corrected rows, and the cells of one row."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .correction_cases import CorrectionCase, encoded, set_cells


@tagged("post_install", "-at_install")
class TestCorrectDialogs(CorrectionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.owner = cls.new_user("dialogs_owner")
        groups = "base.group_user,batch_job.group_manager"
        cls.manager = cls.new_user("dialogs_manager", groups)

    def dialog(self, job, table, kind="csv"):
        """The dialog as the button opens it, with a file."""
        self.renew()
        action = job.action_correct()
        dialogs = job.env[action["res_model"]].with_context(**action["context"])
        return dialogs.create({"file": encoded(table, kind), "file_name": f"rows.{kind}"})

    def edit(self, job, row):
        """The dialog with the cells of a row."""
        self.renew()
        operation = job.operation_ids.filtered(lambda one: one.row == row)
        action = operation.action_edit()
        return job.env[action["res_model"]].browse(action["res_id"])

    def test_says_what_it_found_then_does_it(self):
        """Numbers by what will become of the rows; nothing is stored before the second button."""
        job = self.items_where({1, 2, 3}, user=self.owner)
        table = self.download(job, state="all")
        set_cells(table, "name", {1: "changed", 2: f"{self.prefix} x", 3: f"{self.prefix} y"})
        dialog = self.dialog(job, table)
        before = self.contents_in(job)
        dialog.action_check()
        self.assertEqual(
            dialog.found.splitlines(),
            [
                "4 rows belong to this job.",
                "2 are corrected, and will run.",
                "1 is not changed, and will run again.",
                "1 is done, and is left: its changes count for nothing (row 1).",
            ],
        )
        self.assertTrue(dialog.is_ready)
        self.assertEqual(self.contents_in(job), before)
        self.assertEqual(dialog.action_correct()["params"]["type"], "success")
        self.assertFalse(dialog.file)
        self.commit()
        self.run_to_end(job)
        self.assert_counters(job, "partial", succeeded=3, failed=1)

    def contents_in(self, job):
        """What is stored, as the test's own transaction sees it."""
        job.env.flush_all()
        self.cr.execute(
            "SELECT index, state, payload FROM batch_job_operation WHERE job_id = %s"
            " ORDER BY index",
            [job.id],
        )
        return self.cr.fetchall()

    def test_nothing_to_do(self):
        """A file whose rows are all done has no second button."""
        job = self.items_where({1}, user=self.owner)
        table = self.download(job, state="all")
        dialog = self.dialog(job, [table[0], table[1]])
        dialog.action_check()
        self.assertFalse(dialog.is_ready)
        self.assertIn("1 is done already.", dialog.found)
        dialog.action_other_file()
        self.assertFalse(dialog.found)
        with self.assertRaisesRegex(UserError, "^Choose a file"):
            dialog.action_check()

    def test_saved_row_is_corrected_and_run(self):
        """A row is shown as texts with the labels of their fields; what is saved is run."""
        job = self.items_where({1}, user=self.owner)
        dialog = self.edit(job, 2)
        cells = [
            (cell.label, cell.column, cell.text or "", cell.is_wrong) for cell in dialog.cell_ids
        ]
        self.assertEqual(cells, [("Name", "name", "", True), ("Value", "value", "1", False)])
        dialog.cell_ids[1].text = "much"
        with self.assertRaisesRegex(
            UserError, "^column “value”: it holds “much”; it takes a whole"
        ):
            dialog.action_correct()
        dialog.cell_ids[0].text = f"{self.prefix} edited"
        dialog.cell_ids[1].text = "2"
        dialog.action_correct()
        self.assertFalse(dialog.cell_ids)
        self.commit()
        self.run_to_end(job)
        self.assert_counters(job, "done", succeeded=4)
        self.assertIn(f"{self.prefix} edited", self.names())

    def test_who_has_the_buttons(self):
        """The owner of an ended job, where there is something to correct."""
        job = self.items_where({1}, user=self.owner)
        self.assertTrue(job.can_correct)
        row = job.operation_ids.filtered("can_edit")
        self.assertEqual(row.mapped("row"), [2])
        for user in (self.manager, self.admin):
            self.assertFalse(job.with_user(user).can_correct, user.login)
            self.assertFalse(row.with_user(user).can_edit, user.login)
            with self.assertRaises(AccessError):
                row.with_user(user).action_edit()
            with self.assertRaises(AccessError):
                job.with_user(user).action_correct()
        done = self.submit(self.creates(f"{self.prefix} done", 1), user=self.owner)
        self.run_to_end(done)
        self.assert_counters(done, "done", succeeded=1)
        trial = self.items_where({0}, user=self.owner, count=1, dry_run=True)
        self.assertFalse(done.can_correct or trial.can_correct)

    def test_a_dialog_is_its_users_own(self):
        """A file in it may hold anything: nobody else reads it."""
        job = self.items_where({1}, user=self.owner)
        dialog = self.dialog(job, self.download(job))
        self.commit()
        edit = self.edit(job, 2)
        self.commit()
        for record in (dialog, edit, edit.cell_ids):
            with self.subTest(model=record._name), self.assertRaises(AccessError):
                record.with_user(self.manager).read(["display_name"])
