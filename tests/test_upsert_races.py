"""Two jobs that want the same new record, in one fixed order."""

from unittest.mock import patch

from odoo.tests import tagged

from .key_cases import BUDGET, KEY, by_id, create, refer, upsert
from .races import waits_at_gate
from .upsert_races import LOCKS, UpsertRaceCase

STEPS = "odoo.addons.batch_job.execution.chunk_run.LAND_AFTER"


@tagged("post_install", "-at_install")
class TestUpsertOfTwoJobs(UpsertRaceCase):
    """The second job's transaction begins when the first has committed, and updates its record."""

    def assert_updated(self, first, second):
        _first, job = self.one_after_the_other(first, second)
        self.assertEqual(self.values(job), ["updated"] * len(second))
        self.assertEqual(job.chunk_ids.mapped("conflicts"), [0])

    def test_two_jobs_make_one_record(self):
        """One key: one record, with the second job's values."""
        self.assert_updated(
            [upsert("code", code="a", name="1")], [upsert("code", code="a", name="2")]
        )
        self.assertEqual(self.records([]).mapped("name"), ["2"])

    def test_fields_in_another_order(self):
        """The order in which a job names its key's fields is nothing."""
        values = {"code": "a", "number": 1}
        self.assert_updated(
            [upsert("code", "number", **values)], [upsert("number", "code", **values)]
        )
        self.assertEqual(len(self.records([])), 1)

    def test_one_value_in_two_forms(self):
        """A number as a text is the same key."""
        self.assert_updated([upsert("number", number=5)], [upsert("number", number="5")])
        self.assertEqual(len(self.records([])), 1)

    def test_some_keys_in_common(self):
        """Keys in opposite orders: nobody waits in a circle."""
        keys = [f"k{n}" for n in range(40)]
        first = [upsert("code", code=key) for key in keys]
        self.assert_updated(first, first[::-1])
        self.assertEqual(len(self.records([])), 40)

    def test_two_jobs_share_an_external_id(self):
        """An external id that two jobs write in two ways makes one record."""
        self.assert_updated([by_id("x", name="1")], [by_id("__import__.x", name="2")])
        self.assertEqual(self.records([]).mapped("name"), ["2"])

    def test_load_and_upsert(self):
        """A row that is loaded under an external id, and an upsert by it."""
        row = {"op": "load", "model": KEY, "fields": ["id", "name"], "row": ["x", "1"]}
        self.assert_updated([row], [by_id("x", name="2")])
        self.assertEqual(self.records([]).mapped("name"), ["2"])

    def test_more_keys_than_locks(self):
        """A job with too many keys locks the model: against those that lock keys as well."""
        many = [upsert("code", code=f"k{n}") for n in range(6)]
        for first, second in ((many, many[:2]), (many[:2], many)):
            with patch(BUDGET, lambda _locks: 5):
                self.one_after_the_other(first, second, chunk_size=10)
            self.assertEqual(len(self.records([])), 6)
            self.remove_all()

    def test_a_parent_in_another_chunk(self):
        """A key that refers to a record: one job found that in the same chunk, the other in an
        earlier one."""
        parent = upsert("code", code="p") | {"ref": "p"}
        kid = upsert("parent_id", "name", parent_id=refer("p"), name="kid")
        self.make({"code": "p"})
        ahead = self.submit([parent, kid], chunk_size=1)
        runners = [self.runner(slot) for slot in (0, 1)]
        runners[1].step()
        job = self.submit([parent, kid, waits_at_gate("gate")], priority=1)
        self.one_waits_for_the_other(*runners)
        self.run_to_end(job, ahead)
        self.assertEqual(
            (self.values(job), self.values(ahead)), (["updated", "created"], ["updated"] * 2)
        )
        self.assertEqual(len(self.records([("name", "=", "kid")])), 1)

    def test_a_parent_that_is_new(self):
        """Keys that refer to records created in the same chunk are nobody else's: no waiting."""
        operations = [create("p"), upsert("parent_id", "name", parent_id=refer("p"), name="kid")]
        job = self.submit([*operations, waits_at_gate("gate")])
        other = self.submit(operations)
        with self.stopped_at_gate(self.runner(0)):
            self.runner(1).step()
        self.run_to_end(job, other)
        self.assertEqual([self.values(job), self.values(other)], [["created"]] * 2)

    def test_a_chunk_of_several_commits(self):
        """The locks outlive the commits in between: what comes after them is still to be made."""
        bad = {"op": "write", "model": KEY, "ids": [2**31 - 1], "values": {}}
        fails = upsert("code", code="bad", kind="zzz", parent_id=2**31 - 1)
        first = [upsert("code", code="1"), fails, upsert("code", code="2"), bad]
        second = [upsert("code", code="2"), upsert("code", code="last")]
        jobs = [
            self.submit([*first, waits_at_gate("gate"), upsert("code", code="last")]),
            self.submit(second),
        ]
        with patch(STEPS, 1):
            self.one_waits_for_the_other(self.runner(0), self.runner(1))
        self.run_to_end(*jobs)
        self.assertEqual(self.values(jobs[1]), ["updated"] * 2)
        self.assertEqual(len(self.records([("code", "in", ["1", "2", "last"])])), 3)

    def test_a_lock_held_for_long(self):
        """The second job's chunk is put back, its runner is free; that is no conflict to be counted
        and never fails an operation."""
        first = self.submit([upsert("code", code="a", name="1"), waits_at_gate("gate")])
        second = self.submit([upsert("code", code="a", name="2")])
        other = self.runner(1)
        with self.stopped_at_gate(self.runner(0)), patch(f"{LOCKS}.PATIENCE", "20ms"):
            for number in range(7):
                self.assertIsNotNone(other.step())
                self.renew()
                chunk = second.chunk_ids
                self.assertEqual((chunk.state, chunk.attempt), ("queued", number + 1))
                self.assertEqual(chunk.conflicts, 0)
                self.assertTrue(chunk.not_before)
                self.cr.execute(
                    "UPDATE batch_job_chunk SET not_before = NULL WHERE id = %s", chunk.ids
                )
                self.commit()
        self.run_to_end(first, second)
        self.assertEqual(self.values(second), ["updated"])
        self.assertEqual(self.records([]).mapped("name"), ["2"])

    def test_a_worker_that_lost_its_locks(self):
        """A worker cut off from the database while it waits: its chunk is done once by another."""
        first = self.submit([upsert("code", code="a"), waits_at_gate("gate")])
        self.die_at_gate(self.runner())
        self.run_to_end(first)
        self.assertEqual(self.values(first), ["created"])
        self.assertEqual(len(self.records([])), 1)
