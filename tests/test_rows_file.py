"""Rows of a job as a file: what is in it, for whom."""

import requests

from odoo.exceptions import MissingError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..engine.outcomes import CAUSE_KEYS
from ..models import batch_job_rows_file
from .common import url_of
from .correction_cases import CorrectionCase, column_of, table_of
from .races import ITEM
from .row_cases import load

FORMULAS = ["=1+1", "+32 475 12 34 56", "-5", "@x", "'=1", "007", "1e5", "2026-01-31"]
PASSWORD = "right horse battery"


@tagged("post_install", "-at_install")
class TestRowsFile(CorrectionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        groups = "base.group_user,batch_job.group_manager"
        cls.manager = cls.new_user("rows_manager", groups, password=PASSWORD)
        cls.other = cls.new_user("rows_other", password=PASSWORD)
        cls.owner = cls.new_user("rows_owner", password=PASSWORD)

    def test_rows_of_a_create(self):
        """The columns people sent, in their order, with the job, the row and the reason."""
        job = self.items_where({1, 3})
        for kind in ("csv", "xlsx"):
            table = self.download(job, kind)
            self.assertEqual(table[0], ["Job", "Row", "Error", "name", "value"])
            self.assertEqual(column_of(table, "Job"), [str(job.id)] * 2)
            self.assertEqual(column_of(table, "Row"), ["2", "4"])
            self.assertEqual(column_of(table, "value"), ["1", "3"])
            self.assertIn("name", column_of(table, "Error")[0].lower())

    def test_texts_are_texts(self):
        """Nothing a spreadsheet program would reckon with: XLSX has text cells, CSV is escaped."""
        rows = [[text, "no number"] for text in FORMULAS]
        operations = load(["name", "value"], *rows, model=ITEM)
        job = self.submit(operations)
        self.run_to_end(job)
        self.assertEqual(column_of(self.download(job, "xlsx"), "name"), FORMULAS)
        escaped = ["'=1+1", "'+32 475 12 34 56", "'-5", "'@x", "''=1", *FORMULAS[5:]]
        self.assertEqual(column_of(self.download(job, "csv"), "name"), escaped)

    def test_csv_has_a_mark_for_excel(self):
        """Without it Excel reads UTF-8 as something else."""
        job = self.items_where({1})
        file, _name, kind = job._rows_file("csv", "failed")
        with file:
            self.assertEqual(file.read(3), b"\xef\xbb\xbf")
        self.assertEqual(kind, "text/csv;charset=utf-8")

    def test_name_says_which_rows(self):
        """Files of one job have different names."""
        job = self.items_where({1, 3})
        names = [job._rows_file("xlsx", state)[1] for state in ("failed", "not_done", "all")]
        [cause] = job.causes
        names.append(job._rows_file("csv", "failed", cause)[1])
        rows = ["Failed rows.xlsx", "All that was not done.xlsx", "All rows.xlsx"]
        rows.append("Failed rows of one cause.csv")
        self.assertEqual(names, [f"Batch job (job {job.id}) – {name}" for name in rows])

    def test_state_or_cause_chooses_rows(self):
        """A file has the rows of a state, or of one cause."""
        self.env[ITEM].create({"name": f"{self.prefix} 0"})
        self.commit()
        job = self.items_where({1, 3})
        self.assertEqual(column_of(self.download(job), "Row"), ["1", "2", "4"])
        self.assertEqual(column_of(self.download(job, state="all"), "Row"), ["1", "2", "3", "4"])
        self.assertEqual(column_of(self.download(job, state="all"), "Error")[2], "")
        for cause in job.causes:
            rows = {"unique": ["1"], "required": ["2", "4"]}[cause["type"]]
            self.assertEqual(column_of(self.download(job, cause=cause), "Row"), rows)
        none = {"type": "unique", "model": None, "field": None, "constraint": None}
        for arguments in ({"state": "cancelled"}, {"cause": none}):
            with self.assertRaisesRegex(UserError, "has no such rows"):
                self.download(job, **arguments)
        with self.assertRaisesRegex(UserError, "state is one of failed, not_done"):
            self.download(job, state="done")

    def test_rolled_back_rows_are_there(self):
        """What was rolled back with its chunk is there too, and says so."""
        job = self.items_where({1}, policy="chunk", chunk_size=3)
        table = self.download(job, state="not_done")
        self.assertEqual(column_of(table, "Row"), ["1", "2", "3"])
        self.assertTrue(all(column_of(table, "Error")))

    def test_cancelled_rows_were_not_done(self):
        """The file of all that was not done has the rows that a cancel has left."""
        job = self.submit(self.creates(self.prefix, 3))
        job.cancel()
        self.commit()
        table = self.download(job, state="not_done")
        self.assertEqual(column_of(table, "Row"), ["1", "2", "3"])
        self.assertEqual(column_of(table, "Error"), ["Cancelled"] * 3)

    def test_columns_that_no_failed_row_has(self):
        """A column that a person has to fill in is there, whichever rows lack it."""
        operations = self.creates(self.prefix, 2)
        operations.append({"op": "create", "model": ITEM, "values": {"value": 3}})
        job = self.submit(operations)
        self.run_to_end(job)
        self.assertEqual(self.download(job)[0], ["Job", "Row", "Error", "name", "value"])
        job = self.submit([{"op": "create", "model": ITEM, "values": {"value": 3}}])
        self.run_to_end(job)
        self.assertEqual(self.download(job)[0], ["Job", "Row", "Error", "value", "name"])

    def test_other_operations_have_their_columns(self):
        """A write has its record, a call its method and arguments, several records are JSON."""
        item = self.items(self.prefix, 1)
        call = {"op": "call", "model": ITEM, "ids": item.ids, "method": "fail"}
        job = self.submit(
            [
                {"op": "write", "model": ITEM, "ids": item.ids, "values": {"name": False}},
                {**call, "kwargs": {"text": "no"}},
                {"op": "create", "model": ITEM, "values": [{"name": False}, {"name": "x"}]},
                {"op": "unlink", "model": ITEM, "ids": [2**31 - 1, 2**31 - 2]},
            ]
        )
        self.run_to_end(job)
        table = self.download(job)
        columns = ["id", "name", "$method", "$kwargs", "$values", "$ids"]
        self.assertEqual(table[0], ["Job", "Row", "Error", *columns])
        record = str(item.id)
        self.assertEqual(
            [line[3:] for line in table[1:]],
            [
                [record, "", "", "", "", ""],
                [record, "", "fail", '{"text": "no"}', "", ""],
                ["", "", "", "", '[{"name": false}, {"name": "x"}]', ""],
                ["", "", "", "", "", "[2147483647, 2147483646]"],
            ],
        )

    def test_too_many_rows_for_xlsx(self):
        """A sheet has 1,048,576 lines; the refusal says what to do, and CSV has no such limit."""
        job = self.items_where({0, 1, 2})
        self.patch(batch_job_rows_file, "MOST_LINES", 3)
        with self.assertRaisesRegex(UserError, "These are 3 rows, .* has 3 lines: take the CSV"):
            self.download(job, "xlsx")
        self.assertEqual(len(self.download(job, "csv")), 4)

    def test_a_manager_sees_no_content(self):
        """Row, kind of error and field, and nothing that somebody has sent."""
        job = self.items_where({1}, user=self.owner)
        table = self.download(job.with_user(self.manager), state="all")
        self.assertEqual(table[0], ["Job", "Row", "Kind of Error", "Field"])
        self.assertEqual(table[2], [str(job.id), "2", "Required value missing", "name"])
        self.assertEqual(table[1], [str(job.id), "1", "", ""])
        with self.assertRaises(MissingError):
            job.with_user(self.other)._rows_file("csv", "failed")

    def test_file_follows_rights_over_http(self):
        """The owner gets the file, the manager the short one, another user 404."""
        job = self.items_where({1}, user=self.owner)
        expected = {
            self.owner: (200, ["Job", "Row", "Error", "name", "value"]),
            self.manager: (200, ["Job", "Row", "Kind of Error", "Field"]),
            self.other: (404, None),
        }
        for user, (status, head) in expected.items():
            reply = self.get(user, f"/batch_job/{job.id}/rows.xlsx?state=not_done")
            self.assertEqual(reply.status_code, status, user.login)
            if head:
                self.assertEqual(table_of(reply.content, "xlsx")[0], head)
                self.assertIn(f"job%20{job.id}", reply.headers["Content-Disposition"])
        cause = "type=required&model=test.batch.item&field=name"
        reply = self.get(self.owner, f"/batch_job/{job.id}/rows.csv?{cause}")
        self.assertEqual(column_of(table_of(reply.content, "csv"), "Row"), ["2"])
        reply = self.get(self.owner, f"/batch_job/{job.id}/rows.csv?type=unique")
        self.assertEqual(reply.status_code, 422)

    def test_a_screen_asks_for_the_address(self):
        """The address leads to the file of just these rows; another user's job is not there."""
        job = self.items_where({1, 3}, user=self.owner).with_user(self.owner)
        cause = self.cause_of(job)
        none = {**cause, "field": "value"}
        for arguments, rows in (
            (("csv",), ["2", "4"]),
            (("csv", "failed", cause), ["2", "4"]),
            (("csv", "not_done"), ["2", "4"]),
            (("csv", "all"), ["1", "2", "3", "4"]),
        ):
            file = self.get(self.owner, job.rows_address(*arguments))
            self.assertEqual(column_of(table_of(file.content, "csv"), "Row"), rows, arguments)
        for arguments in (("csv", "failed", none), ("xlsx", "cancelled")):
            with self.assertRaisesRegex(UserError, "has no such rows"):
                job.rows_address(*arguments)
        with self.assertRaises(MissingError):
            job.with_user(self.other).rows_address("csv", "failed")

    def test_address_of_more_than_a_sheet_holds(self):
        """The refusal tells how many rows there are; CSV takes them."""
        job = self.items_where({0, 1, 2})
        self.patch(batch_job_rows_file, "MOST_LINES", 2)
        with self.assertRaisesRegex(UserError, "These are 3 rows, .* has 2 lines: take the CSV"):
            job.rows_address("xlsx", "failed")
        self.assertTrue(job.rows_address("csv", "failed"))

    def test_wrong_arguments_of_the_address(self):
        """Each wrong argument is named, also one of another type."""
        job = self.items_where({1}, user=self.owner)
        wrong = {
            "kind is one of csv, xlsx": ({"kind": "ods"}, {"kind": ["csv"]}),
            "state is one of failed": ({"state": "done"}, {"state": ["failed"]}),
            "cause must be an object": ({"cause": "x"},),
            "type of cause is 1": ({"cause": {"type": 1}},),
        }
        for message, calls in wrong.items():
            for arguments in calls:
                given = {"kind": "csv", **arguments}
                reply = self.rpc(self.owner, "batch.job", "rows_address", job.ids, **given)
                self.assertEqual(reply.status, 422, arguments)
                self.assertIn(message, reply.message)

    def cause_of(self, job):
        [cause] = job.causes
        return {key: cause[key] for key in CAUSE_KEYS}

    def get(self, user, path):
        self.commit()
        session = requests.Session()
        login = {"db": self.cr.dbname, "login": user.login, "password": PASSWORD}
        authenticate = url_of("/web/session/authenticate")
        answer = session.post(authenticate, json={"params": login}, timeout=60)
        self.assertIn("result", answer.json())
        with mute_logger("odoo.http"):
            reply = session.get(url_of(path), timeout=60, allow_redirects=False)
        self.renew()
        return reply
