from odoo.tests import tagged

from .side_by_side import KEY, PARTNER, SideBySideCase, create, write


@tagged("post_install", "-at_install")
class TestEndAsOneByOne(SideBySideCase):
    """`max_parallel=0`: what can be known in advance ends as one by one."""

    cleans = (*SideBySideCase.cleans, PARTNER)

    def end(self, operations, chunk_size):
        """Run a job with as much at once as may be: all runners claim, then all work, the last
        first, none seeing what the others do."""
        job = self.submit(operations, chunk_size=chunk_size)
        runners = self.runners()
        while True:
            claims = self.claim_all(runners)
            if not any(claims):
                break
            self.begin_at_once(runners, claims)
            for runner, claim in reversed([*zip(runners, claims, strict=True)]):
                if claim:
                    runner.work(claim)
        self.run_to_end(job)
        return job

    def test_write_and_create_at_every_border(self):
        """Write P, then create a child of P, and the reverse: whatever chunks these are in, each
        child has the address that P had at its turn."""
        for size in (1, 2, 3, 4):
            for writes_first in (True, False):
                with self.subTest(size=size, writes_first=writes_first):
                    self.assert_border(size, writes_first)

    def assert_border(self, size, writes_first):
        parents = self.env[PARTNER].create(
            [{"name": f"P{n}", "is_company": True, "city": "Old"} for n in range(5)]
        )
        self.commit()
        pairs = []
        for one in parents.ids:
            pair = [
                write(PARTNER, one, city="New"),
                create(PARTNER, name="child", parent_id=one, type="contact"),
            ]
            pairs += pair if writes_first else pair[::-1]
        # and in runs: all of one kind, then all of the other
        runs = sorted(pairs, key=lambda one: (one["op"] == "create") is writes_first)
        for operations in (pairs, runs):
            job = self.end(operations, size)
            self.assert_counters(job, "done", succeeded=10)
            # Odoo itself hands a new address down to contacts that exist
            self.assertEqual(parents.mapped("child_ids.city"), ["New"] * len(parents.child_ids))
            self.assertEqual(len(parents.child_ids), 5)
            parents.child_ids.unlink()
            parents.city = "Old"
            self.commit()

    def test_one_key_in_many_chunks(self):
        """Upserts of one key leave what the last one said, and one record."""
        for size in (1, 2, 3):
            key = f"key {size}"
            values = [{"code": key, "number": n} for n in range(9)]
            operations = [
                {"op": "upsert", "model": KEY, "key": ["code"], "values": v} for v in values
            ]
            self.end(operations, size)
            self.assertEqual(self.env[KEY].search([("code", "=", key)]).mapped("number"), [8])

    def test_children_loaded_after_their_parents(self):
        """Loaded rows that name rows before them by external id find them, whatever the chunks."""
        fields = ["id", "name", "parent_id/id"]
        rows = [[f"stages.k{n}", f"k{n}", f"stages.k{n - 1}" if n else ""] for n in range(9)]
        load = [{"op": "load", "model": KEY, "fields": fields, "row": row} for row in rows]
        job = self.end(load, 2)
        self.assert_counters(job, "done", succeeded=9)
        records = [self.env.ref(row[0]) for row in rows]
        self.assertEqual([one.parent_id.name for one in records[1:]], [f"k{n}" for n in range(8)])
