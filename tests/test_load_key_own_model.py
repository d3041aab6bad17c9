from odoo.tests import tagged

from .key_cases import KEY, KeyCase


def rows(columns, *several, key):
    base = {"op": "load", "model": KEY, "fields": columns, "key": key}
    return [{**base, "row": list(row)} for row in several]


@tagged("post_install", "-at_install")
class TestLoadKeyRules(KeyCase):
    """The rules of upsert hold for rows: what is found, what is refused, and in which order."""

    def ends_of(self, operations, **options):
        """Run a job; give (value or kind of error) of each row."""
        job = self.submit_and_run(operations, **options)
        return [one["value"] or one["error"]["type"] for one in self.outcomes(job)]

    def assert_row_failed(self, columns, row, key, error_type, field, *words):
        (one,) = self.outcomes(self.submit_and_run(rows(columns, row, key=key)))
        self.assertEqual((one["state"], one["error"]["type"]), ("failed", error_type))
        self.assertEqual(one["error"]["field"], field)
        for word in words:
            self.assertIn(word, one["error"]["message"])

    def test_archived_match_is_updated(self):
        """An archived record is found and updated, and stays archived."""
        record = self.make({"code": "old", "active": False})
        self.assertEqual(
            self.ends_of(rows(["code", "name"], ["old", "new"], key=["code"])), ["updated"]
        )
        self.assertEqual((self.records([]), record.name), (record, "new"))

    def test_hidden_match_is_left_alone(self):
        """A record that a rule hides is named and left alone, and no second one is made."""
        record = self.make({"code": "hidden", "secret": True})
        self.assert_row_failed(
            ["code", "name"], ["hidden", "x"], ["code"], "access", None, f"id {record.id},"
        )
        self.assertEqual((self.records([]), record.name), (record, False))

    def test_several_matches_are_left_alone(self):
        """Two records of one key are named and left alone; the column is named as it was sent."""
        parent = self.make({"code": "p"})
        twins = self.make(*[{"parent_id": parent.id, "number": 1}] * 2)
        columns = ["parent_id/code", "number", "name"]
        words = ("2 records of test.batch.key", f"ids {twins[0].id}, {twins[1].id}.")
        self.assert_row_failed(
            columns, ["p", "1", "x"], columns[:2], "ambiguous_key", columns[0], *words
        )
        self.assertEqual(twins.mapped("name"), [False, False])

    def test_hidden_and_several_lines(self):
        """A line that is hidden, or of which there are two, fails the record whole."""
        parent = self.make({"code": "p"})
        (hidden, *twins) = self.make(
            {"parent_id": parent.id, "code": "secret", "secret": True},
            *[{"parent_id": parent.id, "code": "twin"}] * 2,
        )
        columns, key = ["code", "name", "child_ids/code"], ["code", "child_ids/code"]
        self.assert_row_failed(
            columns, ["p", "x", "secret"], key, "access", None, f"id {hidden.id},"
        )
        words = f"ids {twins[0].id}, {twins[1].id}."
        self.assert_row_failed(
            columns, ["p", "x", "twin"], key, "ambiguous_key", "child_ids/code", words
        )
        self.assertEqual((parent.name, len(self.records([]))), (False, 4))

    def test_what_is_equal(self):
        """A text is compared as it is: capitals and spaces make another key."""
        several = [[code] for code in ("a", "A", "a ", " a", "á")]
        for value in ("created", "updated"):
            self.assertEqual(self.ends_of(rows(["code"], *several, key=["code"])), [value] * 5)

    def test_only_the_key(self):
        """A row with nothing but its key writes nothing to a record that exists."""
        self.make({"code": "a"})
        self.cr.execute("UPDATE test_batch_key SET write_date = '2000-01-01'")
        self.commit()
        self.assertEqual(self.ends_of(rows(["code"], ["a"], key=["code"])), ["updated"])
        self.assertEqual(str(self.records([]).write_date), "2000-01-01 00:00:00")

    def test_a_key_that_the_model_changes(self):
        """A model that stores another value would get the record, or the line, anew each time:
        refused."""
        self.assert_row_failed(
            ["upper", "name"], ["abc", "x"], ["upper"], "bad_value", "upper", "'abc'", "'ABC'"
        )
        columns, key = ["code", "child_ids/upper"], ["code", "child_ids/upper"]
        self.assert_row_failed(columns, ["p", "abc"], key, "bad_value", "upper", "'abc'")
        self.assertFalse(self.records([]))
        good = rows(columns, ["p", "ABC"], key=key)
        self.assertEqual(self.ends_of(good) + self.ends_of(good), ["created", "updated"])
        self.assertEqual(self.records([]).mapped("upper"), [False, "ABC"])

    def test_a_bad_row_and_a_later_one_of_its_key(self):
        """The later row of a key creates where the earlier one has failed."""
        several = [["a", "", "many"], ["a", "one", "1"], ["b", "two", "2"], ["a", "three", "3"]]
        operations = rows(["code", "name", "number"], *several, key=["code"])
        expected = ["bad_value", "created", "created", "updated"]
        self.assertEqual(self.ends_of(operations), expected)
        self.assertEqual(self.records([]).mapped("name"), ["three", "two"])

    def test_one_key_several_times(self):
        """The same key within a chunk and over chunk borders is one record; the last row stays."""
        several = [[f"k{n % 3}", f"name {n}"] for n in range(12)]
        operations = rows(["code", "name"], *several, key=["code"])
        for size in (12, 4, 1):
            with self.subTest(size=size):
                values = self.ends_of(operations, chunk_size=size)
                self.assertEqual(values, ["created"] * 3 + ["updated"] * 9)
                named = [(one.code, one.name) for one in self.records([])]
                self.assertEqual(named, [("k0", "name 9"), ("k1", "name 10"), ("k2", "name 11")])
                self.records([]).unlink()
                self.commit()

    def test_a_record_that_a_line_has_made(self):
        """A row finds what the lines of a row before it have made, or have given its key."""
        columns, key = (
            ["code", "name", "child_ids/code", "child_ids/name"],
            ["code", "child_ids/code"],
        )
        operations = rows(columns, ["a", "A", "b", "kid"], ["b", "found", "", ""], key=key)
        self.assertEqual(self.ends_of(operations), ["created", "updated"])
        self.assertEqual(self.records([]).mapped("name"), ["A", "found"])
        kid = self.records([("code", "=", "b")])
        columns = ["code", "name", "child_ids/.id", "child_ids/code"]
        several = (["a", "A", str(kid.id), "c"], ["c", "again", "", ""], ["b", "new", "", ""])
        operations = rows(columns, *several, key=["code"])
        self.assertEqual(self.ends_of(operations), ["updated", "updated", "created"])
        self.assertEqual(kid.name, "again")

    def test_a_record_of_a_row_before(self):
        """A key may name a record that a row before has made."""
        columns = ["code", "parent_id/code", "name"]
        several = (["a", "", "A"], ["b", "a", "B"], ["c", "b", "C"])
        for value in ("created", "updated"):
            with self.subTest(value=value):
                made = rows(columns, *several, key=["code"])
                self.assertEqual(self.ends_of(made), [value] * 3)
        kin = rows(
            ["parent_id/code", "number", "name"], ["c", "1", "D"], key=["parent_id/code", "number"]
        )
        self.assertEqual(self.ends_of(kin), ["created"])
        last = self.records([("name", "=", "D")])
        self.assertEqual(last.parent_id.parent_id.parent_id.name, "A")

    def test_lines_of_lines(self):
        """Lines of lines are found by keys of their own, at any depth; the same key twice in one
        record is one line."""
        columns = ["code", "child_ids/code", "child_ids/child_ids/code", "child_ids/child_ids/name"]
        key = columns[:3]
        several = (
            ["a", "1", "x", "first"],
            ["", "", "y", "second"],
            ["", "1", "x", "third"],
            ["", "2", "x", "other"],
        )
        operations = rows(columns, *several, key=key)
        for value in ("created", "updated"):
            with self.subTest(value=value):
                self.assertEqual(self.ends_of(operations), [value] * 4)
                (top,) = self.records([("code", "=", "a")])
                found = [
                    (line.code, below.code, below.name)
                    for line in top.child_ids.sorted("id")
                    for below in line.child_ids.sorted("id")
                ]
                expected = [("1", "x", "third"), ("1", "y", "second"), ("2", "x", "other")]
                self.assertEqual(found, expected)
        self.assertEqual(len(self.records([])), 6)

    def test_an_archived_line(self):
        """An archived line is found, and stays archived."""
        parent = self.make({"code": "p"})
        line = self.make({"parent_id": parent.id, "code": "l", "active": False})
        columns, key = ["code", "child_ids/code", "child_ids/name"], ["code", "child_ids/code"]
        self.assertEqual(self.ends_of(rows(columns, ["p", "l", "new"], key=key)), ["updated"])
        self.assertEqual((line.name, line.active, len(self.records([]))), ("new", False, 2))

    def test_under_every_policy(self):
        """A key that fits two fails as under `isolate`, and the policy decides on the others."""
        self.make({"code": "2"}, {"code": "2"})
        several = [[str(number), "x"] for number in range(6)]
        operations = rows(["code", "name"], *several, key=["code"])
        self.assert_policies_decide(operations)

    def test_dry_run_says_created_and_updated(self):
        """A dry run says what would be created and what updated, and keeps nothing."""
        self.make({"code": "a"})
        operations = rows(["code", "name"], ["a", "x"], ["b", "x"], key=["code"])
        job = self.submit_and_run(operations, dry_run=True)
        self.assertEqual([one["value"] for one in self.outcomes(job)], ["updated", "created"])
        self.assertEqual(self.records([]).mapped("name"), [False])

    def test_external_ids_of_lines(self):
        """Lines may be found by external id instead: the first run makes them, the second one
        updates them."""
        columns = ["code", "child_ids/id", "child_ids/name"]
        several = (["a", "batch_job_tests.l1", "one"], ["", "batch_job_tests.l2", "two"])
        for value in ("created", "updated"):
            operations = rows(columns, *several, key=["code"])
            self.assertEqual(self.ends_of(operations), [value] * 2)
            self.assertEqual(self.records([]).mapped("name"), [False, "one", "two"])
