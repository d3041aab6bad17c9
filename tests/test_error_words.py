from odoo.tests import tagged

from .key_cases import KEY, KeyCase

UNFIT = "%s (%s) of test.batch.key: the value that was given is not a valid %s."


@tagged("post_install", "-at_install")
class TestErrorWords(KeyCase):
    """What went wrong is said in words for people, with the field where it can be known; not in
    those of Python or PostgreSQL."""

    def errors(self, *operations):
        job = self.submit_and_run(list(operations))
        return [outcome["error"] for outcome in self.outcomes(job)]

    def test_bad_values_name_their_field(self):
        """Values that no check has seen before, those of a method's arguments."""
        ids = self.make({"name": "words"}).ids
        said = {
            "kind": ([], "kind", UNFIT % ("kind", "Kind", "selection")),
            "day": ("2026-13-45", "day", UNFIT % ("day", "Day", "date")),
            "number": ([1], "number", UNFIT % ("number", "Number", "integer")),
            "friend_ids": ([[1, 1]], "friend_ids", UNFIT % ("friend_ids", "Friend", "many2many")),
            "child_ids": (
                [[6, 0, ["a"]]],
                None,
                "A value is of another type than its field, such as a text in the place of an id.",
            ),
        }
        values = [{name: value} for name, (value, _field, _text) in said.items()]
        errors = self.errors(
            *(
                {"op": "call", "model": KEY, "method": "write", "ids": ids, "args": [one]}
                for one in values
            ),
            {
                "op": "call",
                "model": KEY,
                "method": "write",
                "ids": ids,
                "args": [{"number": 2**40}],
            },
        )
        expected = [
            {"type": "bad_value", "message": text, "field": field}
            for _value, field, text in said.values()
        ]
        too_large = "A number is too large for its field."
        expected.append({"type": "bad_value", "message": too_large, "field": None})
        self.assertEqual(errors, expected)

    def test_bad_cells_name_their_column(self):
        """A bad cell is reported with its column, as people wrote it."""
        cases = (
            (".id", "abc", "'abc' is not the number of a record"),
            ("parent_id/number", "abc", "No matching record found for number 'abc' in field 'Par"),
            ("parent_id/.id", "abc", "Invalid database id 'abc' for the field 'Parent'"),
            ("parent_id:id", "no.where", "No matching record found for external id 'no.where'"),
            ("child_ids/parent_id/id", "no.where", "No matching record found for external id 'no"),
            ("day", "abc", "'abc' does not seem to be a valid date for field 'Day'"),
        )
        for column, cell, problem in cases:
            row = {"fields": ["name", column], "row": ["words", cell]}
            (error,) = self.errors({"op": "load", "model": KEY, **row})
            with self.subTest(column=column):
                self.assertEqual((error["type"], error["field"]), ("bad_value", column))
                self.assertIn(f"Column {column}: {problem}", error["message"])
        self.assertEqual(self.env[KEY].search_count([("name", "=", "words")]), 0)

    def test_columns_of_one_relation(self):
        """What two columns say of one relation is reported with the relation."""
        row = {"fields": ["name", "child_ids/name", "child_ids/day"], "row": ["words", "a", "abc"]}
        (error,) = self.errors({"op": "load", "model": KEY, **row})
        self.assertEqual((error["type"], error["field"]), ("bad_value", "child_ids"))
