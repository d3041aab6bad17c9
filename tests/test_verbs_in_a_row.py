from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..dispatch.one_transaction import OneTransaction
from .races import ITEM, RaceCase

CLAIM_LOGGER = "odoo.addons.batch_job.dispatch.claim"


@tagged("post_install", "-at_install")
class TestVerbsInARow(RaceCase):
    """What a verb leaves behind must not mislead the next one."""

    cleans = ("test.batch.order", "test.batch.key", ITEM)

    def verb(self, job, name, **arguments):
        self.renew()
        status = getattr(job, name)(**arguments)
        self.commit()
        return status["state"]

    def values(self, items):
        self.renew()
        return items.mapped("value")

    def stopped(self, items):
        """A job of policy stop whose second operation failed; it would succeed now."""
        operations = self.increments(items)
        operations[1]["ids"] = [2**31 - 1]
        job = self.submit(operations, policy="stop", chunk_size=2)
        self.run_to_end(job)
        self.env.cr.execute(
            "UPDATE batch_job_operation SET payload = jsonb_set(payload, '{ids}', %s::jsonb)"
            " WHERE job_id = %s AND index = 1",
            [f"[{items[1].id}]", job.id],
        )
        self.commit()
        return job

    def test_a_retry_forgets_the_culprit(self):
        """Policy stop, cancel, retry, pause, resume: what was the culprit is not run once more."""
        items = self.items(self._testMethodName, 5)
        job = self.stopped(items)
        self.assert_counters(job, "paused", failed=1, remaining=4)
        self.verb(job, "cancel")
        self.verb(job, "retry", cancelled=True)
        self.runner().step()
        self.verb(job, "pause")
        self.run_to_end(job)
        self.verb(job, "resume")
        self.run_to_end(job)
        self.assert_counters(job, "done", succeeded=5)
        self.assertEqual(self.values(items), [1] * 5)

    def test_a_culprit_takes_its_rows_along(self):
        """Policy stop and a record of three rows: resume runs all of them again."""
        columns = ["id", "name", "partner_id/id", "line_ids/name"]
        rows = [["one", "", "base.main_partner", "a"], ["", "", "", "b"], ["", "", "", "c"]]
        load = {"op": "load", "model": "test.batch.order", "fields": columns}
        job = self.submit([{**load, "row": row} for row in rows], policy="stop")
        self.run_to_end(job)
        self.assert_counters(job, "paused", failed=3)
        self.env.cr.execute(
            "UPDATE batch_job_operation SET payload = jsonb_set(payload, '{row,1}', '\"One\"')"
            " WHERE job_id = %s AND index = 0",
            [job.id],
        )
        self.commit()
        self.verb(job, "resume")
        self.run_to_end(job)
        self.assert_counters(job, "done", succeeded=3)
        self.assertFalse(job.causes)
        order = self.env["test.batch.order"].search([("name", "=", "One")])
        self.assertEqual(order.line_ids.mapped("name"), ["a", "b", "c"])

    def test_a_retry_repeats_nothing_that_was_kept(self):
        """Policy all, cancelled when all had been committed: a retry has nothing to do."""
        items = self.items(self._testMethodName, 3)
        job = self.submit(self.increments(items), policy="all")
        self.runner().step()
        self.verb(job, "cancel")
        self.run_to_end(job)
        self.assert_counters(job, "cancelled", succeeded=3)
        self.verb(job, "retry")
        self.run_to_end(job)
        self.assert_counters(job, "cancelled", succeeded=3)
        self.assertEqual(self.values(items), [1] * 3)

    def test_a_pause_is_not_part_of_the_rate(self):
        """A job that lay still for an hour goes on at the rate of its operations."""
        job = self.submit(self.creates(self._testMethodName, 4), chunk_size=2)
        self.runner().step()
        self.verb(job, "pause")
        self.run_jobs()
        an_hour_ago = "last_folded_at - interval '1 hour'"
        self.cr.execute(f"UPDATE batch_job SET last_folded_at = {an_hour_ago}")
        self.commit()
        self.verb(job, "resume")
        self.run_to_end(job)
        self.assertGreater(job.rate, 1)

    def test_a_cancelled_draft_is_not_retried(self):
        """A client that could not send all of it has cancelled it: half of it is nobody's wish."""
        job = self.submit(self.creates(self._testMethodName, 2), start=False)
        self.verb(job, "cancel")
        for cancelled in (False, True):
            with self.assertRaisesRegex(UserError, "cancelled before it was started"):
                job.retry(cancelled=cancelled)
            self.renew()
        self.assert_counters(job, "cancelled", skipped=2)

    def test_a_dry_run_is_repeated_in_one_transaction(self):
        """Also when it has references and would be parallel."""
        operations = self.creates(self._testMethodName, 3)
        operations[0]["ref"] = "first"
        operations[1] = {"op": "write", "model": ITEM, "ids": [{"$ref": "first"}], "values": {}}
        operations[2]["values"] = {"nothing": 1}
        job = self.submit(operations, max_parallel=2, dry_run=True)
        for _time in range(2):
            self.run_to_end(job)
            self.assert_counters(job, "partial", succeeded=2, failed=1)
            self.verb(job, "retry")
        self.run_to_end(job)

    def test_a_dry_run_without_operations_is_not_started(self):
        """They were deleted after their time: it would end as done, and nothing would be."""
        job = self.submit(self.creates(self._testMethodName, 2), dry_run=True)
        self.run_to_end(job)
        self.cr.execute("DELETE FROM batch_job_operation WHERE job_id = %s", [job.id])
        self.commit()
        with self.assertRaisesRegex(UserError, "have been deleted since; submit them anew"):
            job.start()
        self.renew()
        self.assert_counters(job, "done", succeeded=2)

    def test_a_cancel_does_not_wait_for_the_eta(self):
        """The eta was moved to later while a chunk was at work: a cancel is closed at once."""
        job = self.submit(self.creates(self._testMethodName, 4), chunk_size=2)
        runner = self.runner()
        claim = runner.claim()
        self.renew()
        job.write({"eta": "2099-01-01 00:00:00"})
        self.commit()
        self.verb(job, "cancel")
        runner.work(claim)
        self.run_jobs()
        self.assert_counters(job, "cancelled", succeeded=2, skipped=2)
        self.assertFalse(job.needs_runner)

    def test_a_job_at_work_is_not_deleted(self):
        """Cancelled, but its chunk has not landed: the deletion would wait for the work, and under
        policy all the work for the deletion."""
        job = self.submit(self.creates(self._testMethodName, 2), policy="all")
        runner = self.runner()
        claim = runner.claim()
        self.verb(job, "cancel")
        with self.assertRaisesRegex(UserError, "has not landed yet; delete it in a moment"):
            job.unlink()
        self.renew()
        runner.work(claim)
        self.run_to_end(job)
        job.unlink()
        self.commit()

    def test_one_transaction_waits_for_nobody(self):
        """Who holds the job's row may wait for a record that policy all has changed: PostgreSQL
        sees no circle in that, so the step goes on without telling its position."""
        job = self.submit(self.creates(self._testMethodName, 2), policy="all")
        steps = OneTransaction._before_step
        with self.registry.cursor() as holder:

            def before_step(self, side, *arguments):
                side.execute("SET LOCAL lock_timeout = '2s'")
                steps(self, side, *arguments)

            runner = self.runner()
            claim = runner.claim()
            holder.execute("SELECT FROM batch_job WHERE id = %s FOR UPDATE", [job.id])
            with patch.object(OneTransaction, "_before_step", before_step):
                runner.work(claim)
        self.run_to_end(job)
        self.assert_counters(job, "done", succeeded=2)
        self.assertEqual(job.chunk_ids.mapped("attempt"), [1])

    def test_a_language_that_is_none_stops_no_other(self):
        """Whatever a job's context holds, the jobs of others go on."""
        broken = self.submit(self.creates(f"{self._testMethodName} a", 1))
        good = self.submit(self.creates(f"{self._testMethodName} b", 1))
        query = 'UPDATE batch_job SET run_context = \'{"lang": ["x"]}\' WHERE id = %s'
        self.cr.execute(query, [broken.id])
        self.commit()
        self.run_jobs()
        self.assert_counters(good, "done", succeeded=1)
        self.run_to_end(broken)
        self.assert_counters(broken, "done", succeeded=1)

    def test_one_broken_job_stops_no_other(self):
        """A claim that fails on a job, whatever the reason, sets it aside and goes on."""
        broken = self.submit(self.creates(f"{self._testMethodName} a", 1))
        good = self.submit(self.creates(f"{self._testMethodName} b", 1))
        self.cr.execute("UPDATE batch_job SET cause_counts = '[1]' WHERE id = %s", [broken.id])
        self.commit()
        with self.assertLogs(CLAIM_LOGGER, "ERROR") as logged:
            self.run_jobs()
        self.assertIn(f"job {broken.id} is set aside: TypeError", logged.output[0])
        self.assert_counters(good, "done", succeeded=1)
        status = broken.status()
        self.assertEqual(status["state"], "paused")
        self.assertEqual(status["error"], "The server could not go on with it: TypeError.")

    def test_records_that_are_not_stored_have_no_ids(self):
        """A method may give new records; the outcome names none, and is kept."""
        call = {"op": "call", "model": ITEM, "method": "give_new"}
        job = self.submit([call, *self.creates(self._testMethodName, 1)])
        self.run_to_end(job)
        self.assert_counters(job, "done", succeeded=2)
        self.assertEqual(self.outcomes(job)[0]["ids"], [])

    def test_a_model_that_is_gone(self):
        """Its app was uninstalled while the job waited: its operations fail at once, one by one."""
        job = self.submit(self.creates(self._testMethodName, 30))
        self.cr.execute(
            "UPDATE batch_job_operation SET model = 'gone.model'"
            " WHERE job_id = %s AND index IN (3, 29)",
            [job.id],
        )
        self.commit()
        self.run_jobs()
        self.assert_counters(job, "partial", succeeded=28, failed=2)
        self.assertEqual(
            self.outcomes(job)[29]["error"],
            {
                "type": "error",
                "message": "The model gone.model does not exist any more.",
                "field": None,
            },
        )

    def test_nobody_tries_passwords(self):
        """Outside of a request Odoo does not slow down who guesses."""
        call = {"op": "call", "model": "res.users", "method": "authenticate"}
        with self.assertRaisesRegex(
            UserError, "res.users.authenticate cannot be called by a batch"
        ):
            self.submit([call])

    def test_rows_of_a_record_in_two_parts(self):
        """With parallel chunks a record that waits for others takes its later rows along."""
        name = self._testMethodName
        columns = ["id", "name", "parent_id/id", "child_ids/name"]
        rows = [[f"x.{name}", name, "", ""], ["", f"{name} 1", f"x.{name}", "a"], ["", "", "", "b"]]
        load = {"op": "load", "model": "test.batch.key", "fields": columns}
        operations = [{**load, "row": row} for row in rows]
        job = self.submit([], max_parallel=2, start=False)
        job.append(operations[:2], 0)
        job.append(operations[2:], 1)
        self.commit()
        self.verb(job, "start")
        self.run_to_end(job)
        self.assert_counters(job, "done", succeeded=3)
        record = self.env["test.batch.key"].search([("name", "=", f"{name} 1")])
        self.assertEqual(record.child_ids.mapped("name"), ["b", "a"])
