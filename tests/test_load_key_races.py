from unittest.mock import patch

from odoo.tests import tagged

from ..execution.orm.load_write import Waiting
from .key_cases import BUDGET, KEY, refer, upsert
from .upsert_races import UpsertRaceCase


def row(key, **cells):
    """A row with a key."""
    base = {"op": "load", "model": KEY, "key": key.split()}
    return {**base, "fields": list(cells), "row": list(cells.values())}


@tagged("post_install", "-at_install")
class TestLoadKeyOfTwoJobs(UpsertRaceCase):
    """The second job's transaction begins when the first has committed, and updates its record."""

    def assert_one_record(self, first, second):
        _first, job = self.one_after_the_other(first, second)
        values = [outcome["value"] for outcome in self.outcomes(job)]
        self.assertEqual(values, ["updated"] * len(second))
        self.assertEqual(job.chunk_ids.mapped("conflicts"), [0])

    def test_two_jobs_make_one_record(self):
        """One new key in two jobs: one record, with the second job's values."""
        self.assert_one_record([row("code", code="a", name="1")], [row("code", code="a", name="2")])
        self.assertEqual(self.records([]).mapped("name"), ["2"])

    def test_a_row_and_an_upsert(self):
        """A row and an upsert by the same fields, in either order, and in other spellings."""
        rows = [row("code number", code="a", number="7", name="1")]
        upserts = [upsert("number", "code", number=7, code="a", name="2")]
        self.assert_one_record(rows, upserts)
        self.remove_all()
        self.assert_one_record(upserts, rows)
        self.assertEqual(self.records([]).mapped("name"), ["1"])

    def test_a_many2one_in_two_ways(self):
        """A parent by its code, by its id, and in an upsert: one key."""
        for first, second in (("code", ".id"), (".id", "upsert"), ("upsert", "code")):
            with self.subTest(first=first, second=second):
                parent = self.make({"code": "p"})
                cells = {"code": "p", ".id": str(parent.id)}
                ways = {
                    name: row(
                        f"parent_id/{name} name", **{f"parent_id/{name}": cell, "name": "kid"}
                    )
                    for name, cell in cells.items()
                }
                ways["upsert"] = upsert("parent_id", "name", parent_id=parent.id, name="kid")
                self.assert_one_record([ways[first]], [ways[second]])
                self.assertEqual(len(self.records([("name", "=", "kid")])), 1)
                self.remove_all()

    def test_a_parent_that_is_made_in_the_same_chunk(self):
        """A key that names a record which the chunk has yet to make: the model is locked."""
        rows = [
            row("code", code="p"),
            row("parent_id/code name", **{"parent_id/code": "p", "name": "kid"}),
        ]
        self.assert_one_record(rows, rows)
        self.assertEqual(len(self.records([("name", "=", "kid")])), 1)

    def test_more_keys_than_locks(self):
        """A job with too many keys locks the model: against those that lock keys as well."""
        many = [row("code", code=f"k{n}", name="x") for n in range(6)]
        for first, second in ((many, many[:2]), (many[:2], many)):
            with patch(BUDGET, lambda _locks: 5):
                self.one_after_the_other(first, second, chunk_size=10)
            self.assertEqual(len(self.records([])), 6)
            self.remove_all()

    def test_two_runners_make_one_record_each(self):
        """Two jobs with the same 60 new keys in opposite orders, each with its runner: one record
        each."""
        rows = [row("code", code=f"k{n}", name=str(n)) for n in range(60)]
        jobs = [self.submit(some, chunk_size=10) for some in (rows, rows[::-1])]
        self.work_at_once(self.runner(0), self.runner(1))
        self.run_to_end(*jobs)
        values = [one["value"] for job in jobs for one in self.outcomes(job)]
        self.assertEqual((values.count("created"), values.count("updated")), (60, 60))
        self.assertEqual(len(self.records([])), 60)

    def test_execute_beside_a_job(self):
        """`execute` waits for a job with the same new key, and updates its record."""
        job = self.submit([row("code", code="e", name="job")])
        runner = self.runner()
        claim = runner.claim()
        with self.registry.cursor() as cr:
            jobs = self.env(cr=cr)["batch.job"].with_user(self.admin)
            cr.execute("SELECT 1")  # its snapshot is older than the job's record
            runner.work(claim)
            with self.assertRaisesRegex(Exception, "one of the keys was made meanwhile"):
                jobs.execute([row("code", code="e", name="call")])
            cr.rollback()
            answer = jobs.execute([row("code", code="e", name="call")])
            cr.commit()  # pylint: disable=invalid-commit
        self.assertEqual([one["value"] for one in answer["results"]], ["updated"])
        self.run_to_end(job)
        self.assert_counters(job, "done", succeeded=1)
        self.assertEqual(self.records([]).mapped("name"), ["call"])

    def test_a_unique_violation_by_somebody_else(self):
        """Somebody without locks makes the record meanwhile, and a constraint tells: the chunk is
        done again and updates that record."""
        job = self.submit([row("unique_code", unique_code="u", name="job")])
        runner = self.runner()
        claim = runner.claim()
        load = Waiting._load
        made = []

        def late(waiting, records, data):
            if not made:
                made.append(self.make({"unique_code": "u"}))
            return load(waiting, records, data)

        with patch.object(Waiting, "_load", late):
            runner.work(claim)
        self.run_to_end(job)
        self.assertEqual([one["value"] for one in self.outcomes(job)], ["updated"])
        self.assertEqual(self.records([]).mapped("name"), ["job"])

    def test_later_chunk_updates_the_earlier_record(self):
        """With chunks at once the later row of a key still updates the earlier one's record."""
        rows = [
            row("code number", code=f"p{n % 4}", number="07"[n // 4 % 2 :], name=str(n))
            for n in range(12)
        ]
        job = self.submit(rows[:6], max_parallel=2, chunk_size=2, start=False)
        job.append(rows[6:], part=0)
        job.start()
        self.assertEqual(self.locked(job)["wave_ends"], [3, 7, 11])
        self.run_jobs()
        values = [outcome["value"] for outcome in self.outcomes(job)]
        self.assertEqual(values, ["created"] * 4 + ["updated"] * 8)

    def test_a_reference_to_a_row(self):
        """`$ref` to a row with a key is its record, made or found."""
        operations = [
            row("code", code="r", name="1") | {"ref": "r"},
            {"op": "write", "model": KEY, "ids": [refer("r")], "values": {"text": "written"}},
        ]
        for value in ("created", "updated"):
            job = self.submit_and_run(operations)
            self.assertEqual([one["value"] for one in self.outcomes(job)], [value, True])
        self.assertEqual(self.records([]).mapped("text"), ["written"])
