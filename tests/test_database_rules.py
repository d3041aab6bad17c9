from odoo.tests import tagged
from odoo.tools import mute_logger

from ..engine.coalesce import Group
from ..engine.errors import OperationFailed
from ..engine.operations import Operation
from ..execution.checks.lessons import Lessons
from ..execution.failures import describe
from .common import CommittedCase

ROW = "test.batch.row"
TREE = "test.batch.tree"


def create(model, **values):
    return {"op": "create", "model": model, "values": values}


def group_of(op, model, *payloads):
    return Group(op, model, [Operation(n, n, op, model, one) for n, one in enumerate(payloads)])


@tagged("post_install", "-at_install")
class TestDatabaseRules(CommittedCase):
    """Once a rule of the database was broken, the others that break it are known beforehand."""

    cleans = (ROW, TREE)

    def lesson(self, model, act):
        """What the error of an act teaches."""
        try:
            with mute_logger("odoo.sql_db"), self.env.cr.savepoint():
                act()
        except Exception as error:
            failed = OperationFailed(describe(error, model))
            failed.__cause__ = error
        lessons = Lessons()
        self.assertTrue(lessons.learn(failed, self.env[failed.failure.model]))
        self.assertFalse(lessons.learn(failed, self.env[failed.failure.model]))
        return lessons

    def test_creates_that_break_a_known_rule_are_kept_apart(self):
        """The merged calls of later chunks do not fail: an insert that fails takes a number too."""
        numbers = [5000 if at % 50 == 25 else at for at in range(200)]
        operations = [create(ROW, name=f"n {at}", number=one) for at, one in enumerate(numbers)]
        outcomes = self.outcomes(self.submit_and_run(operations, chunk_size=100))
        failed = [outcome for outcome in outcomes if outcome["state"] == "failed"]
        self.assertEqual([outcome["index"] for outcome in failed], [25, 75, 125, 175])
        failure = {
            "type": "constraint",
            "message": "The number must be below 1,000.",
            "field": None,
        }
        self.assertEqual([outcome["error"] for outcome in failed], [failure] * 4)
        ids = [one for outcome in outcomes[100:] for one in outcome["ids"] or ()]
        self.assertEqual(len(ids), 98)
        self.assertLess(ids[-1] - ids[0], 100)  # 98 in merged calls, and each of two bad ones once

    def test_rules_see_defaults_of_a_create(self):
        """A rule may look at fields that a create leaves to their defaults."""
        partners = self.env["res.partner"]
        lessons = self.lesson(partners, lambda: partners.create({"name": False}))
        payloads = [{"values": values} for values in (
            {"name": "A"}, {"name": False}, {"name": False, "type": "invoice"}, {"name": ""},
            {"type": "contact"}, {"name": "B", "type": "contact"}, {"name": "C"}, {"name": "D"},
        )]  # fmt: skip
        # to Odoo, and so in the column, an empty text is a text
        found = lessons.suspects(partners, group_of("create", "res.partner", *payloads))
        self.assertEqual(found, {1, 4})

    def test_a_rule_that_most_would_break_is_not_believed(self):
        """The model stores other values than it is given: to try each alone would be slow."""
        rows = self.env[ROW]
        lessons = self.lesson(rows, lambda: rows.create({"name": "x", "number": 1000}))
        payloads = [{"values": {"name": "x", "number": one}} for one in (1, 1001, 1002)]
        self.assertEqual(lessons.suspects(rows, group_of("create", ROW, *payloads)), set())
        self.assertEqual(lessons.suspects(rows, group_of("create", ROW, *payloads[:2])), {1})

    def test_a_value_that_the_database_cannot_read_is_nobody_s_suspicion(self):
        """Its own operation will fail, and no other one."""
        rows = self.env[ROW]
        lessons = self.lesson(rows, lambda: rows.create({"name": "x", "number": 1000}))
        values = [{"number": 1}, {"number": "abc"}, {"number": 2000}, {"number": True}, {}]
        payloads = [{"values": {"name": "x", **one}} for one in values]
        self.assertEqual(lessons.suspects(rows, group_of("create", ROW, *payloads)), {2})

    def test_writes_are_looked_at_with_what_is_stored(self):
        """A write of one column may break a rule about two."""
        partners = self.env["res.partner"].create(
            [{"name": "A"}, {"type": "invoice"}, {"name": "B"}, {"name": "C"}]
        )
        self.addCleanup(partners.unlink)
        lessons = self.lesson(partners, lambda: partners[:1].write({"name": False}))
        values = [{"name": False}, {"type": "contact"}, {"name": "D"}, {"street": "no matter"}]
        payloads = [
            {"ids": partner.ids, "values": one}
            for partner, one in zip(partners, values, strict=True)
        ]
        found = lessons.suspects(partners.browse(), group_of("write", "res.partner", *payloads))
        self.assertEqual(found, {0, 1})

    def test_records_that_are_still_used_are_kept_apart(self):
        """Which records cannot be deleted is asked once, of the foreign key that said so."""
        trees = self.env[TREE].create([{"name": f"t {number}"} for number in range(6)])
        trees[5].blocker_id = trees[0]
        trees[4].blocker_id = trees[2]
        self.addCleanup(trees.write, {"blocker_id": False})
        lessons = self.lesson(trees, trees[0].unlink)
        group = group_of("unlink", TREE, *[{"ids": tree.ids} for tree in trees[:4]])
        self.assertEqual(lessons.suspects(trees.browse(), group), {0, 2})

    def test_a_reference_to_nothing_teaches_nothing_about_deletions(self):
        """The same kind of error has another cause."""
        trees = self.env[TREE]
        with self.assertRaises(AssertionError):
            self.lesson(trees, lambda: trees.create({"name": "x", "blocker_id": 999_999_999}))

    def test_unlinks_of_used_records_fail_in_a_job_that_knows(self):
        """The others are deleted, and each failure says who uses the record."""
        trees = self.env[TREE].create([{"name": f"u {number}"} for number in range(60)])
        used, users = trees[:40], trees[40:]
        for number, user in enumerate(users):
            user.blocker_id = used[number * 2]
        self.commit()
        operations = [{"op": "unlink", "model": TREE, "ids": tree.ids} for tree in used]
        outcomes = self.outcomes(self.submit_and_run(operations, chunk_size=20))
        states = [outcome["state"] for outcome in outcomes]
        self.assertEqual(states, ["failed", "done"] * 20)
        self.assertEqual({one["error"]["type"] for one in outcomes[::2]}, {"foreign_key"})
        self.renew()
        users.exists().write({"blocker_id": False})
        self.commit()
