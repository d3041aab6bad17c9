import functools

from odoo.exceptions import UserError
from odoo.tests import tagged

from .key_cases import KEY, KeyCase, create, refer
from .races import ITEM, PATIENCE, RaceCase


@tagged("post_install", "-at_install")
class TestRetryPart(RaceCase):
    """A retry of some operations of a job."""

    def setUp(self):
        super().setUp()
        self.prefix = self._testMethodName

    def failed_at(self, bad, count=6, **options):
        """A job whose creates fail at some places; all of them could succeed now."""
        blockers = self.env[ITEM].create([{"name": f"{self.prefix} {number}"} for number in bad])
        self.commit()
        job = self.submit(self.creates(self.prefix, count), **options)
        self.run_to_end(job)
        blockers.unlink()
        self.commit()
        return job

    def retry(self, job, **arguments):
        self.renew()
        status = job.retry(**arguments)
        self.commit()
        return status["state"]

    def made(self):
        names = self.env[ITEM].search([("name", "=like", f"{self.prefix} %")]).mapped("name")
        return sorted(int(name.split()[-1]) for name in names)

    def test_only_the_named_index_runs(self):
        """Only the named operation runs again; the others stay as they are, with their causes."""
        job = self.failed_at({1, 3, 4})
        self.assert_counters(job, "partial", succeeded=3, failed=3)
        self.assertEqual(self.retry(job, indexes=[3]), "queued")
        self.assert_counters(job, "queued", succeeded=3, failed=2, remaining=1)
        self.assertEqual([cause["count"] for cause in job.causes], [2])
        self.run_to_end(job)
        self.assert_counters(job, "partial", succeeded=4, failed=2)
        self.assertEqual(self.made(), [0, 2, 3, 5])
        states = ["done", "failed", "done", "done", "failed", "done"]
        self.assertEqual(self.states(job), states)
        self.assertEqual([cause["count"] for cause in job.causes], [2])

    def test_only_the_named_state_runs(self):
        """Only what is in the state runs again: what was rolled back with its chunk is left."""
        job = self.failed_at({1}, policy="chunk", chunk_size=3)
        self.assert_counters(job, "partial", succeeded=3, failed=1, skipped=2)
        self.retry(job, state="failed")
        self.run_to_end(job)
        self.assert_counters(job, "partial", succeeded=4, skipped=2)
        self.assertFalse(job.causes)
        self.retry(job, state="failed")
        self.assert_counters(job, "partial", succeeded=4, skipped=2)
        self.retry(job, state="rolled_back")
        self.run_to_end(job)
        self.assert_counters(job, "done", succeeded=6)
        self.assertEqual(self.made(), list(range(6)))

    def test_the_same_again(self):
        """Sent twice, before the run and after it, a retry runs nothing twice."""
        items = self.items(self.prefix, 2)
        operations = self.increments(items)
        operations[1]["ids"] = [2**31 - 1]
        operations.append(operations[1])
        job = self.submit(operations)
        self.run_to_end(job)
        self.assert_counters(job, "partial", succeeded=1, failed=2)
        self.env.cr.execute(
            "UPDATE batch_job_operation SET payload = jsonb_set(payload, '{ids}', %s::jsonb)"
            " WHERE job_id = %s AND index > 0",
            [f"[{items[1].id}]", job.id],
        )
        self.commit()
        for _time in range(2):
            self.assertEqual(self.retry(job, indexes=[1]), "queued")
        self.run_to_end(job)
        self.assertEqual(self.retry(job, indexes=[1, 0]), "partial")
        self.assertEqual(items.mapped("value"), [1, 1])
        self.assert_counters(job, "partial", succeeded=2, failed=1)

    def test_another_one_meanwhile(self):
        """While a retry is at work another one is refused; it would be left out without a word."""
        job = self.failed_at({1, 3})
        self.retry(job, indexes=[1])
        for arguments in ({"indexes": [3]}, {"indexes": [1, 3]}, {"state": "failed"}, {}):
            with self.assertRaisesRegex(UserError, f"^Job {job.id} is at work; retry these oper"):
                job.retry(**arguments)
            self.renew()
        self.run_to_end(job)
        self.retry(job)
        self.assertEqual(self.retry(job), "queued")
        with self.assertRaisesRegex(UserError, "is at work"):
            job.retry(indexes=[3])
        self.renew()
        self.run_to_end(job)
        self.assert_counters(job, "done", succeeded=6)

    def test_of_the_first_run(self):
        """A job that has never ended is not retried in part; as a whole it is left alone."""
        job = self.submit(self.creates(self.prefix, 2))
        self.assertEqual(self.retry(job), "queued")
        with self.assertRaisesRegex(UserError, "is at work"):
            job.retry(indexes=[0])

    def test_cancelled_operations_must_be_asked_for(self):
        """A cancelled operation runs again only if that is said."""
        job = self.submit(self.creates(self.prefix, 3))
        job.cancel()
        self.commit()
        with self.assertRaisesRegex(UserError, "^Operation 1 was cancelled; retry cancelled"):
            job.retry(indexes=[1])
        self.renew()
        self.retry(job, indexes=[1], cancelled=True)
        self.run_to_end(job)
        self.assert_counters(job, "partial", succeeded=1, skipped=2)
        self.retry(job, state="cancelled")
        self.run_to_end(job)
        self.assert_counters(job, "done", succeeded=3)

    def test_of_another_job(self):
        """An index that no operation of the job has is refused, whatever the job's state."""
        job = self.failed_at({1}, count=3)
        message = f"Job {job.id} has no operation 3; it has operations 0 to 2."
        for _time in range(2):
            with self.assertRaisesRegex(UserError, message):
                job.retry(indexes=[1, 3])
            self.renew()
            self.retry(job)
            self.run_to_end(job)
        self.assert_counters(job, "done", succeeded=3)

    def test_of_one_transaction(self):
        """Policy all and dry runs are all or nothing."""
        for options in ({"policy": "all"}, {"dry_run": True}):
            job = self.failed_at({1}, count=3, **options)
            with self.assertRaisesRegex(UserError, "is one transaction: retry all of it"):
                job.retry(indexes=[1])
            self.renew()

    def test_two_at_once(self):
        """Two equal retries at the same moment are one; the later of two different ones is
        refused."""
        job = self.failed_at({1, 3})
        runner = self.runner()
        runner.cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")  # as a verb by RPC
        job.retry(indexes=[1])
        same = job.with_env(runner.env(user=job.env.uid))
        again = functools.partial(same.retry, indexes=[1])
        repeated = self.waiting(runner.pid, again, keep=True)
        self.commit()
        self.assertEqual(repeated.result(PATIENCE)["state"], "queued")
        with self.assertRaisesRegex(UserError, "is at work"):
            same.retry(indexes=[3])
        runner.close()
        self.run_to_end(job)
        self.assert_counters(job, "partial", succeeded=5, failed=1)


@tagged("post_install", "-at_install")
class TestRetryPartLinked(KeyCase):
    """What belongs to an operation runs again with it."""

    def chains(self, max_parallel):
        """Two parents that fail, each with a child and a grandchild that are skipped."""
        self.remove_all()
        operations = []
        for name in "ab":
            operations += [
                create(name, unique_code=f"taken{name}"),
                create(f"{name}1", parent_id=refer(name)),
                create(f"{name}2", parent_id=refer(f"{name}1")),
            ]
        takers = self.make({"unique_code": "takena"}, {"unique_code": "takenb"})
        job = self.submit_and_run(operations, max_parallel=max_parallel, chunk_size=2)
        self.assert_counters(job, "failed", failed=2, skipped=4)
        takers.unlink()
        self.commit()
        return job

    def test_whole_chain_runs_again(self):
        """By its parent, its child or itself: the whole chain runs, and no other one."""
        for parallel in (0, 1, 2):
            for index in (0, 1, 2):
                with self.subTest(parallel=parallel, index=index):
                    job = self.chains(parallel)
                    job.retry(indexes=[index])
                    self.run_jobs()
                    self.assertEqual(self.states(job), ["done"] * 3 + ["failed"] + ["skipped"] * 2)
                    self.assertEqual([cause["count"] for cause in job.causes], [1])

    def test_references_by_state(self):
        """The failed ones take along what was skipped for them."""
        job = self.chains(1)
        job.retry(state="failed")
        self.run_jobs()
        self.assert_counters(job, "done", succeeded=6)

    def test_rows_of_a_record(self):
        """A row that continues a record takes the whole record along, and no other record."""
        columns = ["name", "unique_code", "child_ids/name"]
        rows = []
        for name in "ab":
            rows += [[name, f"taken{name}", "x"], ["", "", "y"], ["", "", "z"]]
        takers = self.make({"unique_code": "takena"}, {"unique_code": "takenb"})
        load = {"op": "load", "model": KEY, "fields": columns}
        job = self.submit_and_run([{**load, "row": row} for row in rows])
        self.assert_counters(job, "failed", failed=6)
        takers.unlink()
        self.commit()
        job.retry(indexes=[4])
        self.run_jobs()
        self.assertEqual(self.states(job), ["failed"] * 3 + ["done"] * 3)
        self.assertEqual(
            self.env[KEY].search([("name", "=", "b")]).child_ids.mapped("name"), ["z", "y", "x"]
        )
