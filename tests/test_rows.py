"""Rows have the numbers that they have in the file."""

from odoo.exceptions import UserError
from odoo.tests import tagged

from .view_cases import ViewsCase, create


@tagged("post_install", "-at_install")
class TestRows(ViewsCase):
    def submit(self, *operations, first_row, **options):
        jobs = self.env["batch.job"].with_user(self.owner)
        jobs = jobs.with_context(batch_job_first_row=first_row)
        return jobs.browse(jobs.submit(list(operations), **options)["id"])

    def found(self, job, operator, value):
        operations = self.env["batch.job.operation"]
        domain = [("job_id", "=", job.id), ("row", operator, value)]
        return operations.search(domain).mapped("index")

    def test_rows_count_from_the_first_row(self):
        """Below a header the first row is 2, also in parts that come later, and in a row's name."""
        job = self.submit(create(name="A"), create(name="B"), first_row=2, start=False)
        job.with_context(batch_job_first_row=7).append([create(name="C")], 0)
        self.assertEqual(job.operation_ids.mapped("row"), [2, 3, 4])
        self.assertEqual(job.operation_ids[2].display_name, "Row 4")
        self.assertEqual(job.operation_ids.mapped("index"), [0, 1, 2])

    def test_row_is_found_by_number(self):
        """A row is found by its number, whatever the first row of its job is."""
        names = [create(name=name) for name in "ABCD"]
        for first_row in (1, 2, 10):
            job = self.submit(*names, first_row=first_row)
            for operator, value, indexes in (
                ("=", first_row + 1, [1]),
                ("=", first_row - 1, []),
                ("!=", first_row + 1, [0, 2, 3]),
                ("in", [first_row, first_row + 3, 10**12], [0, 3]),
                (">", first_row + 1, [2, 3]),
                ("<=", first_row, [0]),
                ("=", False, []),
            ):
                with self.subTest(first_row=first_row, operator=operator, value=value):
                    self.assertEqual(self.found(job, operator, value), indexes)

    def test_words_of_errors(self):
        """The error of a job names the row of the file, and the index for programs."""
        job = self.submit(create(), first_row=2, policy="all")
        self.change(job, state="running")
        self.env.cr.execute(
            "UPDATE batch_job_operation SET state = 'failed', error_type = 'required',"
            " error_message = 'No.' WHERE job_id = %s",
            [job.id],
        )
        words = self.env["batch.job.operation"]._error_in_words(job.id)
        self.assertEqual(
            words,
            {
                "error": "Operation 0 (row 2) failed: No.",
                "error_masked": "Operation 0 (row 2) failed: Required value missing",
            },
        )

    def test_nonsense_first_row_is_refused(self):
        """A first row that cannot be is refused before anything is stored."""
        for nonsense in (0, -1, 1_000_001, "2", 2.0, True, None, [2]):
            before = self.env["batch.job"].search_count([])
            with self.subTest(nonsense), self.assertRaisesRegex(UserError, "from 1 to 1000000"):
                self.submit(create(name="A"), first_row=nonsense)
            self.assertEqual(self.env["batch.job"].search_count([]), before)

    def test_is_no_part_of_the_submission(self):
        """The same key with the same operations finds the job, however its rows are counted."""
        options = {"idempotency_key": "rows"}
        job = self.submit(create(name="A"), first_row=2, **options)
        self.assertEqual(self.submit(create(name="A"), first_row=1, **options), job)
        self.assertEqual(job.first_row, 2)
        self.assertNotIn("batch_job_first_row", job.sudo().run_context)

    def test_old_jobs_count_from_1(self):
        """A job of before counts its rows from 1."""
        job = self.submit(create(name="A"), first_row=2)
        self.change(job, first_row=None)
        self.assertEqual(job.operation_ids.row, 1)
        self.assertEqual(self.found(job, "=", 1), [0])
