import time
from unittest.mock import patch

from odoo import SUPERUSER_ID, api
from odoo.tests import tagged

from ..dispatch import runner as runner_module
from ..dispatch.slots import Slots
from ..execution.orm import key_locks
from ..execution.orm.key_locks import KeyLocks
from .key_cases import KEY, upsert
from .races import ITEM, PATIENCE
from .time_cases import TimeCase


@tagged("post_install", "-at_install")
class TestWaiting(TimeCase):
    """A runner that can do nothing for a moment, for chunks are put back, waits within its turn."""

    cleans = (ITEM, KEY)

    def put_back(self, seconds):
        """A job whose one chunk may not run before some seconds are over."""
        job = self.submit(self.creates("put back", 1))
        self.env["batch.job.chunk"]._cut(self.locked(job).row, 0, 0)
        self.locked(job).set(next_position=1)
        self.move(job, seconds)
        return job

    def move(self, job, seconds):
        self.cr.execute(
            "UPDATE batch_job_chunk SET not_before = clock_timestamp() AT TIME ZONE 'UTC'"
            " + %s * interval '1 s' WHERE job_id = %s",
            [seconds, job.id],
        )
        self.commit()

    def test_a_key_that_another_holds(self):
        """While somebody else holds its key, a job costs a run of the scheduled action or two, and
        not 25 a second; when the key is free, the same run does it."""
        job = self.submit([upsert("code", code="held", name="held")])
        holder = self.runner(1)
        operations = holder.env["batch.job.operation"]._pending(job.id, 0, 0)
        KeyLocks(holder.cr).take(holder.env, operations, 10)
        holder.cr.commit()
        self.startPatcher(patch.object(key_locks, "PATIENCE", "20ms"))
        before = self.progress_rows()
        work = self.in_background(self.run_actions_until_ended, job.id)
        query = "SELECT trouble FROM batch_job_chunk WHERE job_id = %s AND state = 'queued'"
        trouble = ("Another job is at work on records with the same keys.",)
        self.until(lambda: self.ask(query, job.id) == trouble, "the chunk is put back")
        holder.close()
        work.result(PATIENCE)
        self.renew()
        self.assert_counters(job, "done", succeeded=1)
        self.assertLessEqual(self.progress_rows() - before, 2)

    def progress_rows(self):
        """Each run of a scheduled action makes one."""
        return self.ask("SELECT count(*) FROM ir_cron_progress")[0]

    def run_actions_until_ended(self, job_id):
        """Be Odoo, and run the action of slot 0 as long as there is something to do."""
        with self.registry.cursor() as cr:
            slot = Slots(api.Environment(cr, SUPERUSER_ID, {})).slot(0)
            needs_runner = True
            while needs_runner:
                slot.method_direct_trigger()
                cr.commit()  # pylint: disable=invalid-commit  # as Odoo does after each
                cr.execute("SELECT needs_runner FROM batch_job WHERE id = %s", [job_id])
                (needs_runner,) = cr.fetchone()

    def test_new_work_comes_first(self):
        """A job that is submitted while a runner waits does not wait with it."""
        self.startPatcher(patch.object(runner_module, "SOON", 60))
        waiting = self.put_back(50)
        before = self.progress_rows()
        work = self.in_background(self.run_actions_until_ended, waiting.id)
        self.until(lambda: self.progress_rows() > before, "the runner has begun")
        # but the one that locks the scheduled action
        self.until(lambda: self.open_transactions() == 1, "it waits without a transaction")
        job = self.submit(self.creates("new", 1))
        query = "SELECT state FROM batch_job WHERE id = %s"
        self.until(lambda: self.ask(query, job.id) == ("done",), "the new job is done")
        self.assert_counters(waiting, "queued", remaining=1)
        self.move(waiting, 0)
        work.result(PATIENCE)
        self.renew()
        self.assert_counters(waiting, "done", succeeded=1)

    def open_transactions(self):
        """How many other sessions do nothing in an open transaction."""
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        return self.ask(f"{query} AND state = 'idle in transaction'")[0]

    def test_a_short_wait_is_waited_out(self):
        """What may run in a second is done in the turn that found it waiting."""
        job = self.put_back(1)
        self.run_action()
        self.assert_counters(job, "done", succeeded=1)

    def test_a_long_wait_is_not(self):
        """For a longer one the runner leaves, and is called for its time."""
        job = self.put_back(50)
        self.waiting_triggers().unlink()
        began = time.monotonic()
        self.run_action()
        self.assertLess(time.monotonic() - began, 4)
        self.assert_counters(job, "queued", remaining=1)
        (trigger,) = self.waiting_triggers()
        wait = (trigger.call_at - self.env.cr.now()).total_seconds()
        self.assertTrue(40 < wait <= 50, wait)
