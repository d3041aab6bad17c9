from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from ..dispatch.runner import Runner
from ..dispatch.stalled import Stalled
from .races import RaceCase


@tagged("post_install", "-at_install")
class TestEta(RaceCase):
    """A job begins soon after its time, although Odoo tells nobody that the time has come."""

    def with_eta(self, seconds, **options):
        eta = (fields.Datetime.now() + timedelta(seconds=seconds)).isoformat()
        return self.submit(self.creates(f"{self._testMethodName} {seconds}", 2), eta=eta, **options)

    def wait(self):
        self.renew()
        return Runner(self.env, 0).wait_of_next_eta()

    def test_a_runner_waits_for_a_near_eta(self):
        """In its turn it waits for the next job whose time is near, not for one that has begun."""
        self.assertIsNone(self.wait())
        self.with_eta(3600)
        self.assertIsNone(self.wait())
        near = self.with_eta(4)
        self.assertLess(timedelta(0), self.wait())
        self.assertLess(self.wait(), timedelta(seconds=5))
        self.cr.execute("UPDATE batch_job SET started_at = now() WHERE id = %s", [near.id])
        self.commit()
        self.assertIsNone(self.wait())

    def test_a_runner_at_work_calls_another(self):
        """Once for each time that is near: its own chunk may last longer."""
        self.with_eta(4)
        triggers = self.env["ir.cron.trigger"]
        triggers.search([]).unlink()
        runner = Runner(self.env, 0)
        called_for = runner._call_for_eta(None)
        self.assertTrue(triggers.search_count([("call_at", "<=", fields.Datetime.now())]))
        triggers.search([]).unlink()
        self.assertEqual(runner._call_for_eta(called_for), called_for)
        self.assertFalse(triggers.search_count([]))
        self.env.cr.rollback()

    def test_who_watches_wakes_an_idle_runner(self):
        """When the time has come, also while another runner is amid a chunk; not if all are."""
        jobs = [self.submit(self.creates(f"busy {n}", 1)) for n in range(2)]
        later, due = self.with_eta(3600), self.with_eta(-1)
        self.cr.execute("UPDATE batch_job SET priority = 20 WHERE id = %s", [due.id])
        self.commit()
        stalled = Stalled(self.env)
        self.runner(0).claim()
        self.renew()
        self.assertTrue(stalled.is_forgotten(due.sudo()))
        self.assertFalse(stalled.is_forgotten(later.sudo()))
        self.runner(1).claim()
        self.renew()
        self.assertFalse(stalled.is_forgotten(due.sudo()))
        self.assertEqual([job.status()["state"] for job in jobs], ["running"] * 2)

    def test_an_old_eta(self):
        """A time that has passed means now: for a retry, and for a dry run that is started for
        real. The status goes on to say it."""
        job = self.with_eta(-3600, dry_run=True)
        eta = job.status()["eta"]
        self.run_jobs()
        job.start()
        self.run_jobs()
        self.assert_counters(job, "done", succeeded=2)
        self.assertEqual((job.status()["dry_run"], job.status()["eta"]), (False, eta))
        again = self.submit([*self.creates("old", 1), *self.creates("old", 1)], eta=eta)
        self.run_jobs()
        again.eta = fields.Datetime.now() + timedelta(days=1)
        again.retry()
        self.run_jobs()
        self.assert_counters(again, "partial", succeeded=1, failed=1)
        self.assertEqual(again.chunk_ids.mapped("state"), ["done"] * 2)
