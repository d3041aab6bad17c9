import random

from odoo.tests import tagged

from .common import CommittedCase

MODEL = "test.batch.value"
RECORDS = 200


@tagged("post_install", "-at_install")
class TestOrder(CommittedCase):
    """A job ends as the same operations do one by one, each in a transaction of its own."""

    cleans = (MODEL,)

    def setUp(self):
        super().setUp()
        self.addCleanup(self.remove_all)

    def remove_all(self):
        self.renew()
        self.env[MODEL].search([]).unlink()
        self.commit()

    def make_records(self, group):
        names = [{"name": f"{group} {number}"} for number in range(RECORDS)]
        ids = self.env[MODEL].create(names).ids
        self.commit()
        return ids

    def one_by_one(self, operations):
        """What becomes of each operation when nothing is merged: ids, or None where it fails."""
        ends = []
        for operation in operations:
            try:
                with self.cr.savepoint():
                    ends.append(self.apply(operation))
            except LookupError:
                ends.append(None)
        self.commit()
        return ends

    def apply(self, operation):
        values, records = self.env[MODEL], self.env[MODEL].browse(operation.get("ids"))
        if operation["op"] == "create":
            return values.create(operation["values"]).ids
        if records.exists() != records:
            raise LookupError
        if operation["op"] == "write":
            records.write(dict(operation["values"]))
        elif operation["op"] == "call":
            getattr(records, operation["method"])(*operation["args"])
        else:
            records.unlink()
        return list(operation["ids"])

    def end_of(self, group, first_ids, ends):
        """What can be seen of a group at the end: each record by its place of birth, with its
        group's letter taken out of what it holds."""
        born = [
            *first_ids,
            *(one for ids in ends or () for one in ids or () if one not in first_ids),
        ]
        places = {one: place for place, one in enumerate(dict.fromkeys(born))}
        self.env.invalidate_all()
        return {
            places[r.id]: (r.name.replace(group, ""), r.number, r.kind, r.trail[1:])
            for r in self.env[MODEL].browse(places).exists()
        }

    def assert_same_end(self, make_operations, **options):
        """Run what `make_operations(group, ids)` gives both ways and compare everything."""
        ids = self.make_records("x")
        job = self.submit_and_run(make_operations("x", ids), **options)
        outcomes = self.outcomes(job)
        self.assertEqual([outcome["index"] for outcome in outcomes], list(range(job.total)))
        found = [outcome["ids"] for outcome in outcomes]
        end = self.end_of("x", ids, found)
        self.remove_all()
        other_ids = self.make_records("y")
        expected = self.one_by_one(make_operations("y", other_ids))
        self.assertEqual(
            [outcome["state"] for outcome in outcomes],
            ["done" if end_ids else "failed" for end_ids in expected],
        )
        self.assertEqual(end, self.end_of("y", other_ids, expected))
        return outcomes

    def test_a_b_a(self):
        """A, B, A on each of 200 records, record by record, ends as A, and each write was done."""

        def make(group, ids):
            return [
                {"op": "write", "model": MODEL, "ids": [one], "values": {"name": f"{letter}{one}"}}
                for one in ids
                for letter in "ABA"
            ]

        self.assert_same_end(lambda group, ids: self.by_place(make(group, ids), ids))

    def by_place(self, operations, ids):
        """Name a record after its place instead of its id, so that both groups are named alike."""
        for operation in operations:
            name = operation["values"]["name"]
            operation["values"]["name"] = f"{name[0]}{ids.index(int(name[1:]))}"
        return operations

    def test_columns_of_a_b_a(self):
        """A on all 200 records, then B on all, then A on all: no write overtakes another."""

        def make(_group, ids):
            return [
                {
                    "op": "write",
                    "model": MODEL,
                    "ids": [one],
                    "values": {"name": f"{letter}{place}"},
                }
                for letter in "ABA"
                for place, one in enumerate(ids)
            ]

        outcomes = self.assert_same_end(make, chunk_size=130)
        self.assertEqual({outcome["state"] for outcome in outcomes}, {"done"})

    def test_any_order_ends_as_one_by_one(self):
        """Writes of equal and different values, creates, calls and unlinks in any order, also on
        records that are gone by then, end as they do one by one."""
        seed = random.randrange(2**32)
        with self.subTest(seed=seed):
            self.assert_same_end(lambda group, ids: list(anything(group, ids, random.Random(seed))))


def anything(group, ids, dice):
    """600 operations; about half of the writes and calls name a record by chance twice."""
    for number in range(600):
        kind = dice.choice(("write", "write", "same", "call", "create", "unlink"))
        some = [dice.choice(ids)]
        if kind == "write":
            values = {"name": f"{dice.choice('ABC')}{group} {number}", "number": number}
            yield {"op": "write", "model": MODEL, "ids": some, "values": values}
        elif kind == "same":
            values = {"kind": dice.choice("ab")}
            several = dice.sample(ids, 3)
            yield {"op": "write", "model": MODEL, "ids": several, "values": values}
        elif kind == "call":
            added = {"method": "add", "args": [dice.choice((1, 2))], "each": True}
            yield {"op": "call", "model": MODEL, "ids": some, **added}
        elif kind == "create":
            yield {"op": "create", "model": MODEL, "values": {"name": f"new {group} {number}"}}
        elif dice.random() < 0.3:
            yield {"op": "unlink", "model": MODEL, "ids": some}
