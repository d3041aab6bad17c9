from datetime import timedelta

from odoo.exceptions import ConcurrencyError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..dispatch.chunk_lock import ChunkLocks
from ..dispatch.runner import Runner
from ..dispatch.work import Work
from .races import GATE, ITEM, PATIENCE, RaceCase, waits_at_gate

REPAIR = "test.batch.repair"

COMMIT_TRIGGER = """
    CREATE TABLE batch_job_test_commits (n int);
    INSERT INTO batch_job_test_commits VALUES (0);
    CREATE FUNCTION batch_job_test_count_commit() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN
            IF current_query() = 'COMMIT' THEN UPDATE batch_job_test_commits SET n = n + 1; END IF;
            RETURN NULL;
        END $$;
    CREATE CONSTRAINT TRIGGER batch_job_test_commit AFTER INSERT ON test_batch_item
        DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION batch_job_test_count_commit();
"""
NO_COMMIT_TRIGGER = """
    DROP TRIGGER batch_job_test_commit ON test_batch_item;
    DROP FUNCTION batch_job_test_count_commit();
    DROP TABLE batch_job_test_commits;
"""


def call(model, method, ids=None, **kwargs):
    operation = {"op": "call", "model": model, "method": method, "kwargs": kwargs}
    return operation | ({"ids": ids} if ids else {})


@tagged("post_install", "-at_install")
class TestConflicts(RaceCase):
    """Conflicts with other transactions, forced from a second connection: nobody's fault."""

    cleans = (ITEM, REPAIR)

    def step_with(self, disturbance, *params):
        """A runner begins a chunk and comes to the gate; then `disturbance` is committed from
        another connection, and the runner goes on to its end."""
        with self.stopped_at_gate(self.runner()):
            self.cr.execute(disturbance, params)
            self.commit()
        self.renew()

    def assert_retried(self, job, conflicts=1):
        """So many conflicts are on record, with a reason; the job ends done."""
        chunk = job.chunk_ids
        self.assertEqual((chunk.state, chunk.conflicts), ("queued", conflicts))
        self.assertIn("could not serialize access", chunk.trouble)
        self.run_to_end(job)
        self.assert_counters(job, "done", succeeded=job.total)
        self.assertEqual((chunk.attempt, chunk.conflicts), (conflicts + 1, conflicts))

    DISTURB = "UPDATE test_batch_item SET value = 100 WHERE id = %s"

    def test_a_write_inside_the_chunk(self):
        """A record changed by somebody else since the chunk began: the chunk is done again, on
        what the other one left, and no operation failed."""
        items = self.items("write", 3)
        operations = self.increments(items)
        operations.insert(1, call(ITEM, "write_gated", items[0].ids, values={}, before=GATE))
        job = self.submit(operations)
        self.step_with(self.DISTURB, items[1].id)
        self.assertEqual(items.mapped("value"), [0, 100, 0])
        self.assert_retried(job)
        self.assertEqual(items.mapped("value"), [1, 101, 1])

    def test_a_conflict_at_the_commit(self):
        """The same when PostgreSQL finds the conflict only at the commit: nothing of the chunk was
        kept, then all of it is done once."""
        self.count_commits()
        operations = self.creates("commit", 2)
        job = self.submit([*operations, waits_at_gate("commit 2", "after")])
        self.step_with("UPDATE batch_job_test_commits SET n = 0")
        self.assertEqual(self.env[ITEM].search_count([("name", "like", "commit ")]), 0)
        self.assert_retried(job)
        self.assertEqual(self.env[ITEM].search_count([("name", "like", "commit ")]), 3)

    def test_a_chunk_whose_commit_fails_is_no_orphan(self):
        """Between a COMMIT that fails and the moment when the chunk is put back, another runner
        sees that the worker lives."""
        self.count_commits()
        orphans, abandon = [], Work._abandon

        def look_first(work, claim, error):
            with self.registry.cursor() as cr:
                orphans.append(ChunkLocks(self.env(cr=cr)).has_orphan(claim.job["id"]))
            abandon(work, claim, error)

        self.patch(Work, "_abandon", look_first)
        job = self.submit([waits_at_gate("no orphan", "after")])
        self.step_with("UPDATE batch_job_test_commits SET n = 0")
        self.assertEqual(orphans, [False])
        self.assert_retried(job)

    def count_commits(self):
        """From now on, the COMMIT of whoever creates an item changes a row of a table."""
        self.cr.execute(COMMIT_TRIGGER)
        self.commit()
        self.addCleanup(self.commit)
        self.addCleanup(self.cr.execute, NO_COMMIT_TRIGGER)

    def test_a_deadlock_at_the_claim(self):
        """A claim that PostgreSQL ends to resolve a deadlock is made again at once."""
        job = self.submit(self.creates("claim", 2), chunk_size=1)
        runner = self.runner()
        runner.step()
        # the claim is to be the victim: it looks for a deadlock first
        runner.cr.execute("SET deadlock_timeout = '2s'")
        self.cr.execute("SET LOCAL deadlock_timeout = '60s'")
        self.cr.execute("SELECT FROM batch_job_chunk WHERE job_id = %s FOR UPDATE", [job.id])
        with mute_logger("odoo.sql_db"):
            claim = self.waiting(runner.pid, Runner(runner.env, 0).claim, keep=True)
            self.cr.execute("SELECT FROM batch_job WHERE id = %s FOR UPDATE", [job.id])
            self.renew()
            runner.work(claim.result(PATIENCE))
        self.run_to_end(job)
        self.assert_counters(job, "done", succeeded=2)

    def test_a_swallowed_conflict(self):
        """An operation that ignores a conflict does not end as done without its effect."""
        record = self.env[REPAIR].create({"name": "swallowed", "number": 1})
        self.commit()
        job = self.submit(
            [call(REPAIR, "write_swallowing", record.ids, number=5, before=GATE)],
        )
        self.step_with("UPDATE test_batch_repair SET number = 2 WHERE id = %s", record.id)
        self.assertEqual(job.chunk_ids.conflicts, 1)
        self.run_to_end(job)
        self.assert_counters(job, "done", succeeded=1)
        self.assertEqual(record.number, 5)

    def test_every_policy_begins_again(self):
        """A conflict is retried under every policy."""
        for policy in ("chunk", "stop", "all"):
            with self.subTest(policy=policy):
                items = self.items(policy, 2)
                gated = call(ITEM, "write_gated", items[0].ids, values={}, before=GATE)
                job = self.submit([gated, *self.increments(items)], policy=policy)
                self.step_with(self.DISTURB, items[1].id)
                self.assert_retried(job)
                self.assertEqual(items.mapped("value"), [1, 101])

    def test_execute_leaves_the_retry_to_odoo(self):
        """Inside an RPC call the whole call is done again: `execute` raises what Odoo retries."""
        items = self.items("execute", 1)
        other = self.runner()
        jobs = other.env["batch.job"].with_user(self.admin.id)
        gated = call(ITEM, "write_gated", items.ids, values={"value": 1}, before=GATE)
        with self.shut_gate():
            execute = self.waiting(other.pid, jobs.execute, [gated])
            self.cr.execute(self.DISTURB, items.ids)
            self.commit()
        with self.assertRaises(ConcurrencyError):
            execute.result(PATIENCE)

    def test_two_jobs_on_one_record(self):
        """Two jobs that write the same record at once both end done, one after a retry."""
        items = self.items("two jobs", 1)
        gated = call(ITEM, "write_gated", items.ids, values={"value": 5}, after=GATE)
        first, second = self.submit([gated]), self.submit(self.increments(items))
        self.one_waits_for_the_other(self.runner(0), self.runner(1))
        self.run_to_end(first, second)
        self.assert_counters(first, "done", succeeded=1)
        self.assert_counters(second, "done", succeeded=1)
        self.assertEqual(items.value, 6)
        self.assertEqual(second.chunk_ids.conflicts, 1)

    def test_two_jobs_on_the_same_records(self):
        """The same without any order: two runners, two jobs, ten records, every effect once."""
        items = self.items("crowd", 10)
        operations = self.increments(items) * 6
        jobs = [self.submit(operations, chunk_size=7) for _job in range(2)]
        self.work_at_once(self.runner(0), self.runner(1))
        self.run_to_end(*jobs)
        for job in jobs:
            self.assert_counters(job, "done", succeeded=60)
        self.assertEqual(items.mapped("value"), [12] * 10)

    def locked_record(self):
        """A record that another connection holds locked for the rest of the test."""
        records = self.env[REPAIR].create([{"name": f"locked {n}", "number": 0} for n in range(4)])
        self.commit()
        holder = self.runner()
        holder.cr.execute("SELECT FROM test_batch_repair WHERE id = %s FOR UPDATE", [records[2].id])
        return records

    def test_the_waiting_time(self):
        """After its first conflict a chunk waits 0.1 to 0.2 s; a job that keeps its order waits
        with it, one with parallel chunks goes on meanwhile."""
        records = self.locked_record()
        operations = [call(REPAIR, "lock_then_add", [record]) for record in records[2:].ids]
        for parallel, goes_on in ((1, False), (2, True)):
            with self.subTest(max_parallel=parallel):
                job = self.submit(operations, chunk_size=1, max_parallel=parallel)
                runner = self.runner()
                before = self.now()
                runner.step()
                after = self.now()
                waiting = self.ask("SELECT not_before FROM batch_job_chunk WHERE conflicts = 1")[0]
                self.assertGreaterEqual(waiting, before + timedelta(seconds=0.1))
                self.assertLessEqual(waiting, after + timedelta(seconds=0.2))
                self.put_back(job)
                claim = runner.claim()
                self.assertEqual(bool(claim), goes_on)
                if claim:
                    self.assertEqual(claim.first, 1)
                self.forget_jobs()

    def now(self):
        return self.ask("SELECT clock_timestamp() AT TIME ZONE 'UTC'")[0]

    def put_back(self, job, until="now() + interval '50 s'"):
        """Move the end of a wait, so that no test has to wait or to hurry."""
        self.renew()
        query = (
            f"UPDATE batch_job_chunk SET not_before = {until} WHERE job_id = %s AND conflicts > 0"
        )
        self.cr.execute(query, [job.id])
        self.commit()

    def test_a_conflict_that_persists(self):
        """After five tries the chunk is cut smaller; an operation that conflicts five times alone
        fails as conflict, with the reason; the others are done."""
        records = self.locked_record()
        job = self.submit([call(REPAIR, "lock_then_add", [record]) for record in records.ids])
        runner = self.runner()
        tries = 0
        while job.status()["remaining"]:
            tries += bool(runner.step())
            self.put_back(job, "NULL")
            self.assertLess(tries, 20)
        self.assertEqual(tries, 5 + 3 + 5)
        self.run_to_end(job)
        self.assert_counters(job, "partial", succeeded=3, failed=1)
        self.assertEqual(records.mapped("number"), [1, 1, 0, 1])
        error = self.outcomes(job)[2]["error"]
        self.assertEqual(error["type"], "conflict")
        self.assertRegex(error["message"], r"^It met a conflict 5 times: \w")

    def test_cancel_of_a_job_that_waits(self):
        """A job cancelled while it waits after a conflict ends at once."""
        records = self.locked_record()
        job = self.submit([call(REPAIR, "lock_then_add", records[2].ids)])
        self.runner().step()
        self.put_back(job)
        job.cancel()
        self.commit()
        self.run_to_end(job)
        self.assert_counters(job, "cancelled", skipped=1)
