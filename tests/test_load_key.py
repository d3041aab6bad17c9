from odoo.tests import tagged

from .row_cases import FRENCH, ROW, RowCase, load

LINES = ["code", "name", "line_ids/name", "line_ids/amount"]
LINE_KEY = ["code", "line_ids/name"]


@tagged("post_install", "-at_install")
class TestLoadKey(RowCase):
    """Rows that update the record of their key, or create it."""

    def load_all(self, columns, *rows, key=("code",), **options):
        """Run a job of rows that all succeed; give their values."""
        job = self.submit_and_run(load(columns, *rows, key=list(key)), **options)
        self.assertEqual(self.failures(job), {})
        self.assert_counters(job, "done", succeeded=len(rows))
        return [one["value"] for one in self.outcomes(job)]

    def lines_of(self, name):
        return [(one.name, one.amount) for one in self.named(name).line_ids]

    def test_created_then_updated(self):
        """The first run creates, the second updates the same records, and the outcome says so."""
        columns = ["code", "name", "country_id/code", "number"]
        rows = [[f"k{n}", f"row {n}", ("BE", "FR")[n % 2], str(n)] for n in range(20)]
        self.assertEqual(self.load_all(columns, *rows), ["created"] * 20)
        before = self.env[ROW].search([], order="id").ids
        again = [[code, f"new {name}", "ES", number] for code, name, _country, number in rows]
        self.assertEqual(self.load_all(columns, *again), ["updated"] * 20)
        records = self.env[ROW].search([], order="id")
        self.assertEqual(records.ids, before)
        self.assertEqual(records.mapped("name"), [f"new row {n}" for n in range(20)])
        self.assertEqual(set(records.mapped("country_id.code")), {"ES"})

    def test_keys_of_every_form(self):
        """A plain field and a many2one by each of its paths find what they made."""
        belgium = self.env.ref("base.be")
        for column, cell in (
            ("code", "x"),
            ("number", "7"),
            ("day", "2030-01-02"),
            ("moment", "2030-01-02 03:04:05"),
            ("kind", "Second Kind"),
            ("note", "two\nlines"),
            ("title", "Titre"),
            ("country_id", "Belgique"),
            ("country_id/code", "BE"),
            ("country_id/id", "base.be"),
            ("country_id/.id", str(belgium.id)),
            ("country_id:id", "base.be"),
        ):
            with self.subTest(column=column):
                operations = load([column, "name"], [cell, "one"], [cell, "two"], key=[column])
                for values in (["created", "updated"], ["updated"] * 2):
                    jobs = self.env["batch.job"].with_user(self.admin).with_context(**FRENCH)
                    job = self.env["batch.job"].browse(jobs.submit(operations)["id"])
                    self.run_jobs()
                    self.assertEqual(self.failures(job), {})
                    self.assertEqual([one["value"] for one in self.outcomes(job)], values)
                self.assertEqual(self.env[ROW].search([]).mapped("name"), ["two"])
                self.remove_all()

    def test_lines_are_found_by_their_key(self):
        """A line whose key matches one of its record is updated, else it is added; a second run
        doubles none."""
        rows = [
            ["a", "A", "one", "1"],
            ["", "", "two", "2"],
            ["b", "B", "one", "3"],
        ]
        for values in ("created", "updated"):
            self.assertEqual(self.load_all(LINES, *rows, key=LINE_KEY), [values] * 3)
            self.assertEqual(self.lines_of("A"), [("one", 1), ("two", 2)])
            self.assertEqual(self.lines_of("B"), [("one", 3)])
        more = [["a", "A", "two", "20"], ["", "", "three", "30"]]
        self.load_all(LINES, *more, key=LINE_KEY)
        self.assertEqual(self.lines_of("A"), [("one", 1), ("two", 20), ("three", 30)])
        self.assertEqual(self.lines_of("B"), [("one", 3)])
