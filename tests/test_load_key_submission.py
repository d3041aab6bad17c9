from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .row_cases import ROW, RowCase, load

BOTH = ["code", "line_ids/name"]


@tagged("post_install", "-at_install")
class TestLoadKeySubmission(RowCase):
    """What of a load with a key is refused when it is submitted; nothing is stored then."""

    def assert_refused(self, operations, *sentences):
        with self.assertRaises(UserError) as refused:
            self.submit(operations)
        self.renew()
        self.assertEqual(str(refused.exception).splitlines(), list(sentences))
        self.assertEqual(self.env["batch.job"].search_count([]), 0)

    def test_a_key_is_columns(self):
        """The key names columns of the row, each once."""
        list_of_columns = 'Operation 0: key must be a list of distinct columns, such as ["ref"].'
        for key in ([], "code", ["code", "code"], {"code": 1}):
            self.assert_refused(load(["code", "name"], ["a", "b"], key=key), list_of_columns)
        self.assert_refused(
            load(["code", "name"], ["a", "b"], key=["ref"]),
            "Operation 0: the key 'ref' is no column; name one of fields.",
        )
        self.assert_refused(
            load(["code", "code"], ["a", "b"], key=["code"]),
            "Operation 0: the key 'code' is a column twice; leave one out.",
        )

    def test_fields_that_can_be_looked_up(self):
        """A key is a stored field of a type that can be compared, or a field of a many2one."""
        types = "char, text, integer, many2one, selection, date, datetime"
        for column, problem in (
            ("ratio", f"the key ratio cannot be looked up; a key is a stored field: {types}."),
            ("tag_ids", f"the key tag_ids cannot be looked up; a key is a stored field: {types}."),
            (
                "country_id/currency_id/name",
                "the key country_id/currency_id/name leads too far: a key is a field, or a field "
                "of a many2one.",
            ),
            ("id", "the column id finds a record without a key: leave it out of the key."),
            (".id", "the column .id finds a record without a key: leave it out of the key."),
        ):
            with self.subTest(column=column):
                self.assert_refused(
                    load(["name", column], ["a", "b"], key=[column]), f"Operation 0: {problem}"
                )

    def test_one_way_to_find_a_record(self):
        """A column `id` and a key would both name the record; two columns may be one field."""
        self.assert_refused(
            load(["id", "code"], ["x", "a"], key=["code"]),
            "Operation 0: id finds a record, and so does the key code: leave out one of them.",
        )
        columns = ["country_id/code", "country_id/id", "name"]
        self.assert_refused(
            load(columns, ["BE", "base.be", "x"], key=columns[:2]),
            "Operation 0: the key names two columns of one field: leave out country_id/code.",
        )

    def test_lines_need_a_key_of_their_own(self):
        """Lines that nothing finds would be added by each run; `id`, `.id`, the name, or a column
        of the key finds them."""
        columns = ["code", "name", "line_ids/amount", "line_ids/name"]
        row = ["a", "A", "1", "one"]
        self.assert_refused(
            load(columns, row, key=["code"]),
            "Operation 0: with a key, each line of line_ids must be found again, or each run would "
            "add it once more: name a column of the line in the key too (line_ids/amount, for "
            "example), or add the column line_ids/id or line_ids/.id.",
        )
        self.assert_refused(
            load(columns, row, key=["line_ids/name"]),
            "Operation 0: the key line_ids/name is of lines only; name a column of the record, "
            "too.",
        )
        self.assert_refused(
            load([*columns, "line_ids/.id"], [*row, "1"], key=BOTH),
            "Operation 0: line_ids/.id finds a record, and so does the key line_ids/name: leave "
            "out one of them.",
        )
        for column in ("line_ids/id", "line_ids/.id", "line_ids"):
            self.submit(load([*columns, column], [*row, "1"], key=["code"]))

    def test_rows_without_a_key_are_named(self):
        """A record's first row, and each line, have a value in each column of their key; all bad
        rows are named at once."""
        columns = ["code", "name", "line_ids/name", "line_ids/amount"]
        rows = [
            ["", "no key", "", ""],
            [" ", "blank", "", ""],
            ["a", "good", "one", "1"],
            ["", "", "two", "2"],
            ["", "", "", "3"],
            ["b", "line", "", "4"],
            [None, "null", "", ""],
        ]
        no_key = (
            "the key 'code' has no value; every row needs one, except rows that continue the "
            "record before them with lines."
        )
        no_line = "the key 'line_ids/name' has no value; every line needs one."
        self.assert_refused(
            load(columns, *rows, key=BOTH),
            *(f"Operation {index}: {no_key}" for index in (0, 1)),
            *(f"Operation {index}: {no_line}" for index in (4, 5)),
            f"Operation 6: {no_key}",
        )
        self.assert_refused(load(columns, ["", "", "one", "1"], key=BOTH), f"Operation 0: {no_key}")
        self.assert_refused(
            load(
                ["code", "name", "line_ids/name", "line_ids/.id"], ["a", "A", "x", ""], key=["code"]
            ),
            "Operation 0: its line has no value in line_ids/.id, so each run would add the line "
            "again.",
        )
        many = load(["code", "name"], *[["", str(number)] for number in range(30)], key=["code"])
        with self.assertRaisesRegex(UserError, "These are the first 20; there are more"):
            self.submit(many)

    def test_rows_that_continue_in_another_part(self):
        """A part may begin with rows that continue the last record of the part before; not with
        those of another key."""
        columns = ["code", "name", "line_ids/name"]
        rows = load(columns, ["a", "A", "one"], ["", "", "two"], key=BOTH)
        job = self.submit([], start=False)
        job.append(rows[:1], 0)
        job.append(rows[1:], 1)
        job.start()
        self.run_jobs()
        self.assert_counters(job, "done", succeeded=2)
        self.assertEqual(self.named("A").line_ids.mapped("name"), ["one", "two"])
        job = self.submit([], start=False)
        job.append(load(columns, ["b", "B", "one"], key=BOTH[::-1]), 0)
        with self.assertRaisesRegex(UserError, "Operation 1: the key 'code' has no value"):
            job.append(rows[1:], 1)

    def test_a_field_that_the_user_may_not_read(self):
        """Such a field is no key, neither of records nor of lines: a match would tell what it
        holds."""
        columns = ["code", "name", "line_ids/name"]
        operations = load(columns, ["a", "A", "one"], key=BOTH)
        user = self.new_user(self._testMethodName)
        for model, name in ((ROW, "code"), (f"{ROW}.line", "name")):
            field = self.env[model]._fields[name]
            with patch.object(field, "groups", "base.group_system"):
                for method in ("submit", "execute"):
                    with self.assertRaises(AccessError):
                        getattr(self.env["batch.job"].with_user(user), method)(operations)
                    self.renew()
