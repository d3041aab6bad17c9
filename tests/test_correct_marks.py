"""What is made anew of a corrected operation: its references, record, wave and keys."""

from odoo.exceptions import UserError
from odoo.tests import tagged

from .correction_cases import CorrectionCase
from .races import ITEM
from .row_cases import ROW, load

COLUMNS = ["name", "number", "line_ids/name"]


@tagged("post_install", "-at_install")
class TestCorrectMarks(CorrectionCase):
    cleans = (ITEM, ROW)

    def loaded(self, *rows, **options):
        job = self.submit(load(COLUMNS, *rows), **options)
        self.run_to_end(job)
        return job

    def stored(self, job, column):
        return [one[column] for one in self.contents(job)]

    def lines_of(self, name):
        return self.env[ROW].search([("name", "=", name)]).line_ids.mapped("name")

    def record(self, first="x", number="bad"):
        name = f"{self.prefix} {first}"
        return [name, number, "line 1"], ["", "", "line 2"], ["", "", "line 3"]

    def test_a_record_of_several_rows(self):
        """It runs with all its rows, also those that the correction does not name."""
        job = self.loaded(*self.record(), [f"{self.prefix} y", "5", ""])
        self.assert_counters(job, "partial", succeeded=1, failed=3)
        row = [f"{self.prefix} x", "7", "line 1"]
        report = self.correct(job, [{"index": 0, "row": row}])
        self.assertEqual((report["corrected"], report["again"]), (1, 3))
        self.run_to_end(job)
        self.assert_counters(job, "done", succeeded=4)
        self.assertEqual(self.lines_of(f"{self.prefix} x"), ["line 1", "line 2", "line 3"])

    def test_a_row_that_begins_a_record_now(self):
        """A line with values of its own record is cut off from the record before, and takes the
        lines after it along."""
        job = self.loaded(*self.record())
        rows = [
            {"index": 0, "row": [f"{self.prefix} x", "7", "line 1"]},
            {"index": 1, "row": [f"{self.prefix} z", "8", "line 2"]},
        ]
        self.correct(job, rows)
        self.assertEqual(self.stored(job, "follows"), [None, False, True])
        self.run_to_end(job)
        self.assert_counters(job, "done", succeeded=3)
        self.assertEqual(self.lines_of(f"{self.prefix} x"), ["line 1"])
        self.assertEqual(self.lines_of(f"{self.prefix} z"), ["line 2", "line 3"])

    def test_a_row_that_continues_a_record_now(self):
        """Two records that both run again become one."""
        job = self.loaded(*self.record()[:1], [f"{self.prefix} y", "bad", "line 2"])
        rows = [
            {"index": 0, "row": [f"{self.prefix} x", "7", "line 1"]},
            {"index": 1, "row": ["", "", "line 2"]},
        ]
        self.correct(job, rows)
        self.run_to_end(job)
        self.assert_counters(job, "done", succeeded=2)
        self.assertEqual(self.lines_of(f"{self.prefix} x"), ["line 1", "line 2"])

    def test_a_row_that_would_continue_a_done_record(self):
        """It is refused: the record before is done, and a line more would be lost."""
        job = self.loaded([f"{self.prefix} x", "7", "line 1"], [f"{self.prefix} y", "bad", "l"])
        before = self.contents(job)
        with self.assertRaisesRegex(UserError, "^Operation 1: it would continue the record"):
            self.correct(job, [{"index": 1, "row": ["", "", "l"]}])
        self.assertEqual(self.contents(job), before)

    def test_a_row_without_its_key(self):
        """Key cells are checked as at submission."""
        operations = load(["code", "number"], [f"{self.prefix}", "bad"], key=["code"])
        job = self.submit(operations)
        self.run_to_end(job)
        with self.assertRaisesRegex(UserError, "^Operation 0: "):
            self.correct(job, [{"index": 0, "row": ["", "5"]}])

    def test_a_reference_that_is_new(self):
        """A corrected operation may refer to an earlier one, done or corrected with it."""
        operations = [
            {**self.creates(self.prefix, 1)[0], "ref": "first"},
            {"op": "create", "model": ITEM, "values": {"name": False}, "ref": "second"},
            {"op": "write", "model": ITEM, "ids": [2**31 - 1], "values": {"value": 5}},
            {"op": "write", "model": ITEM, "ids": [2**31 - 1], "values": {"value": 6}},
        ]
        for options in ({}, {"max_parallel": 2}, {"max_parallel": 0}):
            self.remove_items()
            job = self.submit(operations, **options)
            self.run_to_end(job)
            self.assert_counters(job, "partial", succeeded=1, failed=3)
            rows = [
                {"index": 1, "values": {"name": f"{self.prefix} b"}},
                {"index": 2, "ids": [{"$ref": "second"}]},
                {"index": 3, "ids": [{"$ref": "first"}]},
            ]
            self.correct(job, rows)
            if options.get("max_parallel") == 2:
                self.assertEqual(self.stored(job, "wave"), [None, None, 1, 1])
                self.assertEqual(job.sudo().wave_ends, [1, 3])
            self.run_to_end(job)
            self.assert_counters(job, "done", succeeded=4)
            items = self.env[ITEM].search([], order="name")
            self.assertEqual(items.mapped("value"), [6, 5], options)

    def test_a_reference_that_cannot_be(self):
        """To nothing, to itself, to a later operation: refused as at submission."""
        operations = [
            {"op": "write", "model": ITEM, "ids": [2**31 - 1], "values": {"value": 5}},
            {**self.creates(self.prefix, 1)[0], "ref": "later"},
        ]
        job = self.submit(operations)
        self.run_to_end(job)
        for name, words in (("none", "no operation before it"), ("later", "the later operation 1")):
            with self.assertRaisesRegex(UserError, f"^Operation 0: it refers to .*{words}"):
                self.correct(job, [{"index": 0, "ids": [{"$ref": name}]}])

    def test_what_was_skipped_for_it(self):
        """It runs again with the corrected operation, and finds the new record."""
        operations = [
            {"op": "create", "model": ITEM, "values": {"name": False}, "ref": "a"},
            {"op": "write", "model": ITEM, "ids": [{"$ref": "a"}], "values": {"value": 5}},
        ]
        job = self.submit(operations)
        self.run_to_end(job)
        report = self.correct(job, [{"index": 0, "values": {"name": f"{self.prefix} a"}}])
        self.assertEqual((report["corrected"], report["again"]), (1, 2))
        self.run_to_end(job)
        self.assert_counters(job, "done", succeeded=2)
        self.assertEqual(self.env[ITEM].search([]).value, 5)

    def test_keys_of_parallel_chunks(self):
        """Two operations that make one record now are in two waves, in their order."""
        model = "test.batch.key"
        upsert = {"op": "upsert", "model": model, "key": ["code"]}
        values = [{"code": f"{self.prefix} {n}", "number": "bad"} for n in range(3)]
        job = self.submit([{**upsert, "values": one} for one in values], max_parallel=2)
        self.run_to_end(job)
        self.assert_counters(job, "failed", failed=3)
        rows = [{"index": n, "values": {"code": self.prefix, "number": n}} for n in range(3)]
        self.correct(job, rows)
        self.assertEqual(self.stored(job, "wave"), [0, 1, 2])
        self.assertEqual(len(set(self.stored(job, "makes"))), 1)
        self.run_to_end(job)
        self.assert_counters(job, "done", succeeded=3)
        record = self.env[model].search([("code", "=", self.prefix)])
        self.assertEqual((len(record), record.number), (1, 2))
        record.unlink()
        self.commit()

    def test_a_key_that_a_corrected_one_keeps(self):
        """Its own mark of before is not taken for another operation's."""
        upsert = {"op": "upsert", "model": "test.batch.key", "key": ["code"]}
        values = {"code": self.prefix, "number": "bad"}
        job = self.submit([{**upsert, "values": values}], max_parallel=2)
        self.run_to_end(job)
        self.correct(job, [{"index": 0, "values": {**values, "number": 1}}])
        self.assertEqual(self.stored(job, "wave"), [None])
        self.run_to_end(job)
        self.env["test.batch.key"].search([("code", "=", self.prefix)]).unlink()
        self.commit()
