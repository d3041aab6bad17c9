from odoo.exceptions import UserError
from odoo.tests import tagged

from .row_cases import MODULE, ROW, RowCase, load

LINES = ["id", "name", "line_ids/name"]


@tagged("post_install", "-at_install")
class TestLoad(RowCase):
    def groups(self, count):
        """Records of one to four rows."""
        rows = []
        for number in range(count):
            rows.append([f"{MODULE}.g{number}", f"group {number}", f"line {number}.0"])
            rows += [["", "", f"line {number}.{one + 1}"] for one in range(number % 4)]
        return rows

    def assert_groups(self, count):
        for number in range(count):
            lines = self.named(f"group {number}").line_ids.mapped("name")
            self.assertEqual(lines, [f"line {number}.{one}" for one in range(number % 4 + 1)])

    def test_chunks_end_between_records(self):
        """No chunk begins with a row that continues a record, and all rows share its outcome."""
        rows = self.groups(20)
        job = self.submit_and_run(load(LINES, *rows), chunk_size=5)
        self.assert_counters(job, "done", succeeded=len(rows))
        self.assert_groups(20)
        firsts = job.sudo().chunk_ids.mapped("first_position")
        self.assertGreater(len(firsts), 5)
        self.assertEqual([rows[first][0] for first in firsts if not rows[first][0]], [])
        ids = [one["ids"] for one in self.outcomes(job)]
        owners = [self.named(row[1]).ids if row[1] else None for row in rows]
        self.assertEqual(
            [one if row[1] else None for one, row in zip(ids, rows, strict=True)], owners
        )
        for before, one, row in zip(ids, ids[1:], rows[1:], strict=False):
            if not row[1]:
                self.assertEqual(one, before)

    def test_parts_may_cut_records(self):
        """A record whose rows are sent in several parts of a draft is one record."""
        operations = load(LINES, *self.groups(8))
        job = self.submit([], start=False)
        for part, start in enumerate(range(0, len(operations), 3)):
            job.append(operations[start : start + 3], part)
        job.start()
        self.run_jobs()
        self.assert_counters(job, "done", succeeded=len(operations))
        self.assert_groups(8)

    def test_bad_line_fails_all_rows_of_its_record(self):
        """The rows of a record fail together; the records around it are there."""
        rows = self.groups(4)  # 1, 2, 3 and 4 rows
        rows[4][2] = ""
        operations = load([*LINES, "line_ids/country_id"], *[[*row, ""] for row in rows])
        operations[4]["row"][3] = "Nowhere"
        job = self.submit_and_run(operations)
        self.assertEqual(
            self.states(job), ["done"] * 3 + ["failed"] * 3 + ["done"] * 4, self.failures(job)
        )
        self.assertEqual(self.env[ROW].search_count([]), 3)
        self.assertIn("'Nowhere'", self.failures(job)[3]["message"])

    def test_unknown_column_is_refused(self):
        """A column that does not exist is refused when the job is submitted, wherever it leads."""
        for column, model, name in (
            ("nome", ROW, "nome"),
            ("line_ids/nome", f"{ROW}.line", "nome"),
            ("line_ids/country_id/nome", "res.country", "nome"),
            ("nome/id", ROW, "nome"),
        ):
            good = load(["name"], ["good"])
            with self.assertRaisesRegex(UserError, f"Operation 1: column {column}: {model} has no"):
                self.submit(good + load(["name", column], ["x", "y"]))
            self.renew()
            self.assertIn(name, column)
        self.assertEqual(self.env["batch.job"].search_count([]), 0)

    def test_column_below_a_plain_field_is_refused(self):
        """Odoo would put its cells into the field itself, or ignore what is below."""
        for column, name in (
            ("code/city", "code"),
            ("code:id", "code"),
            ("country_id/code/x", "code"),
            ("line_ids/name/x", "name"),
        ):
            problem = f"Operation 0: column {column}: {name} is no relation and has no fields."
            with self.assertRaisesRegex(UserError, problem):
                self.submit(load(["name", column], ["x", "y"]))
            self.renew()

    def test_errors_name_row_and_column(self):
        """Each bad row is named, with its column in words, whoever found it; others are kept."""
        columns = ["name", "country_id", "number", "code"]
        rows = [[f"row {number}", "Belgium", "1", f"c{number}"] for number in range(40)]
        rows[3][1] = "Nowhere"
        rows[5][2] = "many"
        rows[7][2] = "1000"  # a rule of the database
        rows[11][3] = "c10"  # another one
        rows[13][2] = "-1"  # a rule of the model
        rows[17][0] = ""  # required
        job = self.submit_and_run(load(columns, *rows))
        self.assert_counters(job, "partial", succeeded=34, failed=6)
        failed = {
            index: (error["type"], error["field"]) for index, error in self.failures(job).items()
        }
        self.assertEqual(
            failed,
            {
                3: ("bad_value", "country_id"),
                5: ("bad_value", "number"),
                7: ("constraint", None),
                11: ("unique", None),
                13: ("constraint", None),
                17: ("required", "name"),
            },
        )
        message = self.failures(job)[3]["message"]
        self.assertEqual(
            message,
            "Column country_id: No matching record found for name 'Nowhere' in field 'Country'",
        )
        self.assertEqual(self.env[ROW].search_count([]), 34)

    def test_bad_row_costs_what_policy_says(self):
        """A bad row costs what the policy says, no more and no less."""
        rows = [["one"], ["two"], [""], ["four"], ["five"], ["six"]]
        for policy, states, kept in (
            ("chunk", ["done"] * 2 + ["failed", "rolled_back"] + ["done"] * 2, 4),
            ("all", ["rolled_back"] * 2 + ["failed"] + ["rolled_back"] * 3, 0),
        ):
            job = self.submit_and_run(load(["name"], *rows), policy=policy, chunk_size=2)
            self.assertEqual((policy, self.states(job)), (policy, states))
            self.assertEqual(self.env[ROW].search_count([]), kept)
            self.remove_all()
        job = self.submit_and_run(load(["name"], *rows), policy="stop", chunk_size=2)
        self.assert_counters(job, "paused", succeeded=2, failed=1, remaining=3)
        job.resume(skip=True)
        self.run_jobs()
        self.assert_counters(job, "partial", succeeded=5, failed=1)

    def test_cells_of_json(self):
        """Numbers, booleans and null may be sent as such and mean what they would in a file."""
        columns = ["name", "number", "ratio", "flag", "code", "country_id/.id"]
        belgium = self.env.ref("base.be").id
        job = self.submit_and_run(
            load(columns, ["one", 5, 2.5, True, 7, belgium], ["two", 0, 3.0, False, None, None])
        )
        self.assert_counters(job, "done", succeeded=2)
        one, two = self.named("one"), self.named("two")
        names = ("number", "ratio", "flag", "code")
        self.assertEqual([one[name] for name in names], [5, 2.5, True, "7"])
        self.assertEqual([two[name] for name in names], [0, 3.0, False, False])
        self.assertEqual((one.country_id.id, two.country_id.id), (belgium, False))

    def test_record_by_a_field(self):
        """`country_id/code` finds the one record that has the code; none or several fail."""
        columns = ["name", "country_id/code", "tag_ids/color"]
        tags = self.env["res.partner.category"]
        tags.create([{"name": "T1", "color": 101}, {"name": "T2", "color": 102}])
        tags.create([{"name": "T3", "color": 103}, {"name": "T4", "color": 103}])
        self.commit()
        rows = [["a", "BE", "101,102"], ["b", "XX", ""], ["c", "", "103"], ["d", "FR", ""]]
        job = self.submit_and_run(load(columns, *rows))
        self.assertEqual(self.states(job), ["done", "failed", "failed", "done"])
        self.assertEqual(self.named("a").country_id.code, "BE")
        self.assertEqual(self.named("a").tag_ids.mapped("name"), ["T1", "T2"])
        failures = self.failures(job)
        missing = "Column country_id/code: No matching record found for code 'XX'"
        self.assertIn(missing, failures[1]["message"])
        self.assertEqual(failures[1]["field"], "country_id/code")
        self.assertIn("Several records have the color '103'", failures[2]["message"])

    def test_secrets_in_columns_are_blanked(self):
        """A password-like column is blanked in every row once its record has ended."""
        columns = ["name", "secret_token", "line_ids/name"]
        rows = [["one", "s3cret", "a"], ["", "", "b"], ["", "s3cret 2", "c"]]
        job = self.submit_and_run(load(columns, *rows))
        self.assertEqual(self.states(job), ["done", "done", "failed"], self.failures(job))
        payloads = job.sudo().operation_ids.mapped("payload")
        self.assertEqual(
            [payload["row"] for payload in payloads],
            [["one", {"$blanked": True}, "a"], ["", "", "b"], ["", {"$blanked": True}, "c"]],
        )
        self.assertEqual(self.named("one").secret_token, "s3cret")
        job.retry()
        self.run_jobs()
        self.assertIn("Its password was blanked", self.failures(job)[2]["message"])
