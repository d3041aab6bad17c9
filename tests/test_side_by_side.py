from odoo.tests import tagged

from .races import GATE, ITEM, PATIENCE
from .side_by_side import DELEGATE, KEY, TREE, SideBySideCase, create, write


@tagged("post_install", "-at_install")
class TestWhatRunsBesideWhat(SideBySideCase):
    """`max_parallel=0`: which chunks run at once."""

    def test_chunks_of_a_stage(self):
        """Four runners do four chunks of one stage at once; the status says that chunks ran side
        by side."""
        job = self.submit(self.creates("four", 10), chunk_size=2)
        runners = self.runners()
        claims = self.claim_all(runners)
        spans = [(claim.first, claim.last) for claim in claims]
        self.assertEqual(spans, [(0, 1), (2, 3), (4, 5), (6, 7)])
        self.assertEqual([claim.yields for claim in claims], [False, True, True, True])
        for runner, claim in zip(runners, claims, strict=True):
            runner.work(claim)
        self.run_to_end(job)
        self.assert_counters(job, "done", succeeded=10)
        self.assertIs(job.status()["side_by_side"], True)

    def test_one_runner_is_no_side_by_side(self):
        """The status of a job whose chunks all ran alone says so."""
        job = self.submit(self.creates("one", 10), chunk_size=2)
        self.run_to_end(job)
        self.assertIs(job.status()["side_by_side"], False)

    def test_stages_keep_their_order(self):
        """No chunk of the writes begins before the last chunk of the creates has landed."""
        items = self.items("order", 4)
        writes = [write(ITEM, one, value=1) for one in items.ids]
        self.submit([*self.creates("before", 4), *writes], chunk_size=2)
        one, two, three = self.runners(3)
        first, second = one.claim(), two.claim()
        self.assertIsNone(three.claim())
        one.work(first)
        self.assertIsNone(three.claim())
        two.work(second)
        self.assertEqual(self.claims([one, two]), [(4, 5), (6, 7)])

    def test_methods_and_contexts_are_stages(self):
        """Calls of another method, and operations with another context, are stages of their own."""
        items = self.items("kinds", 6)
        calls = self.increments(items)
        for one in calls[2:4]:
            one["method"] = "read"
        for one in calls[4:]:
            one["context"] = {"lang": "en_US"}
        self.submit(calls, chunk_size=1)
        one, two, three = self.runners(3)
        for first in (0, 2, 4):
            claims = self.claim_all([one, two, three])
            self.assertEqual([claim and claim.first for claim in claims], [first, first + 1, None])
            one.work(claims[0])
            two.work(claims[1])

    def test_small_stages_share_a_chunk_that_runs_alone(self):
        """Stages of one operation each are done ten in a chunk, one chunk at a time."""
        items = self.items("small", 10)
        operations = [
            one for item in items.ids for one in (write(ITEM, item, value=1), self.call(item))
        ]
        job = self.submit(operations, chunk_size=10)
        one, two = self.runners(2)
        self.assertEqual(self.claims([one, two]), [(0, 9), None])
        one.lose_its_locks()
        self.run_to_end(job)
        self.assertEqual(items.mapped("value"), [2] * 10)

    def call(self, item_id):
        return {"op": "call", "model": ITEM, "method": "increment", "ids": [item_id]}

    def test_one_record_in_two_chunks(self):
        """Two chunks that write one record run one after the other, however many could run; the
        others do not wait for long."""
        items = self.items("same", 4)
        ids = [*items.ids, items.ids[0], *items.ids[1:]]
        job = self.submit([write(ITEM, one, value=n) for n, one in enumerate(ids)], chunk_size=2)
        one, two, three = self.runners(3)
        self.assertEqual(self.claims([one, two, three]), [(0, 1), (2, 3), None])
        self.assertEqual(self.pace(job)["limit"], 2)
        for runner in (one, two, three):
            runner.lose_its_locks()
        self.run_to_end(job)
        self.assertEqual(items.mapped("value"), [4, 5, 6, 7])

    def test_what_the_other_names(self):
        """A chunk that writes a record waits for the one before that makes children of it."""
        parent, other, third = self.env[KEY].create([{"name": name} for name in "abc"])
        self.commit()
        writes = [write(KEY, other.id, parent_id=parent.id), write(KEY, parent.id, name="new")]
        self.submit([*writes, write(KEY, third.id, name="free")], chunk_size=1)
        self.assertEqual(self.claims(self.runners(3)), [(0, 0), None, None])

    def test_a_reference_to_a_chunk_at_work(self):
        """A chunk that refers to an operation of a chunk at work waits for that one; a chunk that
        refers to one that has ended does not."""
        operations = [create(KEY, f"r{n}", name=f"parent {n}") for n in range(2)]
        operations += [create(KEY, name="child", parent_id={"$ref": "r0"}) for _n in range(2)]
        operations += [create(KEY, name="child", parent_id={"$ref": "r1"}) for _n in range(2)]
        job = self.submit(operations, chunk_size=2)
        one, two = self.runners(2)
        first = one.claim()
        self.assertIsNone(two.claim())
        one.work(first)
        self.set_pace(job, limit=4)
        self.assertEqual(self.claims([one, two]), [(2, 3), (4, 5)])
        for runner in (one, two):
            runner.lose_its_locks()
        self.run_to_end(job)
        self.assert_counters(job, "done", succeeded=6)

    def test_a_chunk_at_work_is_left_alone(self):
        """While a chunk is at work its row is locked: the next claim does not wait for it, and
        nothing that the claim does brings the chunk to a conflict."""
        items = self.items("at work", 3)
        call = {"op": "call", "model": ITEM, "method": "write_gated"}
        gated = {"values": {"value": 1}, "before": GATE}
        calls = [{**call, "ids": [one], "kwargs": gated} for one in items.ids]
        job = self.submit(calls, chunk_size=1)
        one, two, three = self.runners(3)
        with self.stopped_at_gate(one):
            second = self.in_background(two.claim).result(PATIENCE)
            snapshot = self.waiting_step(two, second)
            third = self.in_background(three.claim).result(PATIENCE)
        snapshot.result(PATIENCE)
        three.work(third)
        self.assertEqual((second.first, third.first), (1, 2))
        self.run_to_end(job)
        self.assertEqual(job.sudo().chunk_ids.mapped("attempt"), [1, 1, 1])
        self.assertEqual(items.mapped("value"), [1, 1, 1])

    def test_a_claim_does_not_disturb_a_chunk_that_begins(self):
        """Between the claim of a chunk and its work another runner claims: the chunk, whose
        snapshot may be older than that, meets no conflict."""
        job = self.submit(self.increments(self.items("begins", 2)), chunk_size=1)
        one, two = self.runners(2)
        first = one.claim()
        one.cr.execute("SELECT 1")
        second = two.claim()
        one.work(first)
        two.work(second)
        self.run_to_end(job)
        self.assertEqual(job.sudo().chunk_ids.mapped("attempt"), [1, 1])

    def test_companies_and_their_contacts(self):
        """Creates that refer to the one before them are sorted within their stage, so that chunks
        do not meet at each border; outcomes keep the order of submission."""
        operations = [create(ITEM, name="first of all")] + [self.upsert("before")]
        for number in range(4):
            operations.append(create(KEY, f"c{number}", name=f"company {number}"))
            parent = {"$ref": f"c{number}"}
            operations += [create(KEY, name=f"contact {number}", parent_id=parent)] * 2
        job = self.submit(operations, chunk_size=2)
        one, two, three = self.runners(3)
        one.step()
        self.assertEqual(self.claims([one, two, three]), [(2, 3), (4, 5), None])
        for runner in (one, two, three):
            runner.lose_its_locks()
        self.run_to_end(job)
        self.assert_counters(job, "done", succeeded=14)
        ids = [outcome["ids"][0] for outcome in self.outcomes(job)[2:]]
        made = self.env[KEY].browse(ids)
        number = [name for n in range(4) for name in (f"company {n}", *[f"contact {n}"] * 2)]
        self.assertEqual(made.mapped("name"), number)
        parents = [one.parent_id.name for one in made]
        self.assertEqual(parents, [p for n in range(4) for p in (False, *[f"company {n}"] * 2)])

    def upsert(self, code):
        return {"op": "upsert", "model": KEY, "key": ["code"], "values": {"code": code}}

    def test_creates_with_commands_are_not_sorted(self):
        """A stage in which a create takes a record over keeps the order of submission."""
        taken = self.env[KEY].create({"name": "taken"})
        self.commit()
        takes = {"child_ids": [[4, taken.id, 0]]}
        operations = [
            create(KEY, "a", name="a"),
            create(KEY, name="b", parent_id={"$ref": "a"}, **takes),
            create(KEY, name="c", **takes),
        ]
        job = self.submit(operations, chunk_size=1)
        self.run_to_end(job)
        self.assertEqual(taken.parent_id.name, "c")

    def test_a_parent_is_deleted_after_its_child(self):
        """Of records that are deleted, parent and child are not deleted at once."""
        parent = self.env[KEY].create({"name": "parent"})
        child = self.env[KEY].create({"name": "child", "parent_id": parent.id})
        self.commit()
        ids = [child.id, parent.id]
        self.submit([{"op": "unlink", "model": KEY, "ids": [one]} for one in ids], chunk_size=1)
        self.assertEqual(self.claims(self.runners(2)), [(0, 0), None])

    def test_trees_run_one_at_a_time(self):
        """Records with a path to their root are made and moved in one chunk at a time."""
        self.submit([create(TREE, name=f"tree {n}") for n in range(4)], chunk_size=1)
        self.assertEqual(self.claims(self.runners(2)), [(0, 0), None])

    def test_two_records_that_write_a_third(self):
        """Records that keep fields in one other record (`_inherits`) are not written at once."""
        kept = self.env["test.batch.barcode"].create({"name": "kept"})
        both = self.env[DELEGATE].create([{"barcode_id": kept.id, "size": s} for s in "ML"])
        self.commit()
        self.submit([write(DELEGATE, one, name=f"by {one}") for one in both.ids], chunk_size=1)
        self.assertEqual(self.claims(self.runners(2)), [(0, 0), None])

    def test_what_runs_one_at_a_time(self):
        """Policies `stop` and `all`, dry runs, and `chunk` without a size: one chunk at a time."""
        for options in (
            {"policy": "stop", "chunk_size": 1},
            {"policy": "all"},
            {"dry_run": True},
            {"policy": "chunk"},
        ):
            with self.subTest(**options):
                self.submit(self.creates("single", 200), **options)
                one, two = self.runners(2)
                claims = self.claim_all([one, two])
                self.assertEqual([bool(claim) for claim in claims], [True, False])
                self.forget_jobs()

    def test_policy_chunk_with_a_size(self):
        """Chunks of a given size under policy `chunk` are the same whoever runs them."""
        self.submit(self.creates("chunk", 4), policy="chunk", chunk_size=2)
        self.assertEqual(self.claims(self.runners(2)), [(0, 1), (2, 3)])

    def test_retry_runs_side_by_side(self):
        """What a retry does again runs side by side too, with the same looks."""
        items = self.items("taken", 6)
        job = self.submit(self.creates("taken", 6), chunk_size=2)
        self.run_to_end(job)
        self.assert_counters(job, "failed", failed=6)
        items.unlink()
        self.commit()
        job.retry()
        self.set_pace(job, limit=4)
        self.assertEqual(self.claims(self.runners(3)), [(0, 1), (2, 3), (4, 5)])


@tagged("post_install", "-at_install")
class TestPace(SideBySideCase):
    """`max_parallel=0`: how many chunks run at once."""

    def test_it_begins_with_two(self):
        """At first two chunks run at once; with each calm chunk one more, up to the runners."""
        job = self.submit(self.creates("pace", 20), at_once=None, chunk_size=1)
        runners = self.runners(5)
        claims = self.claim_all(runners)
        self.assertEqual([bool(claim) for claim in claims], [True, True, False, False, False])
        runners[0].work(claims[0])
        claims = self.claim_all(runners[2:])
        self.assertEqual([bool(claim) for claim in claims], [True, True, False])
        self.assertEqual(self.pace(job)["limit"], 3)
        for runner in runners:
            runner.lose_its_locks()
        self.run_to_end(job)
        self.assertEqual(self.pace(job)["limit"], 4)

    def test_the_later_chunk_yields(self):
        """Of two chunks that want one lock the later gives up at once; that is not counted, and
        fewer run side by side."""
        items = self.items("lock", 2)
        calls = self.increments(items)
        job = self.submit(calls, chunk_size=1)
        one, two = self.runners(2)
        first, second = one.claim(), two.claim()
        self.cr.execute("SELECT FROM test_batch_item WHERE id = %s FOR UPDATE", [items.ids[1]])
        two.work(second)  # it would wait for ever
        self.renew()
        chunk = job.sudo().chunk_ids.filtered(lambda one: one.id == second.chunk_id)
        self.assertEqual((chunk.state, chunk.conflicts, chunk.not_before), ("queued", 0, False))
        self.assertEqual(self.pace(job)["limit"], 2)
        one.work(first)
        self.run_to_end(job)
        self.assertEqual(items.mapped("value"), [1, 1])

    def test_a_conflict_alone_is_counted(self):
        """A chunk that met a conflict while no other was at work waits, as in every job."""
        items = self.items("alone", 1)
        job = self.submit(self.increments(items))
        runner = self.runner()
        claim = runner.claim()
        runner.cr.execute("SELECT 1")
        self.cr.execute("UPDATE test_batch_item SET value = 100 WHERE id = %s", items.ids)
        self.commit()
        runner.work(claim)
        self.renew()
        chunk = job.sudo().chunk_ids
        self.assertEqual((chunk.state, chunk.conflicts), ("queued", 1))
        self.assertTrue(chunk.not_before)
        self.run_to_end(job)
        self.assertEqual(items.value, 101)

    def test_a_lost_worker(self):
        """A worker that dies halves the number."""
        job = self.submit(self.creates("lost", 8), chunk_size=2)
        one, two = self.runners(2)
        one.claim()
        one.lose_its_locks()
        two.claim()
        self.assertEqual(self.pace(job)["limit"], 2)
        two.lose_its_locks()
        self.run_to_end(job)
        self.assert_counters(job, "done", succeeded=8)

    def test_a_stage_that_opens_calls_the_runners(self):
        """Runners that came while one chunk ran alone are called when chunks run side by side
        again; nobody is called while one chunk runs alone."""
        items = self.items("open", 2)
        operations = [write(ITEM, items.ids[0], value=1), *self.increments(items[:1])]
        operations += self.creates("open later", 6)
        self.submit(operations, chunk_size=2)
        one, two = self.runners(2)
        self.calls()
        claim = one.claim()
        self.assertIsNone(two.claim())
        self.assertEqual(self.calls(), 0)
        one.work(claim)
        claim = one.claim()
        self.assertEqual(self.calls(), 2)
        one.work(claim)
        one.claim()
        self.assertEqual(self.calls(), 0)
